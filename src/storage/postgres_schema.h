// The schema's version, and the registration of a process. Used while a store is opened, by one thread; blocks.
#pragma once
#include <optional>
#include <string>

#include "base/result.h"

namespace eventrelay {

/// Whether the database may hold a part of an import (storage/move_import.h).
enum class StartedImport { kRefuse, kGoOn };

/// The schema's version after it. Several processes may call it at once, and older ones may be serving: one migrates,
/// the others wait, up to a minute. apply false: refuses an older schema. A schema that says it is not for this version
/// any more is always refused. retention_days: of a process that is about to serve; what it will write into is made,
/// and as wide as these days ask for. Nothing: no partitions are made. Errors: a sentence for the operator.
Result<int> bring_postgres_schema_up(const std::string& url, bool apply, StartedImport import = StartedImport::kRefuse,
                                     std::optional<int> retention_days = std::nullopt);

}  // namespace eventrelay
