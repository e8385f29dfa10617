// The HTTP API of one event loop: who may, which route, the answer. Belongs to its loop's thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/site.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "domain/target_url.h"
#include "engine/intake.h"
#include "net/http_types.h"
#include "ports/people.h"
#include "ports/receiver.h"
#include "ports/store_queries.h"

namespace eventrelay {

class Activity;
struct ApiContext;
struct Caller;
class Router;
struct SignIn;

struct ApiOptions {
  std::size_t event_bytes_max = kEventBytesDefault;  ///< body of one event
  EgressRules rules;                                 ///< of the transport: what they refuse is refused at once
  bool serves_api = true;                            ///< false: what watches the process alone
  /// What the process depends on beside its store: its name and what is wrong with it, empty: nothing. It works
  /// without. On the loop's thread.
  std::function<std::vector<std::pair<std::string, std::string>>()> helpers;
  std::string_view store_name = "sqlite";
  std::string address;  ///< where it listens: "127.0.0.1:8080"
  Site site;
  int retention_days = 0;  ///< as the process was started
  WallTime started_at{};
};

/// What an Api works with. All of it outlives the Api, and is of the same loop or thread-safe.
struct ApiPorts {
  EventLoop& loop;
  Store& store;
  StoreQueries& queries;
  PeopleStore& people;
  Receiver& receiver;
  Intake& intake;
  const LoopCatalog& catalog;
  Metrics& metrics;
  SignIn& sign_in;
  Activity& activity;
};

class Api {
 public:
  Api(const ApiPorts& ports, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  Awaitable<HttpResponse> handle(HttpRequest request);
  /// Bytes that a request's body may have.
  std::size_t body_limit(std::string_view method, std::string_view target) const;
  /// The answer to a request that no route will see: of a stranger, without the role, to nowhere. Its body is not
  /// read. request: stays until then.
  Awaitable<std::optional<HttpResponse>> refusal(const HttpRequest& request);

 private:
  struct Way;
  Way find_way(const HttpRequest& request) const;
  /// Who comes with a key, or is not asked at all; nullopt: with a session, which takes the store.
  std::optional<Caller> caller_at_once(const Way& way, const HttpRequest& request) const;
  std::optional<HttpResponse> refusal_of(const Way& way, const Caller& caller, const HttpRequest& request) const;
  Awaitable<HttpResponse> handle_session(Way way, HttpRequest request);
  Awaitable<HttpResponse> answer(const Way& way, Caller caller, HttpRequest request);
  std::unique_ptr<ApiContext> context_;
  std::unique_ptr<Router> router_;
};

}  // namespace eventrelay
