// Which handler a method and path go to. Built once, then read only; any thread.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/caller.h"
#include "net/http_types.h"
#include "ports/store_queries.h"

namespace eventrelay {

struct ApiContext;

/// What a route looks at; anything else in a request is refused, so that nobody believes that it counts.
enum class Takes { kNothing, kQuery, kBody, kAnything };

/// One request on its way through a route. The views live as long as it is being answered.
struct ApiCall {
  HttpRequest request;
  std::string_view query;         ///< after the question mark
  std::string_view id;            ///< what stands for {id} in the path
  OrganizationId organization{};  ///< the caller's
  Caller caller;
};

using RouteHandler = Awaitable<HttpResponse> (*)(ApiContext& api, ApiCall call);

struct Route {
  std::string_view method;
  Access access = Access::kAdmin;
  Takes takes = Takes::kNothing;
  RouteHandler handler = nullptr;
};

/// What a path has; methods are few, so they are looked through.
struct RouteMatch {
  const std::vector<Route>* routes = nullptr;  ///< nullptr: no such path
  std::string_view id;

  /// HEAD finds GET. nullptr: 405.
  const Route* find(std::string_view method) const;
  /// For the Allow header: "GET, POST".
  std::string allowed() const;
};

class Router {
 public:
  /// path: a literal one, one with a single {id} as its third word: "/api/events/{id}/replay", or "/*": every path that
  /// is not below /api. Literals win.
  void add(std::string_view method, std::string_view path, Access access, Takes takes, RouteHandler handler);
  /// path: without the query.
  RouteMatch match(std::string_view path) const;

 private:
  std::unordered_map<std::string_view, std::vector<Route>> literal_;
  /// Key: what is left of the path without its id: "/api/events/" + "/replay".
  std::unordered_map<std::string, std::vector<Route>> with_id_;
};

}  // namespace eventrelay
