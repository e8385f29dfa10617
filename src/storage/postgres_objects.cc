// Lists and single views of webhooks, jobs and keys.
#include "storage/list_rules.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay::postgres_queries {

Awaitable<Result<Page<WebhookPtr>>> list_webhooks(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect = std::string("SELECT ") + kPgWebhookColumns +
                                     " FROM webhooks w WHERE w.organization_id = $1 AND NOT w.deleted AND w.id < $2"
                                     " ORDER BY w.id DESC LIMIT $3";
  return read_page<WebhookPtr>(read, page_statement(kSelect, org, page), page.limit, webhook_from_row);
}

Awaitable<Result<WebhookPtr>> get_webhook(PgRead read, OrganizationId org, WebhookId id) {
  PgStatement statement = select_webhook(org, id);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  WebhookPtr webhook = selected_webhook(*rows);
  if (!webhook) co_return no_such("webhook");
  co_return webhook;
}

Awaitable<Result<Page<JobRow>>> list_jobs(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect =
      std::string("SELECT ") + kPgJobColumns +
      " FROM jobs j WHERE j.organization_id = $1 AND j.id < $2 ORDER BY j.id DESC LIMIT $3";
  return read_page<JobRow>(read, page_statement(kSelect, org, page), page.limit, job_from_row);
}

Awaitable<Result<JobRow>> get_job(PgRead read, OrganizationId org, JobId id) {
  PgStatement statement = select_job(org, id);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  auto job = selected_job(*rows);
  if (!job) co_return no_such("job");
  co_return std::move(*job);
}

Awaitable<Result<Page<ApiKey>>> list_api_keys(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect =
      std::string("SELECT ") + kPgKeyColumns +
      " FROM api_keys k WHERE k.organization_id = $1 AND NOT k.deleted AND k.id < $2 ORDER BY k.id DESC LIMIT $3";
  return read_page<ApiKey>(read, page_statement(kSelect, org, page), page.limit, api_key_from_row);
}

}  // namespace eventrelay::postgres_queries
