// A subscriber: where to, what, with which secrets and policies. A value; share as shared_ptr<const Webhook>.
#pragma once
#include <bitset>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "domain/retry_policy.h"

namespace eventrelay {

/// A signing secret: raw bytes, 24 to 64. Text form: "whsec_" and base64.
struct Secret {
  std::string bytes;
  bool operator==(const Secret&) const = default;
};
std::string to_text(const Secret& secret);
std::optional<Secret> parse_secret(std::string_view text);
Secret random_secret();  ///< 32 bytes

enum class DisabledReason { kNone, kByUser, kGone, kFailing };
std::string_view to_text(DisabledReason reason);  ///< "", "by_user", "gone", "failing"

struct Header {
  std::string name;
  std::string value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

/// What a person decides about a webhook.
struct WebhookSpec {
  std::string url;
  std::vector<std::string> event_types;
  std::string tenant;  ///< empty: the events of all tenants
  std::string description;
  Headers headers;
  bool ordered = false;
  std::uint32_t max_in_flight = kMaxInFlightDefault;
  milliseconds timeout{kAttemptTimeoutDefault};
  RetryPolicy retry;
  bool enabled = true;
  bool operator==(const WebhookSpec&) const = default;
};

struct Webhook {
  WebhookId id;
  OrganizationId organization;
  WebhookSpec spec;
  Secret secret;
  std::optional<Secret> old_secret;  ///< signs too until old_secret_until
  WallTime old_secret_until{};
  DisabledReason disabled_reason = DisabledReason::kNone;
  std::optional<WallTime> failing_since;  ///< first failure after the last success
  bool deleted = false;
  WallTime updated_at{};
  /// Of its organization's webhooks, once this state was among them; 0: whoever holds it counts for itself.
  std::uint64_t version = 0;
};
using WebhookPtr = std::shared_ptr<const Webhook>;

/// The unit of ownership: every delivery of a webhook is handled by the owner of its partition.
inline constexpr int kPartitions = 256;
/// The same everywhere and for ever. Multiplicative hashing (Knuth, TAOCP 3, 6.4): the low bits of ids made in
/// different milliseconds are all zero.
inline int partition_of(WebhookId id) {
  return static_cast<int>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15u >> 56);
}
static_assert(kPartitions == 1 << 8);
using PartitionSet = std::bitset<kPartitions>;
inline PartitionSet all_partitions() {
  return PartitionSet{}.set();
}

/// What a PATCH names; unset fields stay.
struct WebhookPatch {
  std::optional<std::string> url;
  std::optional<std::vector<std::string>> event_types;
  std::optional<std::string> tenant;
  std::optional<std::string> description;
  std::optional<Headers> headers;
  std::optional<bool> ordered;
  std::optional<std::uint32_t> max_in_flight;
  std::optional<milliseconds> timeout;
  std::optional<RetryPolicy> retry;
  std::optional<bool> enabled;
};

/// Every fault of the spec with its path ("url", "event_types[2]", "headers.host", "retry.max_ms"); empty when valid.
std::vector<FieldError> webhook_faults(const WebhookSpec& spec);

/// The webhook after the patch. Enabling clears disabled_reason and failing_since; disabling sets kByUser.
/// `now` becomes updated_at. The caller has checked the resulting spec with webhook_faults.
Webhook patched(const Webhook& webhook, const WebhookPatch& patch, WallTime now);

}  // namespace eventrelay
