// Identifiers. Inside: 63-bit integers that rise with time, one type each. Outside: a prefix and 13 characters.
// Pure values and functions; any thread.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace eventrelay {

/// Bits below the milliseconds of an id: numbers within one millisecond.
inline constexpr int kIdSequenceBits = 22;
/// 2020-01-01T00:00:00Z. 41 bits of milliseconds from here last until 2089.
inline constexpr std::int64_t kIdEpochUnixMs = 1'577'836'800'000;

template <class Tag>
struct Id {
  std::int64_t value = 0;
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return value != 0; }
};

struct OrganizationTag {
  static constexpr std::string_view kPrefix = "org_";
};
struct EventTag {
  static constexpr std::string_view kPrefix = "evt_";
};
struct WebhookTag {
  static constexpr std::string_view kPrefix = "whk_";
};
struct DeliveryTag {
  static constexpr std::string_view kPrefix = "dlv_";
};
struct JobTag {
  static constexpr std::string_view kPrefix = "job_";
};
struct ApiKeyTag {
  static constexpr std::string_view kPrefix = "key_";
};
struct UserTag {
  static constexpr std::string_view kPrefix = "usr_";
};
struct InvitationTag {
  static constexpr std::string_view kPrefix = "inv_";
};
struct AuditTag {
  static constexpr std::string_view kPrefix = "aud_";
};
struct ReceivedTag {
  static constexpr std::string_view kPrefix = "req_";
};

using OrganizationId = Id<OrganizationTag>;
using EventId = Id<EventTag>;
using WebhookId = Id<WebhookTag>;
using DeliveryId = Id<DeliveryTag>;
using JobId = Id<JobTag>;
using ApiKeyId = Id<ApiKeyTag>;
using UserId = Id<UserTag>;
using InvitationId = Id<InvitationTag>;
using AuditId = Id<AuditTag>;
using ReceivedId = Id<ReceivedTag>;

/// The smallest id of that millisecond; times before the epoch give 0.
std::int64_t first_id_at(WallTime time);
/// The millisecond in which the id was made.
WallTime time_of_id(std::int64_t id);

/// `prefix` and 13 characters of Crockford's base 32, lower case, most significant first: sorts like the number.
std::string encode_id(std::string_view prefix, std::int64_t value);
/// The reverse; nullopt unless prefix, length and alphabet fit exactly. 0 is read too: it bounds searches.
std::optional<std::int64_t> decode_id(std::string_view prefix, std::string_view text);

template <class Tag>
std::string to_text(Id<Tag> id) {
  return encode_id(Tag::kPrefix, id.value);
}
/// nullopt for 0 as well: nothing has that id, and inside it stands for none.
template <class Tag>
std::optional<Id<Tag>> parse_id_tagged(std::string_view text) {
  auto value = decode_id(Tag::kPrefix, text);
  if (!value || *value == 0) return std::nullopt;
  return Id<Tag>{*value};
}
inline auto parse_event_id(std::string_view t) {
  return parse_id_tagged<EventTag>(t);
}
inline auto parse_webhook_id(std::string_view t) {
  return parse_id_tagged<WebhookTag>(t);
}
inline auto parse_delivery_id(std::string_view t) {
  return parse_id_tagged<DeliveryTag>(t);
}
inline auto parse_job_id(std::string_view t) {
  return parse_id_tagged<JobTag>(t);
}
inline auto parse_api_key_id(std::string_view t) {
  return parse_id_tagged<ApiKeyTag>(t);
}
inline auto parse_organization_id(std::string_view t) {
  return parse_id_tagged<OrganizationTag>(t);
}
inline auto parse_user_id(std::string_view t) {
  return parse_id_tagged<UserTag>(t);
}
inline auto parse_invitation_id(std::string_view t) {
  return parse_id_tagged<InvitationTag>(t);
}

/// Makes ids that only rise, also when the wall clock steps back. One owner; not thread-safe.
class IdGenerator {
 public:
  /// `last`: the greatest id that exists.
  explicit IdGenerator(std::int64_t last = 0) : last_(last) {}
  std::int64_t next(WallTime now);
  std::int64_t last() const { return last_; }

 private:
  std::int64_t last_;
};

}  // namespace eventrelay

template <class Tag>
struct std::hash<eventrelay::Id<Tag>> {
  std::size_t operator()(eventrelay::Id<Tag> id) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ull >> 7);
  }
};
