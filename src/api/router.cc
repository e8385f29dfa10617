#include "api/router.h"

#include <cassert>

namespace eventrelay {
namespace {

constexpr std::string_view kApi = "/api";
constexpr std::string_view kRest = "/*";

}  // namespace

const Route* RouteMatch::find(std::string_view method) const {
  if (method == "HEAD") method = "GET";
  for (const auto& route : *routes) {
    if (route.method == method) return &route;
  }
  return nullptr;
}

std::string RouteMatch::allowed() const {
  std::string list;
  for (const auto& route : *routes) {
    if (!list.empty()) list.append(", ");
    list.append(route.method);
  }
  return list;
}

void Router::add(std::string_view method, std::string_view path, Access access, Takes takes, RouteHandler handler) {
  const auto id = path.find("{id}");
  if (id == std::string_view::npos) {
    literal_[path].push_back({method, access, takes, handler});
  } else {
    std::string key(path.substr(0, id));
    with_id_[key.append(path.substr(id + 4))].push_back({method, access, takes, handler});
  }
}

RouteMatch Router::match(std::string_view path) const {
  if (const auto found = literal_.find(path); found != literal_.end()) return {&found->second, {}};
  if (!path.starts_with('/') || path == kApi) return {};
  if (!path.starts_with(kApi) || path[kApi.size()] != '/') {
    const auto rest = literal_.find(kRest);
    return rest == literal_.end() ? RouteMatch{} : RouteMatch{&rest->second, {}};
  }
  // "/api/RESOURCE/ID" or "/api/RESOURCE/ID/ACTION".
  const auto resource_end = path.find('/', kApi.size() + 1);
  if (resource_end == std::string_view::npos) return {};
  const auto id_end = std::min(path.find('/', resource_end + 1), path.size());
  const auto id = path.substr(resource_end + 1, id_end - resource_end - 1);
  if (id.empty()) return {};
  std::string key(path.substr(0, resource_end + 1));
  const auto found = with_id_.find(key.append(path.substr(id_end)));
  if (found == with_id_.end()) return {};
  return {&found->second, id};
}

}  // namespace eventrelay
