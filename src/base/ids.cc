#include "base/ids.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace eventrelay {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kIdChars = 13;
constexpr std::int64_t kIdMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kIdMillisecondsMax = kIdMax >> kIdSequenceBits;

}  // namespace

std::int64_t first_id_at(WallTime time) {
  // Compared before the subtraction: any time at all may come from a filter.
  if (unix_ms(time) <= kIdEpochUnixMs) return 0;
  std::int64_t ms = unix_ms(time) - kIdEpochUnixMs;
  return ms > kIdMillisecondsMax ? kIdMax : ms << kIdSequenceBits;
}

WallTime time_of_id(std::int64_t id) {
  return from_unix_ms((id >> kIdSequenceBits) + kIdEpochUnixMs);
}

std::string encode_id(std::string_view prefix, std::int64_t value) {
  assert(value >= 0);
  std::string text(prefix.size() + kIdChars, '0');
  std::copy(prefix.begin(), prefix.end(), text.begin());
  for (auto at = text.size(); value != 0; value >>= 5) text[--at] = kAlphabet[static_cast<std::size_t>(value & 31)];
  return text;
}

std::optional<std::int64_t> decode_id(std::string_view prefix, std::string_view text) {
  if (text.size() != prefix.size() + kIdChars || !text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  // 13 characters carry 65 bits, an id has 63.
  if (text.front() > '7') return std::nullopt;
  std::int64_t value = 0;
  for (char c : text) {
    auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 5 | static_cast<std::int64_t>(digit);
  }
  return value;
}

std::int64_t IdGenerator::next(WallTime now) {
  assert(last_ < kIdMax);
  last_ = std::max(last_ + 1, first_id_at(now));
  return last_;
}

}  // namespace eventrelay
