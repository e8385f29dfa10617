// Lists and single views of deliveries and of the dead letter queue.
#include <algorithm>

#include "storage/sqlite_filter.h"
#include "storage/sqlite_queries.h"
#include "storage/sqlite_rows.h"

namespace eventrelay::sqlite_queries {

namespace {

constexpr const char* kColumns = "SELECT id, webhook_id, event_id, type_id, tenant_id, state FROM deliveries";

/// The rows that can match, newest first. ?1 below, ?2 from, ?3 organization, ?4 key; 0: the text has no ?4.
struct Candidates {
  std::string sql;
  std::int64_t key = 0;
};

/// An index that holds just the rows of a state, in another order than the list's.
struct StateIndex {
  const char* name = nullptr;
  const char* rows = nullptr;
};

StateIndex state_index(const DeliveryFilter& filter) {
  if (filter.event) return {};
  if (filter.state == DeliveryState::kPending && filter.webhook)
    return {"deliveries_lane", "webhook_id = ?4 AND state = 0"};
  if (filter.state == DeliveryState::kPending)
    return {"deliveries_of_event_by_state", "organization_id = ?3 AND state <> 1 AND state = 0"};
  if (filter.state == DeliveryState::kDead && filter.webhook)
    return {"deliveries_dead_of_webhook", "webhook_id = ?4 AND state = 2"};
  return {};
}

/// Few rows of the state are put in order; nullopt where they are many, and soon found on another way.
std::optional<Candidates> few_of_state(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter) {
  const StateIndex index = state_index(filter);
  if (!index.name) return std::nullopt;
  const std::string rows = std::string(" FROM deliveries INDEXED BY ") + index.name + " WHERE " + index.rows;
  const std::int64_t key = filter.webhook ? filter.webhook->value : 0;
  {
    auto count = db.use_text("SELECT count(*) FROM (SELECT 1" + rows + " LIMIT ?5)");
    count.bind_null().bind_null().bind(org.value).bind(key).bind(std::int64_t{kRowsExaminedMax});
    if (!count.step() || count.integer(0) == std::int64_t{kRowsExaminedMax}) return std::nullopt;
  }
  return Candidates{"SELECT d.id, d.webhook_id, d.event_id, d.type_id, d.tenant_id, d.state FROM (SELECT id" + rows +
                        " AND id < ?1 AND id >= ?2 ORDER BY id DESC LIMIT -1) few CROSS JOIN deliveries d"
                        " ON d.id = few.id WHERE d.organization_id = ?3",
                    key};
}

/// By the index that narrows most.
Candidates candidates_of(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter) {
  if (auto few = few_of_state(db, org, filter)) return *std::move(few);
  std::string sql = kColumns;
  if (filter.event) {
    // The event's own are the ids that follow it; replays have an index.
    return {sql +
                " WHERE id > ?4 AND id <= ?4 + (SELECT delivery_count FROM events WHERE id = ?4) AND event_id = ?4"
                " AND id < ?1 AND id >= ?2 AND organization_id = ?3 UNION ALL " +
                kColumns +
                " WHERE event_id = ?4 AND replay_of IS NOT NULL AND id < ?1 AND id >= ?2 AND organization_id = ?3"
                " ORDER BY id DESC",
            filter.event->value};
  }
  const bool dead = filter.state == DeliveryState::kDead;
  const bool by_state = dead || filter.state == DeliveryState::kCancelled;
  if (by_state) {
    sql += " INDEXED BY deliveries_failed_by_state WHERE organization_id = ?3 AND state > 1 AND state = ";
    sql += dead ? "2" : "3";
  } else if (filter.webhook) {
    sql += " INDEXED BY deliveries_of_webhook WHERE webhook_id = ?4 AND organization_id = ?3";
  } else {
    sql += " NOT INDEXED WHERE organization_id = ?3";
  }
  return {sql + " AND id < ?1 AND id >= ?2 ORDER BY id DESC", !by_state && filter.webhook ? filter.webhook->value : 0};
}

AttemptRow attempt_from_row(const SqliteStatement& row) {
  AttemptRow attempt;
  attempt.number = static_cast<std::uint32_t>(row.integer(0));
  attempt.manual = row.integer(1) != 0;
  AttemptOutcome& outcome = attempt.outcome;
  outcome.started_at = from_unix_ms(row.integer(2));
  outcome.duration = milliseconds(row.integer(3));
  outcome.status_code = static_cast<std::uint16_t>(row.integer(4));
  outcome.error = static_cast<AttemptError>(row.integer(5));
  outcome.error_message = row.text(6);
  outcome.request_headers = decode_headers(row.text(7));
  outcome.response_headers = decode_headers(row.text(8));
  outcome.response_body = row.text(9);
  outcome.response_truncated = row.integer(10) != 0;
  outcome.remote_address = row.text(11);
  outcome.timings = {row.integer(12), row.integer(13), row.integer(14), row.integer(15)};
  return attempt;
}

}  // namespace

std::optional<DeliveryRow> find_delivery_row(SqliteDb& db, OrganizationId org, std::int64_t id) {
  auto row = db.use(
      "SELECT d.id, d.event_id, d.webhook_id, w.spec, t.name, coalesce(n.name, ''), d.state, d.reason, d.attempts,"
      " CASE d.manual WHEN 1 THEN d.sort_at_ms ELSE d.due_ms END, d.ended_id, d.last_status, d.last_error, d.replay_of"
      " FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id JOIN event_types t ON t.id = d.type_id"
      " LEFT JOIN tenants n ON n.id = d.tenant_id WHERE d.id = ?1 AND d.organization_id = ?2");
  row.bind(id).bind(org.value);
  if (!row.step()) return std::nullopt;
  DeliveryRow out;
  out.id = DeliveryId{row.integer(0)};
  out.event = EventId{row.integer(1)};
  out.webhook = WebhookId{row.integer(2)};
  out.webhook_url = decode_spec(row.text(3)).url;
  out.type = row.text(4);
  out.tenant = row.text(5);
  out.state = static_cast<DeliveryState>(row.integer(6));
  out.reason = row.text(7);
  out.attempts = static_cast<std::uint32_t>(row.integer(8));
  if (out.state == DeliveryState::kPending) out.next_attempt_at = from_unix_ms(row.integer(9));
  if (!row.is_null(10)) out.ended_at = time_of_id(row.integer(10));
  out.last_status_code = static_cast<std::uint16_t>(row.integer(11));
  out.last_error = static_cast<AttemptError>(row.integer(12));
  out.is_replay = !row.is_null(13);
  if (out.is_replay) out.replay_of = DeliveryId{row.integer(13)};
  return out;
}

Result<Page<DeliveryRow>> list_deliveries(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter,
                                          PageRequest request) {
  const RowFilter wanted(db, org, filter);
  Page<DeliveryRow> page;
  const Candidates candidates = candidates_of(db, org, filter);
  auto rows = db.use_text(candidates.sql);
  rows.bind(std::min(below(request), wanted.ids().to)).bind(wanted.ids().from).bind(org.value);
  if (candidates.key != 0) rows.bind(candidates.key);
  std::size_t examined = 0;
  while (rows.step()) {
    if (page.rows.size() == request.limit || examined == kRowsExaminedMax) return page;
    examined += 1;
    page.next = rows.integer(0);
    const auto state = static_cast<DeliveryState>(rows.integer(5));
    if (!wanted.matches(state, rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4))) continue;
    if (auto row = find_delivery_row(db, org, rows.integer(0))) page.rows.push_back(std::move(*row));
  }
  page.next = 0;
  return page;
}

Result<DeliveryDetail> get_delivery(SqliteDb& db, OrganizationId org, DeliveryId id) {
  auto delivery = find_delivery_row(db, org, id.value);
  if (!delivery) return no_such("delivery");
  DeliveryDetail detail;
  detail.delivery = std::move(*delivery);
  auto rows = db.use(
      "SELECT number, manual, started_ms, duration_ms, status, error, error_message, request_headers, response_headers,"
      " response_body, response_truncated, remote_address, dns_us, connect_us, tls_us, first_byte_us FROM attempts"
      " WHERE delivery_id = ?1 ORDER BY number DESC LIMIT ?2");
  rows.bind(id.value).bind(std::int64_t{kPageMax});
  while (rows.step()) detail.attempts.push_back(attempt_from_row(rows));
  std::reverse(detail.attempts.begin(), detail.attempts.end());
  return detail;
}

Result<Page<DeliveryRow>> list_dead(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter,
                                    PageRequest request) {
  const std::int64_t upto = request.cursor ? request.cursor - 1 : kIdMax;
  DeadScan scan(db, org, filter, 0, upto, DeadScan::Order::kNewestFirst);
  Page<DeliveryRow> page;
  std::size_t examined = 0;
  while (scan.next()) {
    if (page.rows.size() == request.limit || examined == kRowsExaminedMax) return page;
    examined += 1;
    page.next = scan.ended_id();
    if (!scan.matches()) continue;
    if (auto row = find_delivery_row(db, org, scan.delivery().id.value)) page.rows.push_back(std::move(*row));
  }
  page.next = 0;
  return page;
}

Result<std::int64_t> count_dead(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter) {
  const DeadCount counted = count_dead_rows(db, org, filter, kIdMax);
  if (counted.is_complete) return counted.count;
  return count_took_too_long();
}

}  // namespace eventrelay::sqlite_queries
