#include "api/authentication.h"

#include "api/problem.h"
#include "domain/header_rules.h"

namespace eventrelay {

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

const ApiKey* authenticate(const HttpRequest& request, const LoopCatalog& catalog) {
  const auto key = presented_key(request);
  return key.empty() ? nullptr : catalog.find_key(key);
}

bool may(Scope scope, Access access) {
  if (scope == Scope::kAdmin || access == Access::kOpen) return true;
  return scope == Scope::kRead ? access == Access::kRead : access == Access::kPublish;
}

HttpResponse unauthorized() {
  auto response = problem(401, "", "An API key is needed: `Authorization: Bearer KEY` or `X-API-Key: KEY`.");
  response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

HttpResponse forbidden(Access access) {
  switch (access) {
    case Access::kRead:
      return problem(403, "", "This needs a key with the scope read or admin.");
    case Access::kPublish:
      return problem(403, "", "This needs a key with the scope publish or admin.");
    default:
      return problem(403, "", "This needs a key with the scope admin.");
  }
}

}  // namespace eventrelay
