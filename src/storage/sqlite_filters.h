// The filters of lists of deliveries, with names turned into the numbers that rows carry. Any thread, on its Database.
#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "ports/store.h"
#include "storage/sqlite_db.h"

namespace eventrelay {

/// Half open, on a delivery's id: created_at is in it.
struct IdRange {
  std::int64_t from = 0;
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
  bool holds(std::int64_t id) const { return id >= from && id < below; }
};
IdRange id_range(std::optional<WallTime> after, std::optional<WallTime> before);

struct ResolvedFilter {
  OrganizationId organization;
  IdRange ids;
  std::optional<std::int64_t> webhook, event, type, tenant;

  /// All but the organization.
  bool fits(std::int64_t id, std::int64_t webhook_id, std::int64_t event_id, std::int64_t type_id,
            std::int64_t tenant_id) const;
  bool any() const;  ///< nothing but the organization is asked for
  /// The same as SQL, with the organization; numbers only. id_column: the delivery's id.
  std::string conditions(const std::string& id_column) const;
};

/// nullopt: a name that no row has, so that nothing can fit. The state is left to the caller.
std::optional<ResolvedFilter> resolve_filter(Database& db, OrganizationId organization, const DeliveryFilter& filter);
std::optional<std::int64_t> find_event_type(Database& db, OrganizationId organization, const std::string& name);
std::optional<std::int64_t> find_tenant(Database& db, OrganizationId organization, const std::string& name);

}  // namespace eventrelay
