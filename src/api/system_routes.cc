// What watches and describes the server; none of it needs a key.
#include "api/routes.h"
#include "base/embedded.h"

namespace eventrelay {
namespace {

HttpResponse text_response(std::string_view content_type, std::string body) {
  HttpResponse response;
  response.content_type = content_type;
  response.body = std::move(body);
  return response;
}

Awaitable<HttpResponse> prometheus(ApiContext& api, ApiCall) {
  co_return text_response("text/plain; version=0.0.4; charset=utf-8", api.metrics.render());
}

Awaitable<HttpResponse> healthz(ApiContext&, ApiCall) {
  co_return text_response("application/json", R"({"status":"ok"})");
}

/// Ready is who can read the store. What only helps is named where it does not.
Awaitable<HttpResponse> readyz(ApiContext& api, ApiCall) {
  auto read = api.queries.list_api_keys(api.loop, kFirstOrganization, PageRequest{0, 1});
  const auto keys = co_await std::move(read);
  const std::string store(api.options.store_name);
  if (!keys) {
    HttpResponse refusal =
        problem_of(Error{ErrorCode::kTimeout, "Not ready: " + store + ": " + keys.error().message, {}});
    co_return refusal;
  }
  JsonWriter json;
  json.open('{').field("status", "ready").key("dependencies").open('{').field(store, "ready");
  if (api.options.helpers) {
    for (const auto& [name, fault] : api.options.helpers()) json.field(name, fault.empty() ? "ready" : fault);
  }
  json.close('}').close('}');
  co_return json_response(200, std::move(json));
}

Awaitable<HttpResponse> description(ApiContext&, ApiCall) {
  co_return text_response("application/json", std::string(api_description().front().text));
}

}  // namespace

void add_system_routes(Router& router) {
  router.add("GET", "/metrics", Access::kOpen, Takes::kAnything, prometheus);
  router.add("GET", "/healthz", Access::kOpen, Takes::kAnything, healthz);
  router.add("GET", "/readyz", Access::kOpen, Takes::kAnything, readyz);
  router.add("GET", "/openapi.json", Access::kOpen, Takes::kAnything, description);
}

}  // namespace eventrelay
