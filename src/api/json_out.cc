#include "api/json_out.h"

#include <map>

#include "domain/header_rules.h"

namespace eventrelay {
namespace {

/// created_at is the id's time: ids are made in the commit and only rise.
template <IdPrefix prefix>
void write_identity(JsonWriter& json, Id<prefix> id) {
  json.field("id", to_text(id));
}

template <IdPrefix prefix>
WallTime created_at(Id<prefix> id) {
  return time_of_id(id.value);
}

using Shown = std::string_view (*)(std::string_view name, std::string_view value);

std::string_view as_it_is(std::string_view, std::string_view value) {
  return value;
}

void write_headers(JsonWriter& json, std::string_view name, const Headers& headers, Shown shown) {
  // One member a name: fields that came more than once are joined as RFC 9110 §5.3 allows.
  std::map<std::string, std::string> joined;
  for (const auto& header : headers) {
    const auto value = shown(header.name, header.value);
    auto [found, added] = joined.try_emplace(header.name, value);
    if (!added) found->second.append(", ").append(value);
  }
  json.key(name).open('{');
  for (const auto& [key, value] : joined) json.field(key, value);
  json.close('}');
}

void write_timing(JsonWriter& json, std::string_view name, std::int64_t us) {
  json.key(name);
  us < 0 ? json.null() : json.number(static_cast<double>(us) / 1'000.0);
}

void write_event_members(JsonWriter& json, const EventRow& event) {
  write_identity(json, event.id);
  json.field("type", event.type).text_or_null("tenant", event.tenant);
  json.key("metadata").raw(event.metadata.empty() ? "null" : std::string_view(event.metadata));
  json.time("created_at", created_at(event.id)).time("deliver_at", event.deliver_at);
  json.field("status", to_text(event.status)).field("delivery_count", std::int64_t{event.delivery_count});
}

void write_delivery_members(JsonWriter& json, const DeliveryRow& delivery) {
  write_identity(json, delivery.id);
  json.field("event_id", to_text(delivery.event)).field("webhook_id", to_text(delivery.webhook));
  json.text_or_null("webhook_url", delivery.webhook_url);
  json.field("type", delivery.type).text_or_null("tenant", delivery.tenant);
  json.field("status", to_text(delivery.state)).text_or_null("reason", delivery.reason);
  json.field("attempt_count", std::int64_t{delivery.attempts});
  json.time("created_at", created_at(delivery.id)).time("next_attempt_at", delivery.next_attempt_at);
  json.time("ended_at", delivery.ended_at);
  json.number_or_null("last_status_code", delivery.last_status_code, delivery.last_status_code != 0);
  json.text_or_null("last_error", delivery.last_error == AttemptError::kNone ? "" : to_text(delivery.last_error));
  json.key("replay_of");
  delivery.replay_of ? json.text(to_text(delivery.replay_of)) : json.null();
}

void write_attempt(JsonWriter& json, const AttemptRow& attempt, bool header_values) {
  const auto& outcome = attempt.outcome;
  json.open('{').field("number", std::int64_t{attempt.number}).time("started_at", outcome.started_at);
  json.field("duration_ms", std::int64_t{outcome.duration.count()});
  json.number_or_null("status_code", outcome.status_code, outcome.status_code != 0);
  json.key("error");
  if (outcome.error == AttemptError::kNone) {
    json.null();
  } else {
    json.open('{').field("code", to_text(outcome.error)).field("message", outcome.error_message).close('}');
  }
  write_headers(json, "request_headers", outcome.request_headers, header_values ? shown_value : shown_to_readers);
  write_headers(json, "response_headers", outcome.response_headers, as_it_is);
  json.field("response_body", outcome.response_body).flag("response_truncated", outcome.response_truncated);
  json.text_or_null("remote_address", outcome.remote_address);
  json.key("timings").open('{');
  write_timing(json, "dns_ms", outcome.timings.dns_us);
  write_timing(json, "connect_ms", outcome.timings.connect_us);
  write_timing(json, "tls_ms", outcome.timings.tls_us);
  write_timing(json, "first_byte_ms", outcome.timings.first_byte_us);
  json.close('}').close('}');
}

void write_retry(JsonWriter& json, const RetryPolicy& policy) {
  json.key("retry").open('{');
  if (policy.schedule.empty()) {
    json.field("max_attempts", std::int64_t{policy.max_attempts}).field("initial_ms", policy.initial.count());
    json.key("multiplier").ratio(policy.multiplier).field("max_ms", policy.max.count());
  } else {
    json.key("schedule_ms").open('[');
    for (const auto wait : policy.schedule) json.number(std::int64_t{wait.count()});
    json.close(']');
  }
  json.close('}');
}

void write_counters(JsonWriter& json, const Counters& counters) {
  json.field("events", counters.events).field("unmatched", counters.unmatched);
  json.field("deliveries", counters.deliveries).field("attempts", counters.attempts);
  json.field("succeeded", counters.succeeded).field("failed_attempts", counters.failed_attempts);
  json.field("retries", counters.retries).field("dead", counters.dead).field("cancelled", counters.cancelled);
}

void write_success_rate(JsonWriter& json, std::int64_t attempts, std::int64_t failed_attempts) {
  json.key("success_rate");
  if (attempts == 0) {
    json.null();
  } else {
    json.ratio(static_cast<double>(attempts - failed_attempts) / static_cast<double>(attempts));
  }
}

void write_latency(JsonWriter& json, double p50_ms, double p95_ms, double p99_ms) {
  json.key("latency_ms").open('{').key("p50").number(p50_ms);
  json.key("p95").number(p95_ms).key("p99").number(p99_ms).close('}');
}

}  // namespace

void write_event(JsonWriter& json, const EventRow& event) {
  json.open('{');
  write_event_members(json, event);
  json.close('}');
}

void write_event_detail(JsonWriter& json, const EventDetail& detail) {
  json.open('{');
  write_event_members(json, detail.event);
  json.key("payload").raw(detail.payload).key("deliveries").open('[');
  for (const auto& delivery : detail.deliveries) write_delivery(json, delivery);
  json.close(']').close('}');
}

void write_delivery(JsonWriter& json, const DeliveryRow& delivery) {
  json.open('{');
  write_delivery_members(json, delivery);
  json.close('}');
}

void write_delivery_detail(JsonWriter& json, const DeliveryDetail& detail, bool header_values) {
  json.open('{');
  write_delivery_members(json, detail.delivery);
  json.key("attempts").open('[');
  for (const auto& attempt : detail.attempts) write_attempt(json, attempt, header_values);
  json.close(']').close('}');
}

void write_webhook(JsonWriter& json, const Webhook& webhook, WebhookView view) {
  const auto& spec = webhook.spec;
  json.open('{');
  write_identity(json, webhook.id);
  json.field("url", spec.url).key("event_types").open('[');
  for (const auto& pattern : spec.event_types) json.text(pattern);
  json.close(']').text_or_null("tenant", spec.tenant).field("description", spec.description);
  write_headers(json, "headers", spec.headers, view.header_values ? as_it_is : shown_to_readers);
  json.flag("ordered", spec.ordered).field("max_in_flight", std::int64_t{spec.max_in_flight});
  json.field("timeout_ms", std::int64_t{spec.timeout.count()});
  write_retry(json, spec.retry);
  json.flag("enabled", spec.enabled).text_or_null("disabled_reason", to_text(webhook.disabled_reason));
  json.time("failing_since", webhook.failing_since).time("created_at", created_at(webhook.id));
  json.time("updated_at", webhook.updated_at);
  if (view.secret) json.field("secret", to_text(webhook.secret));
  json.close('}');
}

void write_job(JsonWriter& json, const JobRow& job) {
  json.open('{');
  write_identity(json, job.id);
  json.field("kind", to_text(job.kind)).field("state", to_text(job.state));
  json.field("done", job.done).field("total", job.total);
  json.number_or_null("rate", job.rate, job.rate != 0).text_or_null("error", job.error);
  json.time("created_at", created_at(job.id)).time("ended_at", job.ended_at).close('}');
}

void write_received(JsonWriter& json, const ReceivedRequest& request, bool header_values) {
  json.open('{');
  write_identity(json, request.id);
  json.time("received_at", request.received_at).field("delivery_id", to_text(request.delivery));
  write_headers(json, "headers", request.headers, header_values ? shown_value : shown_to_readers);
  json.field("body", request.body).flag("truncated", request.truncated).close('}');
}

void write_api_key(JsonWriter& json, const ApiKey& key, std::string_view text) {
  json.open('{');
  write_identity(json, key.id);
  json.field("name", key.name).field("scope", to_text(key.scope)).field("hint", key.hint);
  json.time("created_at", created_at(key.id));
  if (!text.empty()) json.field("key", text);
  json.close('}');
}

void write_metrics(JsonWriter& json, const MetricsReport& report, std::string_view window) {
  json.open('{').field("window", window).key("totals").open('{');
  write_counters(json, report.totals);
  json.close('}').field("pending", report.pending).field("dlq", report.dlq);
  write_success_rate(json, report.totals.attempts, report.totals.failed_attempts);
  write_latency(json, report.p50_ms, report.p95_ms, report.p99_ms);
  json.key("series").open('[');
  for (const auto& point : report.series) {
    json.open('{').time("at", point.at);
    write_counters(json, point.counters);
    write_latency(json, point.p50_ms, point.p95_ms, point.p99_ms);
    json.close('}');
  }
  json.close(']').close('}');
}

void write_webhook_counts(JsonWriter& json, const WebhookCounts& counts) {
  json.open('{').field("webhook_id", to_text(counts.id));
  json.field("attempts", counts.attempts).field("succeeded", counts.succeeded);
  json.field("failed_attempts", counts.failed_attempts).field("dead", counts.dead);
  write_success_rate(json, counts.attempts, counts.failed_attempts);
  json.key("p95_ms").number(counts.p95_ms).close('}');
}

Awaitable<HttpResponse> answer_at_once(HttpResponse response) {
  co_return response;
}

HttpResponse json_response(int status, JsonWriter json) {
  HttpResponse response;
  response.status = status;
  response.body = json.take();
  return response;
}

}  // namespace eventrelay
