#include "api/caller.h"

#include "api/problem.h"
#include "domain/header_rules.h"

namespace eventrelay {
namespace {

/// No key is an owner. One that may publish alone has no role.
std::optional<Role> role_of(Scope scope) {
  switch (scope) {
    case Scope::kAdmin:
      return Role::kAdmin;
    case Scope::kRead:
      return Role::kViewer;
    case Scope::kPublish:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view needed(Access access) {
  switch (access) {
    case Access::kPerson:
      return "This is for people who have signed in: no API key may do it.";
    case Access::kPublish:
      return "This needs the role developer, or a key with the scope publish or admin.";
    case Access::kViewer:
      return "This needs a role, or a key with the scope read or admin.";
    case Access::kDeveloper:
      return "This needs the role developer, or a key with the scope admin.";
    case Access::kOwner:
      return "This needs the role owner: no API key has it.";
    default:
      return "This needs the role admin, or a key with the scope admin.";
  }
}

}  // namespace

std::string_view presented_key(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  auto authorization = request.header("authorization");
  if (authorization.size() > kScheme.size() && equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    authorization.remove_prefix(kScheme.size());
    while (authorization.starts_with(' ')) authorization.remove_prefix(1);
    return authorization;
  }
  return request.header("x-api-key");
}

Caller caller_by_key(std::string_view key, const LoopCatalog& catalog) {
  return caller_by_key(key.empty() ? nullptr : catalog.find_key(key));
}

Caller caller_by_key(const ApiKey* key) {
  Caller caller;
  if (key == nullptr) return caller;
  caller.organization = key->organization;
  caller.role = role_of(key->scope);
  caller.key = key->id;
  caller.token = key->hash;
  return caller;
}

Caller caller_by_session(Session session, const Sha256& token) {
  Caller caller;
  caller.organization = session.organization.id;
  caller.role = session.organization.role;
  caller.session = std::make_shared<const Session>(std::move(session));
  caller.token = token;
  return caller;
}

bool may(const Caller& caller, Access access) {
  switch (access) {
    case Access::kOpen:
      return true;
    case Access::kKnown:
      return caller.is_known();
    case Access::kPerson:
      return caller.session != nullptr;
    case Access::kPublish:
      return caller.is_at_least(Role::kDeveloper) || (caller.key && !caller.role);
    case Access::kViewer:
      return caller.is_at_least(Role::kViewer);
    case Access::kDeveloper:
      return caller.is_at_least(Role::kDeveloper);
    case Access::kAdmin:
      return caller.is_at_least(Role::kAdmin);
    case Access::kOwner:
      return caller.is_at_least(Role::kOwner);
  }
  return false;
}

std::string actor_of(const Caller& caller) {
  return caller.session ? caller.session->user.email : to_text(caller.key);
}

HttpResponse unauthorized() {
  auto response = problem(401, "", "Sign in, or send an API key: `Authorization: Bearer KEY` or `X-API-Key: KEY`.");
  response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

HttpResponse forbidden(Access access) {
  return problem(403, "", needed(access));
}

}  // namespace eventrelay
