// Lists and single views of webhooks, jobs and keys; the metrics' report.
#include <algorithm>

#include "storage/list_rules.h"
#include "storage/metrics_report.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay::postgres_queries {

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
  if (!webhook) co_return no_such("webhook");
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
  if (!job) co_return no_such("job");
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

// ---- Metrics -----------------------------------------------------------------------------------------------------

namespace {

/// $1 organization, $2 first minute, $3 end, $4 minutes a point.
std::vector<PgStatement> metrics_statements(OrganizationId org, const MetricsReportBuilder& report) {
  std::vector<PgStatement> statements;
  statements.push_back(
      {"SELECT $2 + (minute - $2) / $4 * $4 AS point, sum(events)::bigint, sum(unmatched)::bigint,"
       " sum(deliveries)::bigint, sum(attempts)::bigint, sum(succeeded)::bigint, sum(failed_attempts)::bigint,"
       " sum(retries)::bigint, sum(dead)::bigint, sum(cancelled)::bigint FROM metrics_minutes"
       " WHERE organization_id = $1 AND minute >= $2 AND minute < $3 GROUP BY point",
       {}});
  statements.push_back(
      {"SELECT $2 + (minute - $2) / $4 * $4 AS point, bucket, sum(count)::bigint FROM latency_minutes"
       " WHERE organization_id = $1 AND minute >= $2 AND minute < $3 GROUP BY point, bucket",
       {}});
  for (PgStatement& statement : statements)
    statement.params.add(org.value).add(report.first_minute()).add(report.end_minute()).add(report.step_minutes());
  PgStatement gauges{
      "SELECT coalesce(sum(pending), 0)::bigint, coalesce(sum(dead), 0)::bigint FROM gauges WHERE organization_id = $1",
      {}};
  gauges.params.add(org.value);
  statements.push_back(std::move(gauges));
  return statements;
}

Counters counters_from_row(const PgRows& rows, int row, int at) {
  const auto next = [&] { return rows.integer(row, at++); };
  Counters counters;
  for (std::int64_t* counter :
       {&counters.events, &counters.unmatched, &counters.deliveries, &counters.attempts, &counters.succeeded,
        &counters.failed_attempts, &counters.retries, &counters.dead, &counters.cancelled})
    *counter = next();
  return counters;
}

}  // namespace

Awaitable<Result<MetricsReport>> metrics(PgRead read, OrganizationId org, MetricsWindow window, WallTime now) {
  MetricsReportBuilder report(window, now);
  std::vector<PgStatement> statements = metrics_statements(org, report);
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  const PgRows& minutes = rows->at(0);
  for (int row = 0; row < minutes.size(); ++row)
    report.add(minutes.integer(row, 0), counters_from_row(minutes, row, 1));
  const PgRows& latencies = rows->at(1);
  for (int row = 0; row < latencies.size(); ++row) {
    const auto bucket = static_cast<std::size_t>(latencies.integer(row, 1));
    report.latency(latencies.integer(row, 0))
        .add(std::min(bucket, LatencyHistogram::kBuckets - 1), static_cast<std::uint32_t>(latencies.integer(row, 2)));
  }
  MetricsReport out = report.take();
  out.pending = rows->at(2).integer(0, 0);
  out.dlq = rows->at(2).integer(0, 1);
  co_return out;
}

}  // namespace eventrelay::postgres_queries
