// Events: taken in, listed, shown, sent again.
#include <algorithm>

#include "api/event_body.h"
#include "api/json_body.h"
#include "api/routes.h"
#include "base/crypto.h"
#include "domain/header_rules.h"

namespace eventrelay {
namespace {

/// A body larger than this is read beside the loop.
constexpr std::size_t kReadOnLoopBytes = 64 * 1024;

struct IdempotencyKey {
  std::optional<IdempotencyClaim> claim;  ///< without its fingerprint
  std::optional<HttpResponse> refusal;
};

IdempotencyKey read_idempotency_key(const HttpRequest& request, std::string_view route) {
  IdempotencyKey key;
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, "idempotency-key")) continue;
    const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    if (key.claim || value.empty() || value.size() > kIdempotencyKeyCharsMax || !printable) {
      key.refusal = invalid_input({{"Idempotency-Key", "must be 1 to " + std::to_string(kIdempotencyKeyCharsMax) +
                                                           " printable ASCII characters, once"}});
      return key;
    }
    key.claim = IdempotencyClaim{std::string(route), std::string(value), {}};
  }
  return key;
}

/// CloudEvents come as a content type of their own or with `ce-` headers.
bool is_cloud_event(const HttpRequest& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
    return header.first.size() > 3 && equal_ignoring_case(header.first.substr(0, 3), "ce-");
  });
}

/// The frame that waits stays until work has ended, so work may refer to it.
Awaitable<void> read_beside_loop(ApiContext& api, std::function<void()> work) {
  auto finished = boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      [&](auto handler) {
        // Where too many wait, the loop itself reads.
        api.parser.run([&loop = api.loop, work = std::move(work), done = std::move(handler)](bool) mutable {
          work();
          loop.post(std::move(done));
        });
      },
      boost::asio::use_awaitable);
  co_await std::move(finished);
}

void append_result(JsonWriter& json, const IngestedEvent& event, std::string_view type) {
  json.open('{').field("id", to_text(event.id)).field("type", type).time("created_at", event.created_at);
  json.field("deliveries", std::int64_t{event.deliveries});
}

/// The answer that most requests get, so written by hand. type: valid, needs no escapes.
HttpResponse accepted(const IngestResult& result, std::string_view type) {
  const auto& event = result.events.front();
  HttpResponse response;
  response.status = 202;
  response.body.reserve(192);
  response.body.append(R"({"id":")").append(to_text(event.id)).append(R"(","type":")").append(type);
  response.body.append(R"(","created_at":")").append(format_time(event.created_at));
  response.body.append(R"(","deliveries":)").append(std::to_string(event.deliveries));
  response.body.append(result.duplicate ? R"(,"duplicate":true})" : "}");
  return response;
}

Awaitable<HttpResponse> post_event(ApiContext& api, ApiCall call) {
  if (is_cloud_event(call.request)) co_return problem(415, "", "CloudEvents are not supported yet.");
  if (auto refusal = media_type_refusal(call.request)) co_return std::move(*refusal);
  auto key = read_idempotency_key(call.request, "events");
  if (key.refusal) co_return std::move(*key.refusal);

  EventBody body;
  const auto now = api.loop.wall_now();
  const auto read = [&] {
    body = read_event(call.request.body, now);
    if (key.claim) key.claim->fingerprint = sha256(call.request.body);
  };
  if (call.request.body.size() <= kReadOnLoopBytes) {
    read();
  } else {
    co_await read_beside_loop(api, read);
  }
  if (body.refusal) co_return std::move(*body.refusal);

  const std::string type = body.events.front().type;
  auto stored = completion_of<Result<IngestResult>>([&](auto done) {
    api.intake.accept(call.organization, std::move(body.events), std::move(key.claim), std::move(done));
  });
  const auto result = co_await std::move(stored);
  if (!result) co_return problem_of(result.error());
  co_return accepted(*result, type);
}

std::optional<BatchFormat> batch_format(const HttpRequest& request) {
  const auto type = media_type(request);
  if (type == "application/x-ndjson") return BatchFormat::kNdjson;
  if (type.empty() || type == "application/json") return BatchFormat::kArray;
  return std::nullopt;
}

Awaitable<HttpResponse> post_batch(ApiContext& api, ApiCall call) {
  if (is_cloud_event(call.request)) co_return problem(415, "", "CloudEvents are not supported yet.");
  if (auto refusal = encoding_refusal(call.request)) co_return std::move(*refusal);
  const auto format = batch_format(call.request);
  if (!format) co_return problem(415, "", "The body must be application/json or application/x-ndjson.");
  auto key = read_idempotency_key(call.request, "events/batch");
  if (key.refusal) co_return std::move(*key.refusal);

  EventBody body;
  const auto now = api.loop.wall_now();
  const auto read = [&] {
    body = read_batch(call.request.body, *format, api.options.event_bytes_max, now);
    if (key.claim) key.claim->fingerprint = sha256(call.request.body);
    call.request.body = {};  // the events hold copies; a batch can have megabytes
  };
  if (call.request.body.size() <= kReadOnLoopBytes) {
    read();
  } else {
    co_await read_beside_loop(api, read);
  }
  if (body.refusal) co_return std::move(*body.refusal);

  std::vector<std::string> types;
  types.reserve(body.events.size());
  for (const auto& event : body.events) types.push_back(event.type);
  auto stored = completion_of<Result<IngestResult>>([&](auto done) {
    api.intake.accept(call.organization, std::move(body.events), std::move(key.claim), std::move(done));
  });
  const auto result = co_await std::move(stored);
  if (!result) co_return problem_of(result.error());
  JsonWriter json;
  json.open('{').key("data").open('[');
  for (std::size_t i = 0; i < result->events.size() && i < types.size(); ++i) {
    append_result(json, result->events[i], types[i]);
    json.close('}');
  }
  json.close(']');
  if (result->duplicate) json.flag("duplicate", true);
  json.close('}');
  co_return json_response(202, std::move(json));
}

Awaitable<HttpResponse> list_events(ApiContext& api, ApiCall call) {
  auto parameters = Parameters::from_query(call.query);
  auto filter = parameters.take_event_filter();
  const auto page = parameters.take_page("events", call.organization);
  if (const auto faults = parameters.finish(); !faults.empty()) co_return invalid_query(faults);
  auto listed = api.queries.list_events(api.loop, call.organization, std::move(filter), page);
  const auto rows = co_await std::move(listed);
  if (!rows) co_return problem_of(rows.error());
  co_return list_response(rows->rows, parameters.next_cursor(rows->next), write_event);
}

Awaitable<HttpResponse> get_event(ApiContext& api, ApiCall call) {
  const auto id = parse_id<EventId>(call.id);
  if (!id) co_return not_found();
  auto read = api.queries.get_event(api.loop, call.organization, *id);
  const auto detail = co_await std::move(read);
  if (!detail) co_return problem_of(detail.error());
  JsonWriter json;
  write_event_detail(json, *detail);
  co_return json_response(200, std::move(json));
}

/// The webhooks that a replay names; empty: all of the event's.
std::vector<WebhookId> take_webhook_ids(JsonObject& body) {
  std::vector<WebhookId> ids;
  const bool named = body.has("webhook_ids");
  const auto texts = body.take_texts("webhook_ids");
  if (!texts) return ids;
  if (named && (texts->empty() || texts->size() > kPageMax)) {
    body.fault("webhook_ids", "must have 1 to " + std::to_string(kPageMax) + " ids");
  }
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const auto id = parse_id<WebhookId>((*texts)[i]);
    const auto path = "webhook_ids[" + std::to_string(i) + "]";
    if (!id) {
      body.fault(path, "is not the id of a webhook");
    } else if (std::find(ids.begin(), ids.end(), *id) != ids.end()) {
      body.fault(path, "is there twice");
    } else {
      ids.push_back(*id);
    }
  }
  return ids;
}

Awaitable<HttpResponse> replay_event(ApiContext& api, ApiCall call) {
  if (auto refusal = media_type_refusal(call.request)) co_return std::move(*refusal);
  const auto id = parse_id<EventId>(call.id);
  if (!id) co_return not_found();
  auto parsed = parse_object(call.request.body, true);
  if (parsed.refusal) co_return std::move(*parsed.refusal);
  std::vector<FieldError> faults;
  JsonObject body(std::move(parsed.value), "", faults);
  auto webhooks = take_webhook_ids(body);
  body.finish();
  if (!faults.empty()) {
    auto read = api.queries.get_event(api.loop, call.organization, *id);
    const auto event = co_await std::move(read);  // what is not there is said first
    co_return event ? invalid_input(faults) : problem_of(event.error());
  }
  Change intent = ReplayEvent{call.organization, *id, std::move(webhooks)};
  intent.audit = audit_of(api, call, "event.replay", to_text(*id));
  auto replayed = change(api, std::move(intent));
  const auto result = co_await std::move(replayed);
  if (!result) co_return problem_of(result.error());
  JsonWriter json;
  json.open('{').field("id", to_text(*id)).field("deliveries", result->count).close('}');
  co_return json_response(202, std::move(json));
}

}  // namespace

void add_event_routes(Router& router) {
  router.add("POST", "/api/events", Access::kPublish, Takes::kBody, post_event);
  router.add("POST", "/api/events/batch", Access::kPublish, Takes::kBody, post_batch);
  router.add("GET", "/api/events", Access::kViewer, Takes::kQuery, list_events);
  router.add("GET", "/api/events/{id}", Access::kViewer, Takes::kNothing, get_event);
  router.add("POST", "/api/events/{id}/replay", Access::kDeveloper, Takes::kBody, replay_event);
}

}  // namespace eventrelay
