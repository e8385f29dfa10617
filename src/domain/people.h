// Who may do what, and what is written down of it: the roles of people in an organization, their e-mail addresses, the
// audit log's entries. Values and pure functions; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace eventrelay {

/// Each may what those before it may.
enum class Role : std::uint8_t { kViewer = 0, kDeveloper = 1, kAdmin = 2, kOwner = 3 };
std::string_view to_text(Role role);  ///< "viewer", "developer", "admin", "owner"
std::optional<Role> parse_role(std::string_view text);

/// Whether `by` may make somebody `to` who is `from`; unset: who does not belong to the organization. Owners are the
/// affair of owners.
bool may_set_role(Role by, std::optional<Role> from, std::optional<Role> to);

/// An e-mail address as it is kept and compared, in lower case; nullopt: it is none. Printable ASCII alone: of two that
/// look alike no two are different.
std::optional<std::string> parse_email(std::string_view text);

/// What somebody did, as people read it. UTF-8 without NUL.
struct AuditEntry {
  OrganizationId organization;  ///< in whose log it is
  std::string actor;            ///< "ada@example.com", "key_…"
  std::string action;           ///< "webhook.update"
  std::string target;           ///< an id; empty: of what the change made
  std::string address;          ///< the caller's
};

}  // namespace eventrelay
