// What both databases hold people's changes to: who may touch whom, how long sessions last, what a refusal says.
// Pure functions; any thread.
#pragma once
#include <optional>

#include "ports/people.h"

namespace eventrelay {

/// The setting's name in the table `settings`.
inline constexpr const char* kRetentionDaysSetting = "retention_days";

WallTime session_expiry(WallTime began, WallTime seen);

/// What stands against making a member who is `from` `to` (unset: none any more). other_owner: the organization has an
/// owner beside them.
std::optional<Error> role_fault(Role by, Role from, std::optional<Role> to, bool other_owner);

/// The entry as it is written: what it leaves open is what the change made, and where.
AuditEntry completed(AuditEntry entry, OrganizationId where, std::string made);

inline Error owners_alone() {
  return {ErrorCode::kForbidden, "Only an owner makes owners, and changes what owners are", {}};
}
inline Error too_many_organizations() {
  return conflict("Nobody belongs to more than " + std::to_string(kOrganizationsOfUserMax) + " organizations");
}
inline Error has_an_account() {
  return conflict("The e-mail address has an account: sign in to accept");
}
inline Error is_a_member() {
  return conflict("You are a member of the organization already");
}
inline Error known_token() {
  return conflict("This token exists already");
}

}  // namespace eventrelay
