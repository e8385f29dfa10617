// Reports of what is counted: rollups, and the notes that are not folded yet.
#include "storage/metrics_report.h"
#include "storage/sqlite_queries.h"

namespace eventrelay::sqlite_queries {

namespace {

/// The counters and the latency behind them, from the second column on.
void add_rollup(Rollup& sum, const SqliteStatement& row, int sign) {
  int at = 1;
  for (const auto counter : kCounters) sum.counters.*counter += sign * row.integer(at++);
  sum.latency.add(row.text(at), sign);
}

/// visit(minute, WebhookId, CountKind, count): of the notes.
template <class Visit>
void each_count(SqliteDb& db, OrganizationId org, const RollupRange& range, const Visit& visit) {
  auto notes =
      db.use("SELECT minute, counts FROM count_notes WHERE organization_id = ?1 AND minute >= ?2 AND minute < ?3");
  notes.bind(org.value).bind(range.first).bind(range.end);
  while (notes.step()) {
    const std::int64_t minute = notes.integer(0);
    CountNote::each(notes.text(1), [&](WebhookId webhook, CountKind kind, std::int64_t count) {
      visit(minute, webhook, kind, count);
    });
  }
}

/// What is pending and dead now.
void read_gauges(SqliteDb& db, OrganizationId org, std::optional<WebhookId> webhook, MetricsReport& report) {
  auto row = webhook ? db.use(
                           "SELECT (SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_lane"
                           " WHERE webhook_id = w.id AND state = 0 LIMIT ?3)),"
                           " (SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_dead_of_webhook"
                           " WHERE webhook_id = w.id AND state = 2 LIMIT ?3))"
                           " FROM webhooks w WHERE w.organization_id = ?1 AND w.id = ?2")
                     : db.use("SELECT pending, dead FROM gauges WHERE organization_id = ?1");
  row.bind(org.value);
  if (webhook) row.bind(webhook->value).bind(std::int64_t{kRowsExaminedMax});
  if (!row.step()) return;
  report.pending = row.integer(0);
  report.dlq = row.integer(1);
}

// Minute by minute: the rows of a webhook are far apart, those of a minute together.
constexpr const char* kRollupsOfOne =
    "WITH RECURSIVE at(minute) AS (SELECT ?1 UNION ALL SELECT minute + ?3 FROM at WHERE minute + ?3 < ?2)"
    " SELECT r.minute, r.events, r.unmatched, r.deliveries, r.attempts, r.succeeded, r.failed_attempts, r.retries,"
    " r.dead, r.cancelled, r.latency FROM at CROSS JOIN rollups r ON r.span = ?3 AND r.minute = at.minute"
    " AND r.organization_id = ?4 AND r.webhook_id = ?5";
constexpr const char* kRollupsOfWebhooks =
    "WITH RECURSIVE at(minute) AS (SELECT ?1 UNION ALL SELECT minute + ?3 FROM at WHERE minute + ?3 < ?2)"
    " SELECT r.webhook_id, r.events, r.unmatched, r.deliveries, r.attempts, r.succeeded, r.failed_attempts, r.retries,"
    " r.dead, r.cancelled, r.latency FROM at CROSS JOIN rollups r ON r.span = ?3 AND r.minute = at.minute"
    " AND r.organization_id = ?4 AND r.webhook_id > 0";

}  // namespace

Result<MetricsReport> metrics(SqliteDb& db, OrganizationId org, MetricsWindow window, std::optional<WebhookId> webhook,
                              WallTime now) {
  MetricsReportBuilder builder(window, now);
  const RollupRange& range = builder.range();
  const WebhookId of = webhook.value_or(kWholeOrganization);
  {
    auto rows = db.use(kRollupsOfOne);
    rows.bind(range.first).bind(range.end).bind(range.span).bind(org.value).bind(of.value);
    while (rows.step()) add_rollup(builder.at(rows.integer(0)), rows, range.sign);
  }
  each_count(db, org, range, [&](std::int64_t minute, WebhookId at, CountKind kind, std::int64_t count) {
    if (!webhook || at == *webhook) builder.at(minute).add(kind, count);
  });
  MetricsReport report = builder.take();
  read_gauges(db, org, webhook, report);
  return report;
}

Result<std::vector<WebhookCounts>> webhook_counts(SqliteDb& db, OrganizationId org, MetricsWindow window,
                                                  WallTime now) {
  WebhookCountsBuilder builder(window, now);
  {
    auto webhooks = db.use("SELECT id FROM webhooks WHERE organization_id = ?1 AND deleted = 0");
    webhooks.bind(org.value);
    while (webhooks.step()) builder.add_webhook(WebhookId{webhooks.integer(0)});
  }
  for (const RollupRange& range : builder.rollups()) {
    auto rows = db.use(kRollupsOfWebhooks);
    rows.bind(range.first).bind(range.end).bind(range.span).bind(org.value);
    while (rows.step())
      if (Rollup* const sum = builder.find(WebhookId{rows.integer(0)})) add_rollup(*sum, rows, range.sign);
  }
  each_count(db, org, builder.range(), [&](std::int64_t, WebhookId webhook, CountKind kind, std::int64_t count) {
    if (Rollup* sum = builder.find(webhook)) sum->add(kind, count);
  });
  return builder.take();
}

}  // namespace eventrelay::sqlite_queries
