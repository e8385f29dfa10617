#include "storage/sqlite_filter.h"

#include <chrono>

#include "storage/sqlite_session.h"

namespace eventrelay {

namespace {

/// Rows between two looks at the clock.
constexpr std::int64_t kRowsPerClockLook = 1'024;
/// Every dead delivery of an organization, as the commits have counted them.
std::int64_t read_dead_gauge(SqliteDb& db, OrganizationId organization) {
  auto row = db.use("SELECT dead FROM gauges WHERE organization_id = ?1");
  row.bind(organization.value);
  return row.step() ? row.integer(0) : 0;
}

std::string dead_sql(bool of_webhook, DeadScan::Order order) {
  std::string sql = std::string("SELECT ") + kPendingColumns + ", type_id, tenant_id, ended_id FROM deliveries";
  sql += of_webhook ? " INDEXED BY deliveries_dead_of_webhook WHERE webhook_id = ?1"
                    : " INDEXED BY deliveries_dead WHERE organization_id = ?1";
  sql += " AND state = 2 AND ended_id > ?2 AND ended_id <= ?3 AND organization_id = ?4 ORDER BY ended_id";
  if (order == DeadScan::Order::kNewestFirst) sql += " DESC";
  return sql;
}

}  // namespace

std::int64_t find_name(SqliteDb& db, const char* table, OrganizationId organization, const std::string& name) {
  auto row = db.use_text(std::string("SELECT id FROM ") + table + " WHERE organization_id = ?1 AND name = ?2");
  row.bind(organization.value).bind(name);
  return row.step() ? row.integer(0) : -1;
}

RowFilter::RowFilter(SqliteDb& db, OrganizationId organization, const DeliveryFilter& filter) : state_(filter.state) {
  if (filter.webhook) webhook_ = filter.webhook->value;
  if (filter.event) event_ = filter.event->value;
  if (!filter.type.empty()) type_ = find_name(db, "event_types", organization, filter.type);
  if (!filter.tenant.empty()) tenant_ = find_name(db, "tenants", organization, filter.tenant);
  ids_ = ids_made(filter.after, filter.before);
}

bool RowFilter::matches(DeliveryState state, std::int64_t webhook, std::int64_t event, std::int64_t type,
                        std::int64_t tenant) const {
  return (!state_ || *state_ == state) && (!webhook_ || *webhook_ == webhook) && (!event_ || *event_ == event) &&
         (!type_ || *type_ == type) && (!tenant_ || *tenant_ == tenant);
}

DeadScan::DeadScan(SqliteDb& db, OrganizationId organization, const DeliveryFilter& filter, std::int64_t after,
                   std::int64_t upto, Order order)
    : filter_(db, organization, filter), rows_(db.use_text(dead_sql(filter.webhook.has_value(), order))) {
  rows_.bind(filter.webhook ? filter.webhook->value : organization.value);
  rows_.bind(after).bind(upto).bind(organization.value);
}

bool DeadScan::matches() const {
  return filter_.in_time(rows_.integer(0)) && filter_.matches(DeliveryState::kDead, rows_.integer(2), rows_.integer(3),
                                                              rows_.integer(11), rows_.integer(12));
}

std::int64_t DeadScan::ended_id() const {
  return rows_.integer(13);
}

PendingDelivery DeadScan::delivery() const {
  return pending_from_row(rows_);
}

DeadCount count_dead_rows(SqliteDb& db, OrganizationId organization, const DeliveryFilter& filter, std::int64_t upto) {
  if (selects_all_dead(filter)) return {read_dead_gauge(db, organization), true};
  DeadScan scan(db, organization, filter, 0, upto, DeadScan::Order::kOldestFirst);
  const auto ends = std::chrono::steady_clock::now() + kCountTimeout;
  DeadCount counted;
  for (std::int64_t examined = 1; scan.next(); ++examined) {
    if (scan.matches()) counted.count += 1;
    if (examined % kRowsPerClockLook == 0 && std::chrono::steady_clock::now() > ends) return counted;
  }
  counted.is_complete = true;
  return counted;
}

}  // namespace eventrelay
