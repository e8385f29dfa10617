#include "api/webhook_body.h"

#include <algorithm>
#include <limits>

#include "api/json_body.h"
#include "api/problem.h"

namespace eventrelay {
namespace {

constexpr std::int64_t kAnyMax = std::numeric_limits<std::int32_t>::max();

/// Fields that the description promises for later.
void refuse_later_fields(JsonObject& body) {
  for (const char* name : {"filter", "rate_limit"}) {
    if (body.take(name)) body.fault(name, "is not supported yet");
  }
}

std::optional<Headers> take_headers(JsonObject& body) {
  const auto member = body.take("headers");
  if (!member) return std::nullopt;
  if (!member->is_object()) {
    body.fault("headers", "must be an object of strings");
    return std::nullopt;
  }
  Headers headers;
  for (const auto& [name, value] : member->items()) {
    if (value.is_string()) {
      headers.push_back({name, value.get<std::string>()});
    } else {
      body.fault("headers." + name, "must be a string");
    }
  }
  return headers;
}

std::optional<std::vector<milliseconds>> take_schedule(JsonObject& body) {
  const auto member = body.take("schedule_ms");
  if (!member) return std::nullopt;
  std::vector<milliseconds> waits;
  if (!member->is_array() || member->empty() || member->size() >= kRetryAttemptsMax) {
    body.fault("schedule_ms", "must be an array of 1 to " + std::to_string(kRetryAttemptsMax - 1) + " waits");
    return waits;
  }
  for (std::size_t i = 0; i < member->size(); ++i) {
    const auto& wait = (*member)[i];
    const bool fits =
        wait.is_number_integer() && wait.get<std::int64_t>() >= 0 &&
        (!wait.is_number_unsigned() || wait.get<std::uint64_t>() <= static_cast<std::uint64_t>(kAnyMax) * 2);
    if (!fits) body.fault("schedule_ms[" + std::to_string(i) + "]", "must be a whole number of milliseconds");
    waits.emplace_back(fits ? wait.get<std::int64_t>() : 0);
  }
  return waits;
}

std::optional<RetryPolicy> take_retry(JsonObject& body, std::vector<FieldError>& faults) {
  auto member = body.take("retry");
  if (!member) return std::nullopt;
  if (!member->is_object()) {
    body.fault("retry", "must be an object");
    return std::nullopt;
  }
  JsonObject retry(std::move(*member), "retry.", faults);
  RetryPolicy policy;
  const bool exponential =
      retry.has("max_attempts") || retry.has("initial_ms") || retry.has("multiplier") || retry.has("max_ms");
  if (auto schedule = take_schedule(retry)) {
    if (exponential) retry.fault("schedule_ms", "does not go with max_attempts, initial_ms, multiplier or max_ms");
    policy.schedule = std::move(*schedule);
  }
  if (auto value = retry.take_integer("max_attempts", 1, static_cast<std::int64_t>(kRetryAttemptsMax))) {
    policy.max_attempts = static_cast<std::uint32_t>(*value);
  }
  const auto wait_max = milliseconds{kRetryWaitMax}.count();
  if (auto value = retry.take_integer("initial_ms", 1, wait_max)) policy.initial = milliseconds{*value};
  if (auto value = retry.take_number("multiplier")) policy.multiplier = *value;
  if (auto value = retry.take_integer("max_ms", 1, wait_max)) {
    policy.max = milliseconds{*value};
  } else {
    policy.max = std::max(policy.max, policy.initial);  // one that begins late does not have to name its end
  }
  retry.finish();
  return policy;
}

/// Takes what a creation and a change have in common.
WebhookPatch take_patch(JsonObject& body, std::vector<FieldError>& faults) {
  WebhookPatch patch;
  patch.url = body.take_text("url");
  patch.event_types = body.take_texts("event_types");
  patch.tenant = body.take_text_or_null("tenant");
  patch.description = body.take_text_or_null("description");
  patch.headers = take_headers(body);
  patch.ordered = body.take_bool("ordered");
  if (auto value = body.take_integer("max_in_flight", 1, kMaxInFlightMax)) {
    patch.max_in_flight = static_cast<std::uint32_t>(*value);
  }
  if (auto value = body.take_integer("timeout_ms", milliseconds{kAttemptTimeoutMin}.count(),
                                     milliseconds{kAttemptTimeoutMax}.count())) {
    patch.timeout = milliseconds{*value};
  }
  patch.retry = take_retry(body, faults);
  patch.enabled = body.take_bool("enabled");
  refuse_later_fields(body);
  return patch;
}

/// The rules of the whole spec, but for paths that are known to be wrong already.
void add_spec_faults(std::vector<FieldError>& faults, const WebhookSpec& spec, const EgressRules& rules) {
  auto more = webhook_faults(spec);
  if (const auto url = parse_target_url(spec.url)) {
    const auto address = IpAddress::parse(url->host);
    if (address && !rules.allows(*address))
      more.push_back({"url", "points to an address that deliveries may not go to"});
  }
  for (auto& fault : more) {
    const bool known = std::any_of(faults.begin(), faults.end(), [&](const auto& f) { return f.path == fault.path; });
    if (!known) faults.push_back(std::move(fault));
  }
}

}  // namespace

WebhookCreation read_webhook(std::string_view text, const EgressRules& rules) {
  WebhookCreation result;
  auto parsed = parse_object(text);
  if (parsed.refusal) {
    result.refusal = std::move(parsed.refusal);
    return result;
  }
  std::vector<FieldError> faults;
  JsonObject body(std::move(parsed.value), "", faults);
  for (const char* name : {"url", "event_types"}) {
    if (!body.has(name)) body.fault(name, "is missing");
  }
  if (auto secret = body.take_text("secret")) {
    result.secret = parse_secret(*secret);
    if (!result.secret) body.fault("secret", "must be whsec_ and base64 of 24 to 64 bytes");
  }
  const auto patch = take_patch(body, faults);
  body.finish();
  Webhook webhook;
  webhook.spec = patched(webhook, patch, {}).spec;
  add_spec_faults(faults, webhook.spec, rules);
  if (!faults.empty()) result.refusal = invalid_input(faults);
  result.spec = std::move(webhook.spec);
  return result;
}

WebhookChange read_webhook_patch(std::string_view text, const Webhook& current, const EgressRules& rules) {
  WebhookChange result;
  auto parsed = parse_object(text);
  if (parsed.refusal) {
    result.refusal = std::move(parsed.refusal);
    return result;
  }
  std::vector<FieldError> faults;
  JsonObject body(std::move(parsed.value), "", faults);
  result.patch = take_patch(body, faults);
  body.finish();
  const auto changed = patched(current, result.patch, {});
  // An old URL that today's rules refuse must not stand in the way of disabling its webhook.
  const auto& url_rules = result.patch.url ? rules : EgressRules{true, {}};
  add_spec_faults(faults, changed.spec, url_rules);
  if (!faults.empty()) result.refusal = invalid_input(faults);
  return result;
}

}  // namespace eventrelay
