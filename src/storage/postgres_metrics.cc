// Reports of what is counted: rollups, and the notes that are not folded yet.
#include "storage/metrics_report.h"
#include "storage/postgres_read.h"

namespace eventrelay::postgres_queries {

namespace {

// Minute by minute along the primary key, whatever the planner believes of tables that change all the time; and what is
// counted up to a limit in the order of its index: a bitmap would be made of all rows first.
constexpr const char* kPlan =
    "SELECT set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true),"
    " set_config('enable_bitmapscan', 'off', true)";

// $1 organization, $2 first minute, $3 end, $4 minutes a rollup, $5 webhook.
constexpr const char* kRollupsOfOne =
    "SELECT r.minute, r.events, r.unmatched, r.deliveries, r.attempts, r.succeeded, r.failed_attempts, r.retries,"
    " r.dead, r.cancelled, r.latency FROM generate_series($2, $3 - 1, $4) AS t(minute)"
    " CROSS JOIN LATERAL (SELECT * FROM rollups r WHERE r.span = $4 AND r.minute = t.minute AND r.organization_id = $1"
    " AND r.webhook_id = $5 LIMIT 1) r";
constexpr const char* kCountsOfOne =
    "SELECT n.minute, c.kind, sum(c.count)::bigint FROM count_notes n"
    " CROSS JOIN LATERAL unnest(n.webhooks, n.kinds, n.counts) AS c(webhook, kind, count)"
    " WHERE n.organization_id = $1 AND n.minute >= $2 AND n.minute < $3 AND ($5 = 0 OR c.webhook = $5) GROUP BY 1, 2";
constexpr const char* kGauges =
    "SELECT coalesce(sum(pending), 0)::bigint, coalesce(sum(dead), 0)::bigint FROM gauges WHERE organization_id = $1";
// $1 organization, $2 webhook, $3 up to which is counted.
constexpr const char* kGaugesOfWebhook =
    "SELECT (SELECT count(*) FROM (SELECT FROM deliveries d WHERE d.partition = w.partition AND d.webhook_id = w.id"
    " AND d.state = 0 ORDER BY d.sort_at_ms, d.id LIMIT $3) p), (SELECT count(*) FROM (SELECT FROM deliveries d"
    " WHERE d.webhook_id = w.id AND d.state = 2 ORDER BY d.ended_id LIMIT $3) q)"
    " FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2";

// The same parameters. Latencies are added up here: they are most of it.
constexpr const char* kRollupsOfWebhooks =
    "WITH r AS MATERIALIZED (SELECT r.* FROM generate_series($2, $3 - 1, $4) AS t(minute) CROSS JOIN LATERAL ("
    "SELECT r.webhook_id, r.attempts, r.succeeded, r.failed_attempts, r.dead, r.latency FROM rollups r"
    " WHERE r.span = $4 AND r.minute = t.minute AND r.organization_id = $1 AND r.webhook_id > 0 OFFSET 0) r),"
    " buckets AS (SELECT webhook_id, x >> 32 AS bucket, sum(x & 4294967295)::bigint AS n FROM r, unnest(r.latency) x"
    " GROUP BY 1, 2),"
    " latencies AS (SELECT webhook_id, array_agg(bucket << 32 | n) AS latency FROM buckets GROUP BY 1)"
    " SELECT s.*, l.latency FROM (SELECT webhook_id, sum(attempts)::bigint, sum(succeeded)::bigint,"
    " sum(failed_attempts)::bigint, sum(dead)::bigint FROM r GROUP BY 1) s LEFT JOIN latencies l USING (webhook_id)";
constexpr const char* kCountsOfWebhooks =
    "SELECT c.webhook, c.kind, sum(c.count)::bigint FROM count_notes n"
    " CROSS JOIN LATERAL unnest(n.webhooks, n.kinds, n.counts) AS c(webhook, kind, count)"
    " WHERE n.organization_id = $1 AND n.minute >= $2 AND n.minute < $3 AND c.webhook <> 0 GROUP BY 1, 2";

PgStatement of_range(const char* sql, OrganizationId org, const RollupRange& range, WebhookId webhook) {
  PgStatement statement{sql, {}};
  statement.params.add(org.value).add(range.first).add(range.end).add(range.span).add(webhook.value);
  return statement;
}

/// Elements of rollups.latency: a bucket above 32 bits of a count.
void add_latency(LatencyHistogram& sum, const PgRows& rows, int row, int column) {
  for (const std::int64_t pair : rows.integers(row, column)) {
    const auto bucket = static_cast<std::size_t>(pair >> 32);
    sum.add(std::min(bucket, LatencyHistogram::kBuckets - 1), static_cast<std::uint32_t>(pair));
  }
}

void add_count(Rollup& sum, const PgRows& rows, int row) {
  sum.add(static_cast<CountKind>(rows.integer(row, 1)), rows.integer(row, 2));
}

}  // namespace

Awaitable<Result<MetricsReport>> metrics(PgRead read, OrganizationId org, MetricsWindow window,
                                         std::optional<WebhookId> webhook, WallTime now) {
  MetricsReportBuilder builder(window, now);
  const WebhookId of = webhook.value_or(kWholeOrganization);
  PgStatement gauges{webhook ? kGaugesOfWebhook : kGauges, {}};
  gauges.params.add(org.value);
  if (webhook) gauges.params.add(webhook->value).add(std::int64_t{kRowsExaminedMax});
  std::vector<PgStatement> statements;
  statements.push_back({kPlan, {}});
  statements.push_back(of_range(kRollupsOfOne, org, builder.range(), of));
  statements.push_back(of_range(kCountsOfOne, org, builder.range(), of));
  statements.push_back(std::move(gauges));
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  const PgRows& rollups = rows->at(1);
  for (int row = 0; row < rollups.size(); ++row) {
    Rollup& point = builder.at(rollups.integer(row, 0));
    Counters counters;
    for (int i = 0; i < kCounterColumns; ++i)
      counters.*kCounters[static_cast<std::size_t>(i)] = rollups.integer(row, 1 + i);
    point.add(counters);
    add_latency(point.latency, rollups, row, 1 + kCounterColumns);
  }
  const PgRows& counts = rows->at(2);
  for (int row = 0; row < counts.size(); ++row) add_count(builder.at(counts.integer(row, 0)), counts, row);
  MetricsReport report = builder.take();
  if (rows->at(3).empty()) co_return report;
  report.pending = rows->at(3).integer(0, 0);
  report.dlq = rows->at(3).integer(0, 1);
  co_return report;
}

Awaitable<Result<std::vector<WebhookCounts>>> webhook_counts(PgRead read, OrganizationId org, MetricsWindow window,
                                                             WallTime now) {
  WebhookCountsBuilder builder(window, now);
  PgStatement webhooks{"SELECT id FROM webhooks WHERE organization_id = $1 AND NOT deleted", {}};
  webhooks.params.add(org.value);
  std::vector<PgStatement> statements;
  statements.push_back({kPlan, {}});
  statements.push_back(std::move(webhooks));
  statements.push_back(of_range(kRollupsOfWebhooks, org, builder.range(), kWholeOrganization));
  statements.push_back(of_range(kCountsOfWebhooks, org, builder.range(), kWholeOrganization));
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  for (int row = 0; row < rows->at(1).size(); ++row) builder.add_webhook(WebhookId{rows->at(1).integer(row, 0)});
  const PgRows& sums = rows->at(2);
  for (int row = 0; row < sums.size(); ++row) {
    Rollup* const sum = builder.find(WebhookId{sums.integer(row, 0)});
    if (!sum) continue;
    Counters counters;
    counters.attempts = sums.integer(row, 1);
    counters.succeeded = sums.integer(row, 2);
    counters.failed_attempts = sums.integer(row, 3);
    counters.dead = sums.integer(row, 4);
    sum->add(counters);
    if (!sums.is_null(row, 5)) add_latency(sum->latency, sums, row, 5);
  }
  const PgRows& counts = rows->at(3);
  for (int row = 0; row < counts.size(); ++row)
    if (Rollup* sum = builder.find(WebhookId{counts.integer(row, 0)})) add_count(*sum, counts, row);
  co_return builder.take();
}

}  // namespace eventrelay::postgres_queries
