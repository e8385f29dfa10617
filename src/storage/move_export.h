// Writes all of an embedded installation into one file (storage/move_file.h). Blocks; one thread.
#pragma once
#include <string>

#include "base/result.h"
#include "storage/move_tables.h"

namespace eventrelay {

/// Changes nothing in the data directory, whose lock it holds meanwhile. file: must not exist; it appears under its
/// name when it is whole. "-": standard output. Returns the rows of each table. Errors: a sentence for the operator; no
/// file is left.
Result<MoveCounts> export_sqlite(const std::string& data_dir, const std::string& file, const MoveReport& report);

}  // namespace eventrelay
