// Deliveries: listed, shown with their attempts, tried now, cancelled.
#include "api/routes.h"

namespace eventrelay {
namespace {

Awaitable<HttpResponse> list_deliveries(ApiContext& api, ApiCall call) {
  auto parameters = Parameters::from_query(call.query);
  auto filter = parameters.take_delivery_filter(true);
  const auto page = parameters.take_page("deliveries", call.organization);
  if (const auto faults = parameters.finish(); !faults.empty()) co_return invalid_query(faults);
  auto listed = api.queries.list_deliveries(api.loop, call.organization, std::move(filter), page);
  const auto rows = co_await std::move(listed);
  if (!rows) co_return problem_of(rows.error());
  co_return list_response(rows->rows, parameters.next_cursor(rows->next), write_delivery);
}

Awaitable<HttpResponse> get_delivery(ApiContext& api, ApiCall call) {
  const auto id = parse_id<DeliveryId>(call.id);
  if (!id) co_return not_found();
  auto read = api.queries.get_delivery(api.loop, call.organization, *id);
  const auto detail = co_await std::move(read);
  if (!detail) co_return problem_of(detail.error());
  JsonWriter json;
  write_delivery_detail(json, *detail, call.caller.is_at_least(Role::kDeveloper));
  co_return json_response(200, std::move(json));
}

Awaitable<HttpResponse> retry_delivery(ApiContext& api, ApiCall call) {
  const auto id = parse_id<DeliveryId>(call.id);
  if (!id) co_return not_found();
  Change intent = RetryDelivery{call.organization, *id};
  intent.audit = audit_of(api, call, "delivery.retry", to_text(*id));
  auto answer = change_delivery(api, std::move(intent));
  co_return co_await std::move(answer);
}

Awaitable<HttpResponse> cancel_delivery(ApiContext& api, ApiCall call) {
  const auto id = parse_id<DeliveryId>(call.id);
  if (!id) co_return not_found();
  Change intent = CancelDelivery{call.organization, *id};
  intent.audit = audit_of(api, call, "delivery.cancel", to_text(*id));
  auto answer = change_delivery(api, std::move(intent));
  co_return co_await std::move(answer);
}

}  // namespace

Awaitable<HttpResponse> change_delivery(ApiContext& api, Change intent) {
  auto changed = change(api, std::move(intent));
  const auto result = co_await std::move(changed);
  if (!result) co_return problem_of(result.error());
  JsonWriter json;
  write_delivery(json, *result->delivery);
  co_return json_response(202, std::move(json));
}

void add_delivery_routes(Router& router) {
  router.add("GET", "/api/deliveries", Access::kViewer, Takes::kQuery, list_deliveries);
  router.add("GET", "/api/deliveries/{id}", Access::kViewer, Takes::kNothing, get_delivery);
  router.add("POST", "/api/deliveries/{id}/retry", Access::kDeveloper, Takes::kNothing, retry_delivery);
  router.add("POST", "/api/deliveries/{id}/cancel", Access::kDeveloper, Takes::kNothing, cancel_delivery);
}

}  // namespace eventrelay
