// Takes an export (storage/move_file.h) into a PostgreSQL database. Blocks; one thread.
#pragma once
#include <string>

#include "base/result.h"
#include "storage/move_tables.h"

namespace eventrelay {

struct ImportSummary {
  MoveCounts in_file{};
  MoveCounts in_database{};
  bool was_done = false;  ///< by an earlier call: nothing was looked at, in_database is empty
  bool matches() const { return in_file == in_database; }
};

/// Checks all of the file, brings the schema up, copies row for row in transactions that keep how far they are, counts.
/// The database has no events yet and nobody works on it, or holds a part of this file, which is gone on with: a stop
/// at any point repeats and leaves out nothing. It is done if the counts match: before that no process takes the
/// database for its store. Errors: a sentence for the operator; what was copied stays, for the next call.
Result<ImportSummary> import_postgres(const std::string& url, const std::string& file, const MoveReport& report);

}  // namespace eventrelay
