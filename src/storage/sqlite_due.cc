// What the engine reads: due deliveries, lanes, payloads, jobs, the catalog.
#include <algorithm>

#include "storage/sqlite_queries.h"
#include "storage/sqlite_session.h"

namespace eventrelay::sqlite_queries {

namespace {

MessagePtr read_message(SqliteDb& db, EventId id) {
  auto row = db.use("SELECT t.name, e.payload FROM events e JOIN event_types t ON t.id = e.type_id WHERE e.id = ?1");
  row.bind(id.value);
  return row.step() ? make_message(id, row.text(0), row.text(1)) : nullptr;
}

/// Gives the rows their messages, in order, until the bytes are used up.
void attach_messages(SqliteDb& db, std::vector<PendingDelivery>& rows, std::size_t bytes_max) {
  std::map<EventId, MessagePtr> read;
  std::size_t bytes = 0;
  for (PendingDelivery& row : rows) {
    auto& message = read[row.event];
    if (!message) message = read_message(db, row.event);
    if (!message) continue;
    bytes += message->body.size();
    if (bytes > bytes_max) return;
    row.message = message;
  }
}

}  // namespace

Result<DuePage> read_due(SqliteDb& db, const DueQuery& query) {
  static const std::string kSelect =
      std::string("SELECT ") + kPendingColumns +
      " FROM deliveries INDEXED BY deliveries_lane WHERE webhook_id = ?1 AND state = 0 AND organization_id = ?2"
      " AND (sort_at_ms, id) > (?3, ?4) ORDER BY sort_at_ms, id LIMIT ?5";
  DuePage page;
  {
    auto rows = db.use_text(kSelect);
    rows.bind(query.webhook.value).bind(query.organization.value).bind(unix_ms(query.after_sort_at));
    rows.bind(query.after_id.value).bind(static_cast<std::int64_t>(query.limit) + 1);
    while (rows.step()) {
      PendingDelivery delivery = pending_from_row(rows);
      if (delivery.sort_at > query.until || page.rows.size() == query.limit) {
        page.next_sort_at = delivery.sort_at;
        break;
      }
      page.rows.push_back(std::move(delivery));
    }
  }
  attach_messages(db, page.rows, query.payload_bytes);
  return page;
}

Result<LanePage> read_lanes(SqliteDb& db, const PartitionSet& partitions, WebhookId after, std::size_t limit) {
  LanePage page;
  std::int64_t webhook = after.value;
  while (page.lanes.size() < limit) {
    auto row = db.use(
        "SELECT webhook_id, sort_at_ms FROM deliveries INDEXED BY deliveries_lane"
        " WHERE state = 0 AND webhook_id > ?1 ORDER BY webhook_id, sort_at_ms, id LIMIT 1");
    row.bind(webhook);
    if (!row.step()) {
      page.done = true;
      break;
    }
    webhook = row.integer(0);
    if (!partitions.test(static_cast<std::size_t>(partition_of(WebhookId{webhook})))) continue;
    page.lanes.push_back({WebhookId{webhook}, from_unix_ms(row.integer(1))});
  }
  return page;
}

Result<std::vector<MessagePtr>> read_messages(SqliteDb& db, const std::vector<EventId>& events) {
  std::vector<MessagePtr> messages;
  messages.reserve(events.size());
  for (const EventId id : events) messages.push_back(read_message(db, id));
  return messages;
}

std::vector<JobSummary> read_open_jobs(SqliteDb& db) {
  std::vector<JobSummary> open;
  auto jobs = db.use("SELECT id, rate FROM jobs INDEXED BY jobs_open WHERE state < 2 ORDER BY id");
  while (jobs.step()) open.push_back({JobId{jobs.integer(0)}, static_cast<std::uint32_t>(jobs.integer(1))});
  return open;
}

Catalog load_catalog(SqliteDb& db) {
  Catalog catalog;
  auto last_id = db.use("SELECT value FROM meta WHERE key = 'last_id'");
  if (last_id.step() && last_id.integer(0) != 0) catalog.at = time_of_id(last_id.integer(0));
  auto webhooks = db.use_text(std::string("SELECT ") + kWebhookColumns + " FROM webhooks WHERE deleted = 0");
  while (webhooks.step()) catalog.webhooks.push_back(webhook_from_row(webhooks));
  auto keys = db.use("SELECT id, organization_id, name, scope, hint, hash FROM api_keys");
  while (keys.step()) catalog.keys.push_back(api_key_from_row(keys));
  catalog.open_jobs = read_open_jobs(db);
  return catalog;
}

}  // namespace eventrelay::sqlite_queries
