// Lists and single views of webhooks, jobs and keys.
#include "storage/list_rules.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay::postgres_queries {

namespace {

/// $1 organization, $2 below, $3 one more than the page holds, to know whether there are more.
PgStatement page_statement(const std::string& sql, OrganizationId org, PageRequest page) {
  PgStatement statement{sql.c_str(), {}};
  statement.params.add(org.value).add(below(page)).add(static_cast<std::int64_t>(page.limit) + 1);
  return statement;
}

template <class Row, class Read>
Page<Row> page_of(const PgRows& rows, std::size_t limit, const Read& read) {
  Page<Row> page;
  for (int row = 0; row < rows.size() && page.rows.size() < limit; ++row) page.rows.push_back(read(rows, row, 0));
  if (static_cast<std::size_t>(rows.size()) > limit) page.next = rows.integer(static_cast<int>(limit) - 1, 0);
  return page;
}

}  // namespace

Awaitable<Result<Page<WebhookPtr>>> list_webhooks(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect = std::string("SELECT ") + kPgWebhookColumns +
                                     " FROM webhooks w WHERE w.organization_id = $1 AND NOT w.deleted AND w.id < $2"
                                     " ORDER BY w.id DESC LIMIT $3";
  PgStatement statement = page_statement(kSelect, org, page);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return page_of<WebhookPtr>(*rows, page.limit, webhook_from_row);
}

Awaitable<Result<WebhookPtr>> get_webhook(PgRead read, OrganizationId org, WebhookId id) {
  PgStatement statement = select_webhook(org, id);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  WebhookPtr webhook = selected_webhook(*rows);
  if (!webhook) co_return Error{ErrorCode::kNotFound, "No such webhook", {}};
  co_return webhook;
}

Awaitable<Result<Page<JobRow>>> list_jobs(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect =
      std::string("SELECT ") + kPgJobColumns +
      " FROM jobs j WHERE j.organization_id = $1 AND j.id < $2 ORDER BY j.id DESC LIMIT $3";
  PgStatement statement = page_statement(kSelect, org, page);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return page_of<JobRow>(*rows, page.limit, job_from_row);
}

Awaitable<Result<JobRow>> get_job(PgRead read, OrganizationId org, JobId id) {
  PgStatement statement = select_job(org, id);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  auto job = selected_job(*rows);
  if (!job) co_return Error{ErrorCode::kNotFound, "No such job", {}};
  co_return std::move(*job);
}

Awaitable<Result<Page<ApiKey>>> list_api_keys(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect =
      std::string("SELECT ") + kPgKeyColumns +
      " FROM api_keys k WHERE k.organization_id = $1 AND NOT k.deleted AND k.id < $2 ORDER BY k.id DESC LIMIT $3";
  PgStatement statement = page_statement(kSelect, org, page);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return page_of<ApiKey>(*rows, page.limit, api_key_from_row);
}

}  // namespace eventrelay::postgres_queries
