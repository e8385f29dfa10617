// What the engine reads: due deliveries, lanes, payloads, jobs, the catalog.
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay::postgres_queries {

namespace {

/// $1 partition, $2 webhook, $3 organization, $4 sort_at, $5 id, $6 limit, $7 bytes, $8 until. There is a row for the
/// snapshot alone too. Payloads come while their sum is within the bytes.
std::string due_sql() {
  return std::string("SELECT s.seen, d.payload IS NOT NULL, d.type, d.payload, ") + kPgPendingColumns +
         " FROM (SELECT pg_current_snapshot()::text AS seen) s LEFT JOIN LATERAL ("
         "SELECT l.*, m.type, CASE WHEN sum(octet_length(m.payload)) OVER (ORDER BY l.sort_at_ms, l.id) <= $7"
         " THEN m.payload END AS payload FROM (SELECT d.* FROM deliveries d WHERE d.partition = $1"
         " AND d.webhook_id = $2 AND d.state = 0 AND d.organization_id = $3 AND (d.sort_at_ms, d.id) > ($4, $5)"
         " ORDER BY d.sort_at_ms, d.id LIMIT $6) l LEFT JOIN LATERAL (SELECT t.name AS type, e.payload FROM events e"
         " JOIN event_types t ON t.id = e.type_id WHERE e.id = l.event_id AND l.sort_at_ms <= $8 LIMIT 1) m ON true"
         ") d ON true ORDER BY d.sort_at_ms, d.id";
}
constexpr int kDueWidth = 4;

}  // namespace

Awaitable<Result<DuePage>> read_due(PgRead read, DueQuery query) {
  static const std::string kSelect = due_sql();
  PgStatement statement{kSelect.c_str(), {}};
  statement.params.add(std::int64_t{partition_of(query.webhook)})
      .add(query.webhook.value)
      .add(query.organization.value)
      .add(unix_ms(query.after_sort_at))
      .add(query.after_id.value)
      .add(static_cast<std::int64_t>(query.limit) + 1)
      .add(static_cast<std::int64_t>(query.payload_bytes))
      .add(unix_ms(query.until));
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  DuePage page;
  page.seen = read_point_of(rows->text(0, 0));
  if (rows->is_null(0, kDueWidth)) co_return page;
  for (int row = 0; row < rows->size(); ++row) {
    PendingDelivery delivery = pending_from_row(*rows, row, kDueWidth);
    if (delivery.sort_at > query.until || page.rows.size() == query.limit) {
      page.next_sort_at = delivery.sort_at;
      break;
    }
    if (rows->integer(row, 1) != 0)
      delivery.message = make_message(delivery.event, rows->text(row, 2), rows->text(row, 3));
    page.rows.push_back(std::move(delivery));
  }
  co_return page;
}

Awaitable<Result<LanePage>> read_lanes(PgRead read, PartitionSet partitions, WebhookId after, std::size_t limit) {
  PgStatement statement{
      "SELECT s.seen, l.id, l.sort_at_ms FROM (SELECT pg_current_snapshot()::text AS seen) s LEFT JOIN LATERAL ("
      "SELECT w.id, d.sort_at_ms FROM webhooks w CROSS JOIN LATERAL (SELECT d.sort_at_ms FROM deliveries d"
      " WHERE d.partition = w.partition AND d.webhook_id = w.id AND d.state = 0 ORDER BY d.sort_at_ms, d.id LIMIT 1) d"
      " WHERE NOT w.deleted AND w.partition = ANY ($1) AND w.id > $2 ORDER BY w.id LIMIT $3) l ON true ORDER BY l.id",
      {}};
  statement.params.add_array(std::span<const std::int16_t>(partition_numbers(partitions)));
  statement.params.add(after.value).add(static_cast<std::int64_t>(limit));
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  LanePage page;
  page.seen = read_point_of(rows->text(0, 0));
  for (int row = 0; row < rows->size(); ++row)
    if (!rows->is_null(row, 1))
      page.lanes.push_back({WebhookId{rows->integer(row, 1)}, from_unix_ms(rows->integer(row, 2))});
  page.done = page.lanes.size() < limit;
  co_return page;
}

Awaitable<Result<std::vector<MessagePtr>>> read_messages(PgRead read, std::vector<EventId> events,
                                                         std::size_t payload_bytes) {
  std::vector<std::int64_t> ids;
  ids.reserve(events.size());
  for (const EventId event : events) ids.push_back(event.value);
  PgStatement statement{
      "SELECT name, payload FROM (SELECT x.i, m.name, m.payload,"
      " sum(octet_length(m.payload)) OVER (ORDER BY x.i) AS sum"
      " FROM unnest($1) WITH ORDINALITY x(id, i) LEFT JOIN LATERAL (SELECT t.name, e.payload FROM events e"
      " JOIN event_types t ON t.id = e.type_id WHERE e.id = x.id LIMIT 1) m ON true) r"
      " WHERE i = 1 OR coalesce(sum, 0) <= $2 ORDER BY i",
      {}};
  statement.params.add_array(std::span<const std::int64_t>(ids)).add(static_cast<std::int64_t>(payload_bytes));
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  std::vector<MessagePtr> messages(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) {
    const auto i = static_cast<std::size_t>(row);
    if (!rows->is_null(row, 0)) messages[i] = make_message(events[i], rows->text(row, 0), rows->text(row, 1));
  }
  co_return messages;
}

// ---- Jobs and the catalog ----------------------------------------------------------------------------------------

namespace {

constexpr const char* kOpenJobs = "SELECT id, rate FROM jobs WHERE state < 2 ORDER BY id";

std::vector<JobSummary> open_jobs_of(const PgRows& rows) {
  std::vector<JobSummary> open;
  open.reserve(static_cast<std::size_t>(rows.size()));
  for (int row = 0; row < rows.size(); ++row)
    open.push_back({JobId{rows.integer(row, 0)}, static_cast<std::uint32_t>(rows.integer(row, 1))});
  return open;
}

/// Organizations with the version that is known of them ($1, $2), or all at 0.
constexpr const char* kMarks =
    "WITH marks AS (SELECT * FROM unnest($1, $2) AS m(organization_id, version) UNION ALL"
    " SELECT id, 0 FROM organizations WHERE cardinality($1) = 0 AND version > 0)";

}  // namespace

Awaitable<Result<std::vector<JobSummary>>> read_open_jobs(PgRead read) {
  PgStatement statement{kOpenJobs, {}};
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return open_jobs_of(*rows);
}

Awaitable<Result<Catalog>> load_catalog(PgRead read) {
  static const std::string kWebhooks =
      std::string("SELECT ") + kPgWebhookColumns + " FROM webhooks w WHERE NOT w.deleted";
  static const std::string kKeys = std::string("SELECT ") + kPgKeyColumns + " FROM api_keys k WHERE NOT k.deleted";
  std::vector<PgStatement> statements;
  for (const char* sql : {kWebhooks.c_str(), kKeys.c_str(), kOpenJobs, "SELECT last_value FROM ids",
                          "SELECT id, version FROM organizations WHERE version > 0"})
    statements.push_back({sql, {}});
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  Catalog catalog;
  const PgRows& webhooks = rows->at(0);
  for (int row = 0; row < webhooks.size(); ++row) catalog.webhooks.push_back(webhook_from_row(webhooks, row));
  const PgRows& keys = rows->at(1);
  for (int row = 0; row < keys.size(); ++row) catalog.keys.push_back(api_key_from_row(keys, row));
  catalog.open_jobs = open_jobs_of(rows->at(2));
  catalog.at = time_of_id(rows->at(3).integer(0, 0));
  const PgRows& versions = rows->at(4);
  for (int row = 0; row < versions.size(); ++row)
    catalog.versions.push_back(
        {OrganizationId{versions.integer(row, 0)}, static_cast<std::uint64_t>(versions.integer(row, 1))});
  co_return catalog;
}

Awaitable<Result<CatalogChanges>> read_catalog_changes(PgRead read, std::vector<CatalogMark> after) {
  static const std::string kWebhooks =
      std::string(kMarks) + " SELECT " + kPgWebhookColumns +
      " FROM marks m JOIN webhooks w ON w.organization_id = m.organization_id AND w.version > m.version"
      " ORDER BY w.version, w.id";
  static const std::string kKeys =
      std::string(kMarks) + " SELECT " + kPgKeyColumns +
      ", k.deleted FROM marks m JOIN api_keys k ON k.organization_id = m.organization_id AND k.version > m.version"
      " ORDER BY k.version, k.id";
  static const std::string kVersions =
      std::string(kMarks) +
      " SELECT m.organization_id, coalesce(o.version, 0) FROM marks m LEFT JOIN organizations o"
      " ON o.id = m.organization_id";
  std::vector<std::int64_t> organizations;
  std::vector<std::int64_t> versions;
  for (const CatalogMark& mark : after) {
    organizations.push_back(mark.organization.value);
    versions.push_back(static_cast<std::int64_t>(mark.version));
  }
  std::vector<PgStatement> statements;
  for (const std::string* sql : {&kWebhooks, &kKeys, &kVersions}) {
    PgStatement statement{sql->c_str(), {}};
    statement.params.add_array(std::span<const std::int64_t>(organizations));
    statement.params.add_array(std::span<const std::int64_t>(versions));
    statements.push_back(std::move(statement));
  }
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  CatalogChanges changes;
  const PgRows& webhooks = rows->at(0);
  for (int row = 0; row < webhooks.size(); ++row) changes.webhooks.push_back(webhook_from_row(webhooks, row));
  const PgRows& keys = rows->at(1);
  for (int row = 0; row < keys.size(); ++row)
    changes.keys.push_back({api_key_from_row(keys, row), keys.integer(row, kPgKeyWidth) != 0});
  const PgRows& known = rows->at(2);
  for (int row = 0; row < known.size(); ++row)
    changes.versions.push_back(
        {OrganizationId{known.integer(row, 0)}, static_cast<std::uint64_t>(known.integer(row, 1))});
  co_return changes;
}

}  // namespace eventrelay::postgres_queries
