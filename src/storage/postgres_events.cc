// Lists and single views of events.
#include <algorithm>
#include <array>

#include "storage/postgres_filter.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay::postgres_queries {

namespace {

constexpr std::uint32_t kBigintArrayOid = 1016;

// ---- One event ---------------------------------------------------------------------------------------------------

/// Columns of an event for event_from_row, with kJoins after a row of the alias `e` that has a status.
constexpr const char* kEventColumns =
    "e.id, t.name, coalesce(n.name, ''), e.deliver_at_ms, e.metadata, e.delivery_count + e.replay_count, e.status";
constexpr const char* kJoins = " LEFT JOIN event_types t ON t.id = e.type_id LEFT JOIN tenants n ON n.id = e.tenant_id";

EventRow event_from_row(const PgRows& rows, int row, int column) {
  EventRow out;
  out.id = EventId{rows.integer(row, column)};
  out.type = rows.text(row, column + 1);
  out.tenant = rows.text(row, column + 2);
  if (const auto at = rows.optional_integer(row, column + 3)) out.deliver_at = from_unix_ms(*at);
  out.metadata = rows.text(row, column + 4);
  out.delivery_count = static_cast<std::uint32_t>(rows.integer(row, column + 5));
  out.status = static_cast<EventStatus>(rows.integer(row, column + 6));
  return out;
}

/// Deliveries of the event `v` in a state. Its own are the ids that follow it: no other partitions are looked at where
/// there are no replays.
std::string in_state(int state) {
  return " FROM deliveries p WHERE p.organization_id = $1 AND p.event_id = v.id AND p.state = " +
         std::to_string(state) +
         " AND p.id > v.id AND p.id <= CASE WHEN v.replay_count > 0 THEN 9223372036854775807"
         " ELSE v.id + v.delivery_count END";
}

/// EventStatus of the event `v`.
std::string status_sql() {
  return "CASE WHEN v.delivery_count + v.replay_count = 0 THEN 0 WHEN EXISTS (SELECT" + in_state(0) +
         ") THEN 1 WHEN EXISTS (SELECT" + in_state(2) + ") THEN 2 WHEN (SELECT count(*)" + in_state(3) +
         ") = v.delivery_count + v.replay_count THEN 4 ELSE 3 END";
}
static_assert(static_cast<int>(EventStatus::kUnmatched) == 0 && static_cast<int>(EventStatus::kPending) == 1 &&
              static_cast<int>(EventStatus::kDead) == 2 && static_cast<int>(EventStatus::kSucceeded) == 3 &&
              static_cast<int>(EventStatus::kCancelled) == 4);

// ---- Searches ----------------------------------------------------------------------------------------------------

/// A search with its names looked up. Unset types: any.
struct FoundSearch {
  IdRange ids;
  std::optional<std::vector<std::int64_t>> types;
};

Awaitable<Result<FoundSearch>> find_search(PgRead read, OrganizationId org, std::string q) {
  const EventSearch search = parse_search(q);
  FoundSearch found{search.ids, std::nullopt};
  if (!search.delivery && search.type_prefix.empty()) co_return found;
  PgStatement statement{
      "SELECT (SELECT event_id FROM deliveries WHERE id = $2 AND organization_id = $1),"
      " ARRAY(SELECT id FROM event_types WHERE organization_id = $1 AND $3 <> '' AND starts_with(name, $3))",
      {}};
  statement.params.add(org.value).add(search.delivery ? search.delivery->value : 0).add_text(search.type_prefix);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  if (search.delivery) {
    const std::int64_t event = rows->optional_integer(0, 0).value_or(-1);
    found.ids = {event, event + 1};
  } else {
    found.types = rows->integers(0, 1);
  }
  co_return found;
}

// ---- Lists -------------------------------------------------------------------------------------------------------

/// Where a list's candidates come from. $1 organization, $2 below, $3 from, $4 one more than the page holds, $5 status,
/// $6 type, $7 tenant, $8 types.
enum class EventSource { kAll, kOfType, kUnmatched, kPending, kDead, kCancelled };
constexpr std::size_t kEventSources = 6;

/// Of one event's rows the first counts: where they are more than a list looks at, its next page begins behind it.
std::string by_deliveries(int state) {
  return "SELECT place, organization_id, type_id, tenant_id, place IS DISTINCT FROM lag(place) OVER (ORDER BY place"
         " DESC) AS is_first FROM (SELECT d.event_id AS place, d.organization_id, d.type_id, d.tenant_id"
         " FROM deliveries d WHERE d.organization_id = $1 AND d.state = " +
         std::to_string(state) +
         " AND d.event_id < $2 AND d.event_id >= $3 AND d.id >= $3 ORDER BY d.event_id DESC LIMIT " +
         std::to_string(kRowsExaminedMax) + ") r";
}

std::string by_events(const std::string& where) {
  return "SELECT e.id AS place, e.*, true AS is_first FROM events e WHERE " + where +
         "e.id < $2 AND e.id >= $3 ORDER BY e.id DESC LIMIT " + std::to_string(kRowsExaminedMax);
}

std::string candidate_events(EventSource source) {
  switch (source) {
    case EventSource::kAll:
      // The organization is not asked for here: of others no more rows are looked at than of its own.
      return by_events("");
    case EventSource::kOfType:
      return by_events("e.organization_id = $1 AND e.type_id = $6 AND ");
    case EventSource::kUnmatched:
      return by_events("e.organization_id = $1 AND e.delivery_count = 0 AND ");
    case EventSource::kPending:
      return by_deliveries(0);
    case EventSource::kDead:
      return by_deliveries(2);
    case EventSource::kCancelled:
      return by_deliveries(3);
  }
  return {};
}

/// As page_sql, but that a row's status is found only where the rest of the filter holds.
std::string list_sql(EventSource source) {
  const bool from_deliveries = source >= EventSource::kPending;
  const std::string columns = "id, type_id, tenant_id, deliver_at_ms, metadata, delivery_count, replay_count";
  const std::string event = from_deliveries
                                ? "SELECT " + columns + " FROM events e WHERE x.wanted AND e.id = x.place LIMIT 1"
                                : "SELECT x.id, x.type_id, x.tenant_id, x.deliver_at_ms, x.metadata, x.delivery_count,"
                                  " x.replay_count WHERE x.wanted";
  const std::string last = std::to_string(kRowsExaminedMax);
  return std::string("SELECT e.hit, e.place, e.is_last, ") + kEventColumns +
         " FROM (SELECT * FROM (SELECT x.place, x.n = " + last +
         " AS is_last, v.*, s.status, v.id IS NOT NULL AND ($5 IS NULL OR s.status = $5) AS hit FROM"
         " (SELECT c.*, c.is_first AND c.organization_id = $1 AND ($6 IS NULL OR c.type_id = $6)"
         " AND ($7 IS NULL OR c.tenant_id = $7) AND ($8 IS NULL OR c.type_id = ANY ($8)) AS wanted,"
         " row_number() OVER (ORDER BY c.place DESC) AS n FROM (" +
         candidate_events(source) + ") c) x LEFT JOIN LATERAL (" + event +
         ") v ON true LEFT JOIN LATERAL (SELECT CASE WHEN v.id IS NOT NULL THEN " + status_sql() +
         " END AS status OFFSET 0) s ON true) y WHERE y.hit OR y.is_last ORDER BY y.place DESC LIMIT $4) e" + kJoins +
         " ORDER BY e.place DESC";
}

const char* event_list_text(EventSource source) {
  static const auto kTexts = [] {
    std::array<std::string, kEventSources> texts;
    for (std::size_t i = 0; i < kEventSources; ++i) texts[i] = list_sql(static_cast<EventSource>(i));
    return texts;
  }();
  return kTexts[static_cast<std::size_t>(source)].c_str();
}

EventSource source_of(const EventFilter& filter, bool has_type) {
  if (filter.status == EventStatus::kPending) return EventSource::kPending;
  if (filter.status == EventStatus::kDead) return EventSource::kDead;
  if (filter.status == EventStatus::kCancelled) return EventSource::kCancelled;
  if (filter.status == EventStatus::kUnmatched) return EventSource::kUnmatched;
  return has_type ? EventSource::kOfType : EventSource::kAll;
}

}  // namespace

Awaitable<Result<Page<EventRow>>> list_events(PgRead read, OrganizationId org, EventFilter filter,
                                              PageRequest request) {
  auto names = co_await find_names(read, org, filter.type, filter.tenant);
  if (!names) co_return names.error();
  auto search = co_await find_search(read, org, filter.q);
  if (!search) co_return search.error();
  if (names->never_were || (search->types && search->types->empty())) co_return Page<EventRow>{};
  if (!names->type && search->types && search->types->size() == 1) names->type = search->types->front();

  const IdRange ids = ids_made(filter.after, filter.before);
  PgStatement statement{event_list_text(source_of(filter, names->type.has_value())), {}};
  statement.params.add(org.value)
      .add(std::min({below(request), ids.to, search->ids.to}))
      .add(std::max(ids.from, search->ids.from))
      .add(static_cast<std::int64_t>(request.limit) + 1)
      .add(filter.status ? std::optional(static_cast<std::int64_t>(*filter.status)) : std::nullopt)
      .add(names->type)
      .add(names->tenant);
  if (search->types) {
    statement.params.add_array(std::span<const std::int64_t>(*search->types));
  } else {
    statement.params.add_null(kBigintArrayOid);
  }
  auto rows = co_await read_list(read, std::move(statement));
  if (!rows) co_return rows.error();
  const PageEnd end = page_end(*rows, request.limit);
  Page<EventRow> page;
  page.next = end.next;
  for (int row = 0; row < end.rows; ++row) page.rows.push_back(event_from_row(*rows, row, kPgPageWidth));
  co_return page;
}

Awaitable<Result<EventDetail>> get_event(PgRead read, OrganizationId org, EventId id) {
  static const std::string kSelect = std::string("SELECT ") + kEventColumns + ", e.payload FROM (SELECT v.*, " +
                                     status_sql() +
                                     " AS status FROM events v WHERE v.id = $2 AND v.organization_id = $1) e" + kJoins;
  PgStatement statement{kSelect.c_str(), {}};
  statement.params.add(org.value).add(id.value);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return no_such("event");
  EventDetail detail;
  detail.event = event_from_row(*rows, 0, 0);
  detail.payload = rows->text(0, 7);
  DeliveryFilter filter;
  filter.event = id;
  auto deliveries = co_await list_deliveries(read, org, std::move(filter), PageRequest{0, kPageMax});
  if (!deliveries) co_return deliveries.error();
  detail.deliveries = std::move(deliveries->rows);
  co_return detail;
}

}  // namespace eventrelay::postgres_queries
