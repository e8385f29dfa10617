#include "domain/delivery.h"

#include <algorithm>
#include <array>

#include "base/limits.h"
#include "domain/header_rules.h"
#include "domain/http_date.h"

namespace eventrelay {
namespace {

constexpr std::array<std::string_view, 4> kStateWords{"pending", "succeeded", "dead", "cancelled"};
constexpr std::array<std::string_view, 13> kErrorWords{
    "none", "status",  "redirect",          "dns",      "address_denied", "connect",    "connect_timeout",
    "tls",  "timeout", "connection_closed", "protocol", "invalid_url",    "interrupted"};

constexpr milliseconds kLongest{kRetryAfterMax};

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

milliseconds seconds_to_wait(std::string_view digits) {
  constexpr std::int64_t kMost = kLongest.count() / 1'000;
  std::int64_t seconds = 0;
  for (char c : digits) seconds = std::min(kMost, seconds * 10 + (c - '0'));
  return milliseconds{seconds * 1'000};
}

/// The whole answer came. A 410 that broke off does not disable a webhook.
bool is_answered(const AttemptOutcome& outcome) {
  return outcome.error == AttemptError::kNone || outcome.error == AttemptError::kStatus ||
         outcome.error == AttemptError::kRedirect;
}

}  // namespace

std::string_view to_text(DeliveryState state) {
  return kStateWords[static_cast<std::size_t>(state)];
}

std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
  for (std::size_t i = 0; i < kStateWords.size(); ++i) {
    if (kStateWords[i] == text) return static_cast<DeliveryState>(i);
  }
  return std::nullopt;
}

std::string_view to_text(AttemptError error) {
  return kErrorWords[static_cast<std::size_t>(error)];
}

void name_bad_status(AttemptOutcome& outcome) {
  const int status = outcome.status_code;
  if (outcome.error != AttemptError::kNone || (status >= 200 && status < 300)) return;
  const bool redirect = status >= 300 && status < 400;
  outcome.error = redirect ? AttemptError::kRedirect : AttemptError::kStatus;
  outcome.error_message = "answered " + std::to_string(status) + (redirect ? "; redirects are not followed" : "");
}

std::optional<milliseconds> retry_after(const Headers& response_headers, WallTime now) {
  auto header = std::find_if(response_headers.begin(), response_headers.end(),
                             [](const Header& h) { return equal_ignoring_case(h.name, "retry-after"); });
  if (header == response_headers.end()) return std::nullopt;
  std::string_view value = header->value;
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  if (is_number(value)) return seconds_to_wait(value);
  auto date = parse_http_date(value, now);
  if (!date) return std::nullopt;
  return std::clamp(*date - now, milliseconds{0}, kLongest);
}

Verdict judge(const AttemptOutcome& outcome, const RetryPolicy& policy, std::uint32_t position, WallTime now,
              double random) {
  Verdict verdict;
  if (outcome.error == AttemptError::kNone && outcome.status_code >= 200 && outcome.status_code < 300) {
    verdict.state = DeliveryState::kSucceeded;
    verdict.success = true;
    return verdict;
  }
  if (outcome.status_code == 410 && is_answered(outcome)) {
    verdict.state = DeliveryState::kDead;
    verdict.reason = "gone";
    verdict.gone = true;
    return verdict;
  }
  verdict.wait = retry_wait(policy, position, random);
  if (!verdict.wait) {
    verdict.state = DeliveryState::kDead;
    verdict.reason = "attempts_exhausted";
    return verdict;
  }
  if (outcome.status_code == 429 || outcome.status_code == 503) {
    if (auto asked = retry_after(outcome.response_headers, now)) verdict.wait = std::max(*verdict.wait, *asked);
  }
  return verdict;
}

}  // namespace eventrelay
