#include "storage/postgres_read.h"

#include "base/log.h"
#include "storage/list_rules.h"
#include "storage/store_errors.h"

namespace eventrelay {

Error read_error(const PgFault& fault, PgConnection::Deadline deadline) {
  const bool is_past = fault.sqlstate.empty() && std::chrono::steady_clock::now() >= deadline;
  if (is_past || fault.sqlstate == pg_state::kCanceled)
    return Error{ErrorCode::kTimeout, "The query took too long; narrow the filters", {}};
  spdlog::error("a query failed: {} {}", fault.sqlstate, fault.error.message);
  return cannot_answer_now();
}

Awaitable<Result<PgRows>> read_rows(PgRead read, PgStatement statement) {
  std::vector<PgStatement> batch;
  batch.push_back(std::move(statement));
  auto rows = co_await read.db.run(std::move(batch), read.deadline);
  if (!rows) co_return read_error(rows.error(), read.deadline);
  co_return std::move(rows->front());
}

Awaitable<Result<PgRows>> read_list(PgRead read, PgStatement statement) {
  std::vector<PgStatement> statements;
  statements.push_back(
      {"SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),"
       " set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true),"
       " set_config('max_parallel_workers_per_gather', '0', true)",
       {}});
  statements.push_back(std::move(statement));
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  co_return std::move(rows->back());
}

Awaitable<Result<PgConnection::Rows>> read_snapshot(PgRead read, std::vector<PgStatement> statements) {
  statements.insert(statements.begin(), PgStatement{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}});
  statements.push_back(PgStatement{"COMMIT", {}});
  auto rows = co_await read.db.run(std::move(statements), read.deadline);
  if (!rows) co_return read_error(rows.error(), read.deadline);
  rows->erase(rows->begin());
  rows->pop_back();
  co_return std::move(*rows);
}

PgStatement page_statement(const std::string& sql, OrganizationId org, PageRequest page) {
  PgStatement statement{sql.c_str(), {}};
  statement.params.add(org.value).add(below(page)).add(static_cast<std::int64_t>(page.limit) + 1);
  return statement;
}

}  // namespace eventrelay
