#include "api/api.h"

#include <algorithm>

#include "api/json_body.h"
#include "api/routes.h"
#include "base/crypto.h"

namespace eventrelay {
namespace {

/// Bodies of everything but events are small.
constexpr std::size_t kSmallBodyBytesMax = 64 * 1024;

/// A page of another site can send a body without a type, unasked.
std::optional<HttpResponse> untyped_refusal(const HttpRequest& request) {
  if (request.body.empty() || !media_type(request).empty()) return std::nullopt;
  return problem(415, "", "The body must be application/json, and say so.");
}

/// The answer to what the route would not look at. Without a body, or with {}, there is nothing in it.
std::optional<HttpResponse> unused_input(Takes takes, const HttpRequest& request, std::string_view query) {
  if (takes == Takes::kAnything) return std::nullopt;
  std::vector<FieldError> faults;
  if (takes != Takes::kQuery && !query.empty()) faults = Parameters::from_query(query).finish();
  if (takes != Takes::kBody && !request.body.empty()) {
    if (auto refusal = media_type_refusal(request)) return refusal;
    auto parsed = parse_object(request.body);
    if (parsed.refusal) return std::move(parsed.refusal);
    JsonObject(std::move(parsed.value), "", faults).finish();
  }
  if (faults.empty()) return std::nullopt;
  return invalid_input(faults);
}

}  // namespace

Awaitable<Result<ChangeResult>> change(ApiContext& api, Change intent) {
  auto committed = completion_of<Result<ChangeResult>>(
      [&](auto done) { api.store.change(api.loop, std::move(intent), std::move(done)); });
  co_return co_await std::move(committed);
}

Awaitable<Result<PeopleResult>> change_people(ApiContext& api, PeopleChange intent) {
  auto committed = completion_of<Result<PeopleResult>>(
      [&](auto done) { api.people.change_people(api.loop, std::move(intent), std::move(done)); });
  co_return co_await std::move(committed);
}

Awaitable<Result<Caller>> find_session_caller(ApiContext& api, const HttpRequest& request) {
  const auto cookie = session_cookie(api.options.site, request);
  if (cookie.empty() || !api.options.site.can_sign_in()) co_return Caller();
  const auto token = sha256(cookie);
  auto read = api.people.find_session(api.loop, token);
  auto session = co_await std::move(read);
  if (!session && session.error().code == ErrorCode::kNotFound) co_return Caller();
  if (!session) co_return session.error();
  if (api.loop.wall_now() - session->seen_at >= kSessionTouchEvery) {
    // Nobody waits for it: where it fails, the next request does it.
    api.people.change_people(api.loop, TouchSession{token}, [](const Result<PeopleResult>&) {});
  }
  co_return caller_by_session(std::move(*session), token);
}

AuditEntry audit_of(const ApiContext& api, const ApiCall& call, std::string_view action, std::string target) {
  return {call.organization, actor_of(call.caller), std::string(action), std::move(target),
          client_address(api.options.site, call.request)};
}

Api::Api(const ApiPorts& ports, ApiOptions options)
    : context_(new ApiContext{ports, std::move(options)}), router_(std::make_unique<Router>()) {
  add_system_routes(*router_);
  if (!context_->options.serves_api) return;
  add_event_routes(*router_);
  add_webhook_routes(*router_);
  add_delivery_routes(*router_);
  add_dlq_routes(*router_);
  add_job_routes(*router_);
  add_key_routes(*router_);
  add_metrics_routes(*router_);
  add_stream_routes(*router_);
  add_session_routes(*router_);
  add_accept_route(*router_);
  add_people_routes(*router_);
  add_organization_routes(*router_);
  add_settings_routes(*router_);
  add_receiver_routes(*router_);
  add_dashboard_routes(*router_);
}

Api::~Api() = default;

/// Where a request goes.
struct Api::Way {
  RouteMatch match;
  const Route* route = nullptr;
  std::string_view query;
  bool is_open = false;  ///< nobody is asked who they are
};

Api::Way Api::find_way(const HttpRequest& request) const {
  const auto question = std::min(request.target.find('?'), request.target.size());
  const auto path = request.target.substr(0, question);
  Way way;
  way.match = router_->match(path);
  if (way.match.routes != nullptr) way.route = way.match.find(request.method);
  way.query = request.target.substr(std::min(question + 1, request.target.size()));
  // Nobody learns without a key or a session what there is below /api; elsewhere there are no secrets.
  way.is_open = way.route != nullptr ? way.route->access == Access::kOpen : !path.starts_with("/api/");
  return way;
}

std::optional<Caller> Api::caller_at_once(const Way& way, const HttpRequest& request) const {
  if (way.is_open) return Caller();
  const auto key = presented_key(request);
  if (key.empty() && !session_cookie(context_->options.site, request).empty()) return std::nullopt;
  return caller_by_key(key, context_->catalog);
}

std::optional<HttpResponse> Api::refusal_of(const Way& way, const Caller& caller, const HttpRequest& request) const {
  if (!way.is_open && !caller.is_known()) return unauthorized();
  if (way.match.routes == nullptr) return problem(404, "", "There is nothing at this path.");
  if (way.route == nullptr) {
    auto refusal = problem(405, "", "The path does not have this method.");
    refusal.headers.emplace_back("allow", way.match.allowed());
    return refusal;
  }
  if (!may(caller, way.route->access)) return forbidden(way.route->access);
  // A browser sends a cookie along whoever made it ask; a key is only sent by who has it.
  return caller.key ? std::nullopt : origin_refusal(context_->options.site, request);
}

Awaitable<HttpResponse> Api::handle(HttpRequest request) {
  const auto way = find_way(request);
  auto caller = caller_at_once(way, request);
  if (!caller) return handle_session(way, std::move(request));
  return answer(way, std::move(*caller), std::move(request));
}

Awaitable<HttpResponse> Api::handle_session(Way way, HttpRequest request) {
  auto found = find_session_caller(*context_, request);
  auto caller = co_await std::move(found);
  if (!caller) co_return problem_of(caller.error());
  auto answered = answer(way, std::move(*caller), std::move(request));
  co_return co_await std::move(answered);
}

Awaitable<HttpResponse> Api::answer(const Way& way, Caller caller, HttpRequest request) {
  if (auto refusal = refusal_of(way, caller, request)) return answer_at_once(std::move(*refusal));
  if (!caller.key && way.route->takes != Takes::kAnything) {
    if (auto refusal = untyped_refusal(request)) return answer_at_once(std::move(*refusal));
  }
  if (auto refusal = unused_input(way.route->takes, request, way.query)) return answer_at_once(std::move(*refusal));
  ApiCall call;
  call.query = way.query;
  call.id = way.match.id;
  call.organization = caller.organization;
  call.caller = std::move(caller);
  call.request = std::move(request);
  return way.route->handler(*context_, std::move(call));
}

Awaitable<std::optional<HttpResponse>> Api::refusal(const HttpRequest& request) {
  const auto way = find_way(request);
  auto caller = caller_at_once(way, request);
  if (!caller) {
    auto found = find_session_caller(*context_, request);
    auto known = co_await std::move(found);
    if (!known) co_return problem_of(known.error());
    caller = std::move(*known);
  }
  co_return refusal_of(way, *caller, request);
}

std::size_t Api::body_limit(std::string_view method, std::string_view target) const {
  const auto path = target.substr(0, std::min(target.find('?'), target.size()));
  if (method == "POST" && path == "/api/events") return context_->options.event_bytes_max;
  if (method == "POST" && path == "/api/events/batch") return kBatchBytesMax;
  return kSmallBodyBytesMax;
}

}  // namespace eventrelay
