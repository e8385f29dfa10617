// Lists and single views of events.
#include <algorithm>
#include <set>

#include "storage/sqlite_filter.h"
#include "storage/sqlite_queries.h"
#include "storage/sqlite_rows.h"

namespace eventrelay::sqlite_queries {

namespace {

bool any_of_event(SqliteDb& db, OrganizationId org, std::int64_t event, DeliveryState state) {
  auto row = db.use(
      "SELECT 1 FROM deliveries INDEXED BY deliveries_of_event_by_state WHERE organization_id = ?1 AND event_id = ?2"
      " AND state = ?3 AND state <> 1 LIMIT 1");
  row.bind(org.value).bind(event).bind(static_cast<std::int64_t>(state));
  return row.step();
}

EventStatus status_of(SqliteDb& db, OrganizationId org, std::int64_t event, std::int64_t deliveries) {
  if (deliveries == 0) return EventStatus::kUnmatched;
  if (any_of_event(db, org, event, DeliveryState::kPending)) return EventStatus::kPending;
  if (any_of_event(db, org, event, DeliveryState::kDead)) return EventStatus::kDead;
  auto cancelled = db.use(
      "SELECT count(*) FROM deliveries INDEXED BY deliveries_of_event_by_state WHERE organization_id = ?1"
      " AND event_id = ?2 AND state = 3 AND state <> 1");
  cancelled.bind(org.value).bind(event);
  return cancelled.step() && cancelled.integer(0) == deliveries ? EventStatus::kCancelled : EventStatus::kSucceeded;
}

/// A search with its names looked up. Unset types: any.
struct FoundSearch {
  IdRange ids;
  std::optional<std::set<std::int64_t>> types;
};

std::optional<std::int64_t> event_of(SqliteDb& db, OrganizationId org, std::int64_t delivery) {
  auto row = db.use("SELECT event_id FROM deliveries WHERE id = ?1 AND organization_id = ?2");
  row.bind(delivery).bind(org.value);
  return row.step() ? std::optional(row.integer(0)) : std::nullopt;
}

FoundSearch search_for(SqliteDb& db, OrganizationId org, const std::string& q) {
  const EventSearch search = parse_search(q);
  FoundSearch found{search.ids, std::nullopt};
  if (search.delivery) {
    const std::int64_t event = event_of(db, org, search.delivery->value).value_or(-1);
    found.ids = {event, event + 1};
  }
  if (search.type_prefix.empty()) return found;
  found.types.emplace();
  std::string end = search.type_prefix;
  end.back() = static_cast<char>(end.back() + 1);
  auto rows = db.use("SELECT id FROM event_types WHERE organization_id = ?1 AND name >= ?2 AND name < ?3");
  rows.bind(org.value).bind(search.type_prefix).bind(end);
  while (rows.step()) found.types->insert(rows.integer(0));
  return found;
}

/// Ids of events that can match, newest first; ?1 below, ?2 from, ?3 organization, ?4 type.
std::string candidates_sql(const EventFilter& filter, bool by_type) {
  const auto of_deliveries = [](DeliveryState state) {
    return "SELECT DISTINCT event_id FROM deliveries INDEXED BY deliveries_of_event_by_state"
           " WHERE organization_id = ?3 AND state <> 1 AND state = " +
           std::to_string(static_cast<int>(state)) + " AND event_id < ?1 AND event_id >= ?2 ORDER BY event_id DESC";
  };
  if (filter.status == EventStatus::kPending) return of_deliveries(DeliveryState::kPending);
  if (filter.status == EventStatus::kDead) return of_deliveries(DeliveryState::kDead);
  if (filter.status == EventStatus::kCancelled) return of_deliveries(DeliveryState::kCancelled);
  std::string sql = "SELECT id, type_id, tenant_id FROM events";
  if (filter.status == EventStatus::kUnmatched) {
    sql += " INDEXED BY events_unmatched WHERE delivery_count = 0 AND organization_id = ?3";
  } else if (by_type) {
    sql += " INDEXED BY events_by_type WHERE organization_id = ?3 AND type_id = ?4";
  } else {
    sql += " NOT INDEXED WHERE organization_id = ?3";
  }
  return sql + " AND id < ?1 AND id >= ?2 ORDER BY id DESC";
}

struct EventLabels {
  std::int64_t type = 0;
  std::int64_t tenant = 0;
};

EventLabels labels_of(SqliteDb& db, std::int64_t event) {
  auto row = db.use("SELECT type_id, tenant_id FROM events WHERE id = ?1");
  row.bind(event);
  return row.step() ? EventLabels{row.integer(0), row.integer(1)} : EventLabels{};
}

}  // namespace

std::optional<EventRow> find_event_row(SqliteDb& db, OrganizationId org, std::int64_t id) {
  EventRow out;
  {
    auto row = db.use(
        "SELECT t.name, coalesce(n.name, ''), e.deliver_at_ms, e.metadata, e.delivery_count + e.replay_count FROM "
        "events e"
        " JOIN event_types t ON t.id = e.type_id LEFT JOIN tenants n ON n.id = e.tenant_id"
        " WHERE e.id = ?1 AND e.organization_id = ?2");
    row.bind(id).bind(org.value);
    if (!row.step()) return std::nullopt;
    out.id = EventId{id};
    out.type = row.text(0);
    out.tenant = row.text(1);
    if (!row.is_null(2)) out.deliver_at = from_unix_ms(row.integer(2));
    out.metadata = row.text(3);
    out.delivery_count = static_cast<std::uint32_t>(row.integer(4));
  }
  out.status = status_of(db, org, id, out.delivery_count);
  return out;
}

Result<Page<EventRow>> list_events(SqliteDb& db, OrganizationId org, const EventFilter& filter, PageRequest request) {
  const FoundSearch search = search_for(db, org, filter.q);
  std::optional<std::int64_t> type;
  if (!filter.type.empty()) type = find_name(db, "event_types", org, filter.type);
  if (!type && search.types && search.types->size() == 1) type = *search.types->begin();
  std::optional<std::int64_t> tenant;
  if (!filter.tenant.empty()) tenant = find_name(db, "tenants", org, filter.tenant);
  const bool from_deliveries = filter.status == EventStatus::kPending || filter.status == EventStatus::kDead ||
                               filter.status == EventStatus::kCancelled;
  const bool by_type = type && !from_deliveries && filter.status != EventStatus::kUnmatched;

  Page<EventRow> page;
  if (search.types && search.types->empty()) return page;
  const IdRange ids = ids_made(filter.after, filter.before);
  auto rows = db.use_text(candidates_sql(filter, by_type));
  rows.bind(std::min({below(request), ids.to, search.ids.to}))
      .bind(std::max(ids.from, search.ids.from))
      .bind(org.value);
  if (by_type) rows.bind(*type);
  std::size_t examined = 0;
  while (rows.step()) {
    if (page.rows.size() == request.limit || examined == kRowsExaminedMax) return page;
    examined += 1;
    const std::int64_t id = page.next = rows.integer(0);
    const EventLabels labels = from_deliveries ? labels_of(db, id) : EventLabels{rows.integer(1), rows.integer(2)};
    if (type && labels.type != *type) continue;
    if (tenant && labels.tenant != *tenant) continue;
    if (search.types && !search.types->contains(labels.type)) continue;
    auto row = find_event_row(db, org, id);
    if (row && (!filter.status || row->status == *filter.status)) page.rows.push_back(std::move(*row));
  }
  page.next = 0;
  return page;
}

Result<EventDetail> get_event(SqliteDb& db, OrganizationId org, EventId id) {
  auto event = find_event_row(db, org, id.value);
  if (!event) return no_such("event");
  EventDetail detail;
  detail.event = std::move(*event);
  {
    auto row = db.use("SELECT payload FROM events WHERE id = ?1 AND organization_id = ?2");
    row.bind(id.value).bind(org.value);
    if (row.step()) detail.payload = row.text(0);
  }
  DeliveryFilter filter;
  filter.event = id;
  auto deliveries = list_deliveries(db, org, filter, PageRequest{0, kPageMax});
  if (!deliveries) return deliveries.error();
  detail.deliveries = std::move(deliveries->rows);
  return detail;
}

}  // namespace eventrelay::sqlite_queries
