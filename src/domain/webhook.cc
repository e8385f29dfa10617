#include "domain/webhook.h"

#include "base/crypto.h"
#include "base/text.h"
#include "domain/event_type.h"
#include "domain/header_rules.h"
#include "domain/receiver.h"
#include "domain/target_url.h"

namespace eventrelay {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kRandomSecretBytes = 32;

void check_length(std::vector<FieldError>& faults, const char* path, std::string_view text, std::size_t most) {
  if (count_characters(text) <= most) return;
  faults.push_back({path, "must have at most " + std::to_string(most) + " characters"});
}

void check_url(std::vector<FieldError>& faults, std::string_view text) {
  const auto url = parse_target_url(text);
  if (!url) {
    for (const auto& fault : url.error().fields) faults.push_back(fault);
  } else if (is_receiver(*url) && !receiver_id(*url)) {
    faults.push_back({"url", "of the built-in receiver must be http://" + std::string(kReceiverHost) +
                                 "/ID, the ID 1 to " + std::to_string(kReceiverIdCharsMax) +
                                 " of a to z, 0 to 9 and -"});
  }
}

void check_event_types(std::vector<FieldError>& faults, const std::vector<std::string>& patterns) {
  if (patterns.empty() || patterns.size() > kEventTypePatternsMax) {
    faults.push_back({"event_types", "must have 1 to " + std::to_string(kEventTypePatternsMax) + " entries"});
    return;
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    auto fault = pattern_fault(patterns[i]);
    if (!fault.empty()) faults.push_back({"event_types[" + std::to_string(i) + "]", std::move(fault)});
  }
}

void append(std::vector<FieldError>& faults, std::vector<FieldError> more) {
  for (auto& fault : more) faults.push_back(std::move(fault));
}

template <class T>
void take(T& field, const std::optional<T>& value) {
  if (value) field = *value;
}

}  // namespace

std::string to_text(const Secret& secret) {
  return std::string(kSecretPrefix) + base64_encode(secret.bytes);
}

std::optional<Secret> parse_secret(std::string_view text) {
  if (!text.starts_with(kSecretPrefix)) return std::nullopt;
  Secret secret;
  if (auto bytes = base64_decode(text.substr(kSecretPrefix.size()))) secret.bytes = *bytes;
  if (secret.bytes.size() < kSecretBytesMin || secret.bytes.size() > kSecretBytesMax) return std::nullopt;
  return std::make_optional<Secret>(secret);  // a copy: g++ 12 warns falsely where it moves a string of known size
}

Secret random_secret() {
  return Secret{random_bytes(kRandomSecretBytes)};
}

std::string_view to_text(DisabledReason reason) {
  switch (reason) {
    case DisabledReason::kNone:
      return "";
    case DisabledReason::kByUser:
      return "by_user";
    case DisabledReason::kGone:
      return "gone";
    case DisabledReason::kFailing:
      return "failing";
  }
  return "";
}

std::vector<FieldError> webhook_faults(const WebhookSpec& spec) {
  std::vector<FieldError> faults;
  check_url(faults, spec.url);
  check_event_types(faults, spec.event_types);
  check_length(faults, "tenant", spec.tenant, kTenantCharsMax);
  check_length(faults, "description", spec.description, kDescriptionCharsMax);
  append(faults, header_faults(spec.headers));
  if (spec.max_in_flight < 1 || spec.max_in_flight > kMaxInFlightMax) {
    faults.push_back({"max_in_flight", "must be between 1 and " + std::to_string(kMaxInFlightMax)});
  }
  if (spec.timeout < kAttemptTimeoutMin || spec.timeout > kAttemptTimeoutMax) {
    faults.push_back({"timeout_ms", "must be between " + std::to_string(milliseconds{kAttemptTimeoutMin}.count()) +
                                        " and " + std::to_string(milliseconds{kAttemptTimeoutMax}.count())});
  }
  append(faults, retry_policy_faults(spec.retry));
  return faults;
}

Webhook patched(const Webhook& webhook, const WebhookPatch& patch, WallTime now) {
  Webhook result = webhook;
  WebhookSpec& spec = result.spec;
  take(spec.url, patch.url);
  take(spec.event_types, patch.event_types);
  take(spec.tenant, patch.tenant);
  take(spec.description, patch.description);
  take(spec.headers, patch.headers);
  take(spec.ordered, patch.ordered);
  take(spec.max_in_flight, patch.max_in_flight);
  take(spec.timeout, patch.timeout);
  take(spec.retry, patch.retry);
  take(spec.enabled, patch.enabled);
  // Only a change counts: naming the state that it has neither restarts the five days nor hides why it is off.
  if (spec.enabled && !webhook.spec.enabled) {
    result.disabled_reason = DisabledReason::kNone;
    result.failing_since.reset();
  } else if (!spec.enabled && webhook.spec.enabled) {
    result.disabled_reason = DisabledReason::kByUser;
  }
  result.updated_at = now;
  return result;
}

}  // namespace eventrelay
