// Identifiers. Inside: 63-bit integers that rise with time, one type each. Outside: a prefix and 13 characters.
// Pure values and functions; any thread.
#pragma once
#include <algorithm>
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

/// What an id begins with outside: "evt_".
struct IdPrefix {
  char text[5];
  consteval IdPrefix(const char (&literal)[5]) { std::copy_n(literal, 5, text); }
};

template <IdPrefix prefix>
struct Id {
  static constexpr std::string_view kPrefix = prefix.text;

  std::int64_t value = 0;
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return value != 0; }
};

using OrganizationId = Id<"org_">;
using EventId = Id<"evt_">;
using WebhookId = Id<"whk_">;
using DeliveryId = Id<"dlv_">;
using JobId = Id<"job_">;
using ApiKeyId = Id<"key_">;
using UserId = Id<"usr_">;
using InvitationId = Id<"inv_">;
using AuditId = Id<"aud_">;
using ReceivedId = Id<"req_">;

/// The smallest id of that millisecond; times before the epoch give 0.
std::int64_t first_id_at(WallTime time);
/// The millisecond in which the id was made.
WallTime time_of_id(std::int64_t id);

/// `prefix` and 13 characters of Crockford's base 32, lower case, most significant first: sorts like the number.
std::string encode_id(std::string_view prefix, std::int64_t value);
/// The reverse; nullopt unless prefix, length and alphabet fit exactly. 0 is read too: it bounds searches.
std::optional<std::int64_t> decode_id(std::string_view prefix, std::string_view text);

template <IdPrefix prefix>
std::string to_text(Id<prefix> id) {
  return encode_id(id.kPrefix, id.value);
}
/// parse_id<EventId>(text). nullopt for 0 as well: nothing has that id, and inside it stands for none.
template <class AnyId>
std::optional<AnyId> parse_id(std::string_view text) {
  const auto value = decode_id(AnyId::kPrefix, text);
  if (!value || *value == 0) return std::nullopt;
  return AnyId{*value};
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

template <eventrelay::IdPrefix prefix>
struct std::hash<eventrelay::Id<prefix>> {
  std::size_t operator()(eventrelay::Id<prefix> id) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ull >> 7);
  }
};
