#include "api/api.h"

#include <algorithm>

#include "api/authentication.h"
#include "api/json_body.h"
#include "api/routes.h"

namespace eventrelay {
namespace {

/// Bodies of everything but events are small.
constexpr std::size_t kSmallBodyBytesMax = 64 * 1024;

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

Api::Api(EventLoop& loop, Store& store, StoreQueries& queries, Intake& intake, const LoopCatalog& catalog,
         Metrics& metrics, ApiOptions options)
    : context_(new ApiContext{loop, store, queries, intake, catalog, metrics, std::move(options), ParseThread(loop)}),
      router_(std::make_unique<Router>()) {
  add_system_routes(*router_);
  if (!context_->options.serves_api) return;
  add_event_routes(*router_);
  add_webhook_routes(*router_);
  add_delivery_routes(*router_);
  add_dlq_routes(*router_);
  add_job_routes(*router_);
  add_key_routes(*router_);
  add_metrics_routes(*router_);
  add_dashboard_routes(*router_);
}

Api::~Api() = default;

/// Where a request goes: to its route, or no further than its refusal.
struct Api::Way {
  const Route* route = nullptr;
  ApiCall call;  ///< without its request
  std::optional<HttpResponse> refusal;
};

Api::Way Api::find_way(const HttpRequest& request) const {
  const auto question = std::min(request.target.find('?'), request.target.size());
  const auto path = request.target.substr(0, question);
  const auto match = router_->match(path);
  const auto* route = match.routes != nullptr ? match.find(request.method) : nullptr;
  Way way;
  if (route == nullptr || route->access != Access::kOpen) {
    const auto* key = authenticate(request, context_->catalog);
    // Nobody learns without a key what there is below /api; elsewhere there are no secrets.
    if (key == nullptr && path.starts_with("/api/")) {
      way.refusal = unauthorized();
      return way;
    }
    if (key != nullptr) {
      way.call.organization = key->organization;
      way.call.scope = key->scope;
    }
  }
  if (match.routes == nullptr) {
    way.refusal = problem(404, "", "There is nothing at this path.");
  } else if (route == nullptr) {
    way.refusal = problem(405, "", "The path does not have this method.");
    way.refusal->headers.emplace_back("allow", match.allowed());
  } else if (!may(way.call.scope, route->access)) {
    way.refusal = forbidden(route->access);
  } else {
    way.route = route;
    way.call.query = request.target.substr(std::min(question + 1, request.target.size()));
    way.call.id = match.id;
  }
  return way;
}

Awaitable<HttpResponse> Api::handle(HttpRequest request) {
  auto way = find_way(request);
  if (way.refusal) return answer_at_once(std::move(*way.refusal));
  if (auto refusal = unused_input(way.route->takes, request, way.call.query))
    return answer_at_once(std::move(*refusal));
  way.call.request = std::move(request);
  return way.route->handler(*context_, std::move(way.call));
}

std::optional<HttpResponse> Api::refusal(const HttpRequest& request) const {
  return find_way(request).refusal;
}

std::size_t Api::body_limit(std::string_view method, std::string_view target) const {
  const auto path = target.substr(0, std::min(target.find('?'), target.size()));
  if (method == "POST" && path == "/api/events") return context_->options.event_bytes_max;
  if (method == "POST" && path == "/api/events/batch") return kBatchBytesMax;
  return kSmallBodyBytesMax;
}

}  // namespace eventrelay
