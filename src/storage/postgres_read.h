// How a read runs: one statement or one snapshot in one round trip, and what its faults mean. For the reads' own files.
#pragma once
#include "storage/postgres_queries.h"

namespace eventrelay {

/// kTimeout where the server cancelled the statement or the deadline has passed, else kUnavailable.
Error read_error(const PgFault& fault, PgConnection::Deadline deadline);

Awaitable<Result<PgRows>> read_rows(PgRead read, PgStatement statement);
/// A list's statement. A page takes a few of the candidates that the text allows, which the planner cannot know: it is
/// told to follow an index's order and not to sort what it finds otherwise, and to plan for the bounds given.
Awaitable<Result<PgRows>> read_list(PgRead read, PgStatement statement);
/// Of all statements the same snapshot; the rows of each, in order. Not inside a transaction.
Awaitable<Result<PgConnection::Rows>> read_snapshot(PgRead read, std::vector<PgStatement> statements);

}  // namespace eventrelay
