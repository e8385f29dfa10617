// Lists' filters over rows of deliveries. Used by one thread with its connection.
#pragma once
#include <optional>
#include <string>

#include "ports/store.h"
#include "storage/list_rules.h"
#include "storage/sqlite_db.h"

namespace eventrelay {

/// The rest of a filter, checked row by row. A type or tenant that never was matches nothing.
class RowFilter {
 public:
  RowFilter(SqliteDb& db, OrganizationId organization, const DeliveryFilter& filter);
  bool matches(DeliveryState state, std::int64_t webhook, std::int64_t event, std::int64_t type,
               std::int64_t tenant) const;
  /// From after and before.
  IdRange ids() const { return ids_; }
  bool in_time(std::int64_t id) const { return id >= ids_.from && id < ids_.to; }

 private:
  std::optional<DeliveryState> state_;
  std::optional<std::int64_t> webhook_, event_, type_, tenant_;
  IdRange ids_;
};

/// The id of a name in `table` ("event_types", "tenants"); -1 when it never was.
std::int64_t find_name(SqliteDb& db, const char* table, OrganizationId organization, const std::string& name);

/// Walks the dead deliveries of an organization, or of the filter's webhook, in the order of their death.
class DeadScan {
 public:
  enum class Order { kOldestFirst, kNewestFirst };
  /// Deaths in (after, upto].
  DeadScan(SqliteDb& db, OrganizationId organization, const DeliveryFilter& filter, std::int64_t after,
           std::int64_t upto, Order order);
  bool next() { return rows_.step(); }
  /// Of the current row.
  bool matches() const;
  std::int64_t ended_id() const;
  PendingDelivery delivery() const;

 private:
  RowFilter filter_;
  SqliteStatement rows_;
};

/// Matching deaths up to and with `upto`. Without a filter, `upto` is taken for the last of all.
DeadCount count_dead_rows(SqliteDb& db, OrganizationId organization, const DeliveryFilter& filter, std::int64_t upto);

}  // namespace eventrelay
