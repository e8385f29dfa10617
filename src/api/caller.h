// Who is calling, and may they. One loop's; reads its catalog.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "domain/people.h"
#include "engine/catalog.h"
#include "net/http_types.h"
#include "ports/people.h"

namespace eventrelay {

/// What a caller needs to be let in.
enum class Access : std::uint8_t {
  kOpen,     ///< nothing: nobody is asked who they are
  kKnown,    ///< any key or session
  kPerson,   ///< a session
  kPublish,  ///< to send events: the role developer, or a key for it
  kViewer,   ///< from here on the role, or a key that counts as it
  kDeveloper,
  kAdmin,
  kOwner,
};

/// A key, or a person in the organization that their session is in; at first nobody.
struct Caller {
  OrganizationId organization{};
  std::optional<Role> role;  ///< none: nobody, or a key that may publish alone
  ApiKeyId key;              ///< 0: none
  std::shared_ptr<const Session> session;
  Sha256 token{};  ///< the session's

  bool is_known() const { return key || session; }
  bool is_at_least(Role least) const { return role && *role >= least; }
};

/// The key's text from `Authorization: Bearer KEY`, else from `X-API-Key`; empty when there is none.
std::string_view presented_key(const HttpRequest& request);
/// Nobody where the key is not known.
Caller caller_by_key(std::string_view key, const LoopCatalog& catalog);
Caller caller_by_session(Session session, const Sha256& token);

bool may(const Caller& caller, Access access);
/// For the audit log: an e-mail address or a key's id.
std::string actor_of(const Caller& caller);

HttpResponse unauthorized();
HttpResponse forbidden(Access access);

}  // namespace eventrelay
