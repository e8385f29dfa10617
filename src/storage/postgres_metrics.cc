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
// $1 organization, $2 first minute, $3 end.
constexpr const char* kNotes =
    "SELECT webhooks, kinds, counts FROM count_notes WHERE organization_id = $1 AND minute >= $2 AND minute < $3";
constexpr const char* kGauges =
    "SELECT coalesce(sum(pending), 0)::bigint, coalesce(sum(dead), 0)::bigint FROM gauges WHERE organization_id = $1";
// $1 organization, $2 webhook, $3 up to which is counted.
constexpr const char* kGaugesOfWebhook =
    "SELECT (SELECT count(*) FROM (SELECT FROM deliveries d WHERE d.partition = w.partition AND d.webhook_id = w.id"
    " AND d.state = 0 ORDER BY d.sort_at_ms, d.id LIMIT $3) p), (SELECT count(*) FROM (SELECT FROM deliveries d"
    " WHERE d.webhook_id = w.id AND d.state = 2 ORDER BY d.ended_id LIMIT $3) q)"
    " FROM webhooks w WHERE w.organization_id = $1 AND w.id = $2";

// $1 organization; of each range: $2 minutes a rollup, $3 first minute, $4 end, $5 1 where it is added, -1 where it is
// subtracted. Latencies one after the other are their sum.
constexpr const char* kRollupsOfWebhooks =
    "SELECT r.webhook_id, sum(p.sign * r.attempts)::bigint, sum(p.sign * r.succeeded)::bigint,"
    " sum(p.sign * r.failed_attempts)::bigint, sum(p.sign * r.dead)::bigint,"
    " string_agg(r.latency, '') FILTER (WHERE p.sign > 0), string_agg(r.latency, '') FILTER (WHERE p.sign < 0)"
    " FROM unnest($2, $3, $4, $5) AS p(span, first, after, sign)"
    " CROSS JOIN LATERAL generate_series(p.first, p.after - 1, p.span) AS t(minute)"
    " CROSS JOIN LATERAL (SELECT r.webhook_id, r.attempts, r.succeeded, r.failed_attempts, r.dead, r.latency"
    " FROM rollups r WHERE r.span = p.span AND r.minute = t.minute AND r.organization_id = $1 AND r.webhook_id > 0"
    " OFFSET 0) r GROUP BY 1";

PgStatement notes_of(OrganizationId org, const RollupRange& range) {
  PgStatement statement{kNotes, {}};
  statement.params.add(org.value).add(range.first).add(range.end);
  return statement;
}

PgStatement of_one(const char* sql, OrganizationId org, const RollupRange& range, WebhookId webhook) {
  PgStatement statement{sql, {}};
  statement.params.add(org.value).add(range.first).add(range.end).add(range.span).add(webhook.value);
  return statement;
}

PgStatement rollups_of_webhooks(OrganizationId org, const std::vector<RollupRange>& ranges) {
  std::vector<std::int64_t> spans, firsts, ends, signs;
  for (const RollupRange& range : ranges) {
    spans.push_back(range.span);
    firsts.push_back(range.first);
    ends.push_back(range.end);
    signs.push_back(range.sign);
  }
  PgStatement statement{kRollupsOfWebhooks, {}};
  statement.params.add(org.value);
  for (const auto& column : {spans, firsts, ends, signs})
    statement.params.add_array(std::span<const std::int64_t>(column));
  return statement;
}

/// visit(WebhookId, CountKind, count): of the notes.
template <class Visit>
void each_count(const PgRows& notes, const Visit& visit) {
  for (int row = 0; row < notes.size(); ++row) {
    const auto webhooks = notes.integers(row, 0);
    const auto kinds = notes.integers(row, 1);
    const auto counts = notes.integers(row, 2);
    for (std::size_t i = 0; i < webhooks.size(); ++i)
      visit(WebhookId{webhooks[i]}, static_cast<CountKind>(kinds[i]), counts[i]);
  }
}

}  // namespace

Awaitable<Result<MetricsReport>> metrics(PgRead read, OrganizationId org, MetricsWindow window,
                                         std::optional<WebhookId> webhook, WallTime now) {
  MetricsReportBuilder builder(window, now);
  PgStatement gauges{webhook ? kGaugesOfWebhook : kGauges, {}};
  gauges.params.add(org.value);
  if (webhook) gauges.params.add(webhook->value).add(std::int64_t{kRowsExaminedMax});
  std::vector<PgStatement> statements;
  statements.push_back({kPlan, {}});
  const WebhookId of = webhook.value_or(kWholeOrganization);
  statements.push_back(of_one(kRollupsOfOne, org, builder.range(), of));
  statements.push_back(of_one(kCountsOfOne, org, builder.range(), of));
  statements.push_back(std::move(gauges));
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  const PgRows& rollups = rows->at(1);
  for (int row = 0; row < rollups.size(); ++row) {
    Rollup& point = builder.at(rollups.integer(row, 0));
    for (int i = 0; i < kCounterColumns; ++i)
      point.counters.*kCounters[static_cast<std::size_t>(i)] += rollups.integer(row, 1 + i);
    point.latency.add(rollups.text(row, 1 + kCounterColumns));
  }
  const PgRows& counts = rows->at(2);
  for (int row = 0; row < counts.size(); ++row)
    builder.at(counts.integer(row, 0)).add(static_cast<CountKind>(counts.integer(row, 1)), counts.integer(row, 2));
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
  statements.push_back(rollups_of_webhooks(org, builder.rollups()));
  statements.push_back(notes_of(org, builder.range()));
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  for (int row = 0; row < rows->at(1).size(); ++row) builder.add_webhook(WebhookId{rows->at(1).integer(row, 0)});
  const PgRows& sums = rows->at(2);
  for (int row = 0; row < sums.size(); ++row) {
    Rollup* const sum = builder.find(WebhookId{sums.integer(row, 0)});
    if (!sum) continue;
    sum->counters.attempts = sums.integer(row, 1);
    sum->counters.succeeded = sums.integer(row, 2);
    sum->counters.failed_attempts = sums.integer(row, 3);
    sum->counters.dead = sums.integer(row, 4);
    sum->latency.add(sums.text(row, 5));
    sum->latency.add(sums.text(row, 6), -1);
  }
  each_count(rows->at(3), [&](WebhookId webhook, CountKind kind, std::int64_t count) {
    if (Rollup* sum = builder.find(webhook)) sum->add(kind, count);
  });
  co_return builder.take();
}

}  // namespace eventrelay::postgres_queries
