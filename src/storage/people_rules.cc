#include "storage/people_rules.h"

#include <algorithm>

namespace eventrelay {

WallTime session_expiry(WallTime began, WallTime seen) {
  return std::min(seen + kSessionIdleMax, began + kSessionMax);
}

std::optional<Error> role_fault(Role by, Role from, std::optional<Role> to, bool other_owner) {
  if (!may_set_role(by, from, to)) return owners_alone();
  if (from == Role::kOwner && to != Role::kOwner && !other_owner)
    return conflict("The organization would have no owner: make somebody else one first");
  return std::nullopt;
}

AuditEntry completed(AuditEntry entry, OrganizationId where, std::string made) {
  if (!entry.organization) entry.organization = where;
  if (entry.target.empty()) entry.target = std::move(made);
  return entry;
}

}  // namespace eventrelay
