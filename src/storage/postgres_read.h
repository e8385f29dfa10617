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

/// Of a list by ids. $1 organization, $2 below, $3 one more than the page holds, to know whether there are more. sql:
/// as PgStatement's.
PgStatement page_statement(const std::string& sql, OrganizationId org, PageRequest page);
/// statement: a page_statement(). from_row: a row, from its first column on, which is its id.
template <class Row, class FromRow>
Awaitable<Result<Page<Row>>> read_page(PgRead read, PgStatement statement, std::size_t limit, FromRow from_row) {
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  Page<Row> page;
  for (int row = 0; row < rows->size() && page.rows.size() < limit; ++row) page.rows.push_back(from_row(*rows, row, 0));
  if (static_cast<std::size_t>(rows->size()) > limit) page.next = rows->integer(static_cast<int>(limit) - 1, 0);
  co_return page;
}

}  // namespace eventrelay
