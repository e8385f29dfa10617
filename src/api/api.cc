#include "api/api.h"

#include <algorithm>

#include "api/authentication.h"
#include "api/routes.h"

namespace eventrelay {
namespace {

/// Bodies of everything but events are small.
constexpr std::size_t kSmallBodyBytesMax = 64 * 1024;

Awaitable<HttpResponse> ready(HttpResponse response) {
  co_return response;
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
  add_event_routes(*router_);
  add_webhook_routes(*router_);
  add_delivery_routes(*router_);
  add_dlq_routes(*router_);
  add_job_routes(*router_);
  add_key_routes(*router_);
  add_metrics_routes(*router_);
  add_system_routes(*router_);
}

Api::~Api() = default;

Awaitable<HttpResponse> Api::handle(HttpRequest request) {
  const auto question = std::min(request.target.find('?'), request.target.size());
  const auto path = request.target.substr(0, question);
  const auto match = router_->match(path);
  const auto* route = match.routes != nullptr ? match.find(request.method) : nullptr;
  ApiCall call;
  if (route == nullptr || route->access != Access::kOpen) {
    const auto* key = authenticate(request, context_->catalog);
    // Nobody learns without a key what there is below /api; elsewhere there are no secrets.
    if (key == nullptr && path.starts_with("/api/")) return ready(unauthorized());
    if (key != nullptr) {
      call.organization = key->organization;
      call.scope = key->scope;
    }
  }
  if (match.routes == nullptr) return ready(problem(404, "", "There is nothing at this path."));
  if (route == nullptr) {
    auto response = problem(405, "", "The path does not have this method.");
    response.headers.emplace_back("allow", match.allowed());
    return ready(std::move(response));
  }
  if (route->access != Access::kOpen && !may(call.scope, route->access)) return ready(forbidden(route->access));
  call.query = request.target.substr(std::min(question + 1, request.target.size()));
  call.id = match.id;
  call.request = std::move(request);
  return route->handler(*context_, std::move(call));
}

std::size_t Api::body_limit(std::string_view method, std::string_view target) const {
  const auto path = target.substr(0, std::min(target.find('?'), target.size()));
  if (method == "POST" && path == "/api/events") return context_->options.event_bytes_max;
  if (method == "POST" && path == "/api/events/batch") return kBatchBytesMax;
  return kSmallBodyBytesMax;
}

}  // namespace eventrelay
