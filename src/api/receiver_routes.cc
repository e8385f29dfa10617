// The built-in test receiver: what it was sent, and what it answers.
#include "api/json_body.h"
#include "api/routes.h"
#include "domain/receiver.h"

namespace eventrelay {
namespace {

constexpr int kAnswerMin = 200;
constexpr int kAnswerMax = 599;

Awaitable<HttpResponse> list_received(ApiContext& api, ApiCall call) {
  if (!is_receiver_id(call.id)) co_return not_found();
  ReceiverKey key{call.organization, std::string(call.id)};
  auto listed = completion_of<Result<std::vector<ReceivedRequest>>>(
      [&](auto done) { api.receiver.list_requests(api.loop, std::move(key), std::move(done)); });
  const auto requests = co_await std::move(listed);
  if (!requests) co_return problem_of(requests.error());
  JsonWriter json;
  json.open('{').key("data").open('[');
  for (const auto& request : *requests) write_received(json, request, call.caller.is_at_least(Role::kDeveloper));
  json.close(']').close('}');
  co_return json_response(200, std::move(json));
}

Awaitable<HttpResponse> set_receiver_answer(ApiContext& api, ApiCall call) {
  if (!is_receiver_id(call.id)) co_return not_found();
  BodyReader body(call.request);
  std::optional<std::int64_t> status;
  if (body.object) {
    if (!body.object->has("status")) body.object->fault("status", "is missing");
    status = body.object->take_integer("status", kAnswerMin, kAnswerMax);
  }
  body.finish();
  if (body.refusal) co_return std::move(*body.refusal);
  ReceiverKey key{call.organization, std::string(call.id)};
  auto set = completion_of<Result<int>>([&](auto done) {
    api.receiver.set_answer(api.loop, std::move(key), static_cast<int>(*status), std::move(done));
  });
  const auto result = co_await std::move(set);
  if (!result) co_return problem_of(result.error());
  JsonWriter json;
  json.open('{').field("status", std::int64_t{*result}).close('}');
  co_return json_response(200, std::move(json));
}

}  // namespace

void add_receiver_routes(Router& router) {
  router.add("GET", "/api/receiver/{id}", Access::kViewer, Takes::kNothing, list_received);
  router.add("POST", "/api/receiver/{id}", Access::kDeveloper, Takes::kBody, set_receiver_answer);
}

}  // namespace eventrelay
