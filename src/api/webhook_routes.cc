// Webhooks: made, listed, shown, changed, deleted; their secrets; test events.
#include "api/event_body.h"
#include "api/json_body.h"
#include "api/routes.h"
#include "api/webhook_body.h"
#include "domain/event_type.h"

namespace eventrelay {
namespace {

HttpResponse webhook_response(int status, const Webhook& webhook, WebhookView view) {
  JsonWriter json;
  write_webhook(json, webhook, view);
  return json_response(status, std::move(json));
}

HttpResponse secret_response(const Secret& secret) {
  JsonWriter json;
  json.open('{').field("secret", to_text(secret)).close('}');
  return json_response(200, std::move(json));
}

WebhookView view_for(const Caller& caller) {
  return {caller.is_at_least(Role::kDeveloper), false};
}

Awaitable<HttpResponse> list_webhooks(ApiContext& api, ApiCall call) {
  const auto view = view_for(call.caller);
  return list_all(api, std::move(call), "webhooks", api.queries, &StoreQueries::list_webhooks,
                  [view](JsonWriter& json, const WebhookPtr& row) { write_webhook(json, *row, view); });
}

Awaitable<HttpResponse> create_webhook(ApiContext& api, ApiCall call) {
  if (auto refusal = media_type_refusal(call.request)) co_return std::move(*refusal);
  auto body = read_webhook(call.request.body, api.options.rules);
  if (body.refusal) co_return std::move(*body.refusal);
  auto secret = body.secret ? std::move(*body.secret) : random_secret();
  Change intent = CreateWebhook{call.organization, std::move(body.spec), std::move(secret)};
  intent.audit = audit_of(api, call, "webhook.create");
  auto created = change(api, std::move(intent));
  const auto result = co_await std::move(created);
  if (!result) co_return problem_of(result.error());
  co_return webhook_response(201, *result->webhook, {true, true});
}

Awaitable<HttpResponse> get_webhook(ApiContext& api, ApiCall call) {
  const auto id = parse_id<WebhookId>(call.id);
  if (!id) co_return not_found();
  auto read = api.queries.get_webhook(api.loop, call.organization, *id);
  const auto webhook = co_await std::move(read);
  if (!webhook) co_return problem_of(webhook.error());
  co_return webhook_response(200, **webhook, view_for(call.caller));
}

Awaitable<HttpResponse> patch_webhook(ApiContext& api, ApiCall call) {
  if (auto refusal = media_type_refusal(call.request)) co_return std::move(*refusal);
  const auto id = parse_id<WebhookId>(call.id);
  if (!id) co_return not_found();
  auto read = api.queries.get_webhook(api.loop, call.organization, *id);
  const auto current = co_await std::move(read);
  if (!current) co_return problem_of(current.error());
  auto body = read_webhook_patch(call.request.body, **current, api.options.rules);
  if (body.refusal) co_return std::move(*body.refusal);
  Change intent = UpdateWebhook{call.organization, *id, std::move(body.patch)};
  intent.audit = audit_of(api, call, "webhook.update", to_text(*id));
  auto changed = change(api, std::move(intent));
  const auto result = co_await std::move(changed);
  if (!result) co_return problem_of(result.error());
  co_return webhook_response(200, *result->webhook, view_for(call.caller));
}

Awaitable<HttpResponse> delete_webhook(ApiContext& api, ApiCall call) {
  const auto id = parse_id<WebhookId>(call.id);
  if (!id) co_return not_found();
  Change intent = DeleteWebhook{call.organization, *id};
  intent.audit = audit_of(api, call, "webhook.delete", to_text(*id));
  auto deleted = change(api, std::move(intent));
  const auto result = co_await std::move(deleted);
  co_return result ? no_content() : problem_of(result.error());
}

Awaitable<HttpResponse> get_secret(ApiContext& api, ApiCall call) {
  const auto id = parse_id<WebhookId>(call.id);
  if (!id) co_return not_found();
  auto read = api.queries.get_webhook(api.loop, call.organization, *id);
  const auto webhook = co_await std::move(read);
  if (!webhook) co_return problem_of(webhook.error());
  PeopleChange intent = WriteAudit{};
  intent.audit = audit_of(api, call, "webhook.reveal_secret", to_text(*id));
  auto written = change_people(api, std::move(intent));
  const auto result = co_await std::move(written);
  co_return result ? secret_response((*webhook)->secret) : problem_of(result.error());
}

Awaitable<HttpResponse> rotate_secret(ApiContext& api, ApiCall call) {
  const auto id = parse_id<WebhookId>(call.id);
  if (!id) co_return not_found();
  const auto secret = random_secret();
  Change intent = RotateSecret{call.organization, *id, secret};
  intent.audit = audit_of(api, call, "webhook.rotate_secret", to_text(*id));
  auto rotated = change(api, std::move(intent));
  const auto result = co_await std::move(rotated);
  co_return result ? secret_response(secret) : problem_of(result.error());
}

Awaitable<HttpResponse> test_webhook(ApiContext& api, ApiCall call) {
  const auto id = parse_id<WebhookId>(call.id);
  if (!id) co_return not_found();
  auto read = api.queries.get_webhook(api.loop, call.organization, *id);
  const auto webhook = co_await std::move(read);
  if (!webhook) co_return problem_of(webhook.error());
  if (!call.request.body.empty()) {
    if (auto refusal = media_type_refusal(call.request)) co_return std::move(*refusal);
  }
  auto body = read_test(call.request.body);
  if (body.refusal) co_return std::move(*body.refusal);
  IngestIntent intent;
  intent.organization = call.organization;
  intent.targets_fixed = true;
  intent.audit = std::make_shared<AuditEntry>(audit_of(api, call, "webhook.test", to_text(*id)));
  NewEvent event;
  event.type = kTestEventType;
  event.payload = std::move(body.payload);
  if (event.payload.empty())
    event.payload = R"({"message":"This is a test event.","webhook_id":")" + to_text(*id) + "\"}";
  event.targets = {*id};
  intent.events.push_back(std::move(event));
  auto stored = completion_of<Result<IngestResult>>(
      [&](auto done) { api.store.ingest(api.loop, std::move(intent), std::move(done)); });
  const auto result = co_await std::move(stored);
  if (!result) co_return problem_of(result.error());
  const auto& made = result->events.front();
  JsonWriter json;
  json.open('{').field("id", to_text(made.id)).field("type", kTestEventType).time("created_at", made.created_at);
  json.field("deliveries", std::int64_t{made.deliveries}).close('}');
  co_return json_response(202, std::move(json));
}

}  // namespace

void add_webhook_routes(Router& router) {
  router.add("GET", "/api/webhooks", Access::kViewer, Takes::kQuery, list_webhooks);
  router.add("POST", "/api/webhooks", Access::kDeveloper, Takes::kBody, create_webhook);
  router.add("GET", "/api/webhooks/{id}", Access::kViewer, Takes::kNothing, get_webhook);
  router.add("PATCH", "/api/webhooks/{id}", Access::kDeveloper, Takes::kBody, patch_webhook);
  router.add("DELETE", "/api/webhooks/{id}", Access::kDeveloper, Takes::kNothing, delete_webhook);
  router.add("GET", "/api/webhooks/{id}/secret", Access::kDeveloper, Takes::kNothing, get_secret);
  router.add("POST", "/api/webhooks/{id}/rotate-secret", Access::kDeveloper, Takes::kNothing, rotate_secret);
  router.add("POST", "/api/webhooks/{id}/test", Access::kDeveloper, Takes::kBody, test_webhook);
}

}  // namespace eventrelay
