#include "api/cursor.h"

#include "base/crypto.h"

namespace eventrelay {
namespace {

constexpr std::size_t kPlaceBytes = 8;
constexpr std::size_t kListBytes = 4;
/// Base 64 of the 12 bytes: a multiple of three, so there is no padding.
constexpr std::size_t kCursorChars = 16;

/// Tells lists apart; against mistakes, not against malice: a forged place shows nothing that the list would not.
std::uint32_t fingerprint(std::string_view list) {
  std::uint32_t hash = 2'166'136'261U;
  for (const char c : list) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  return hash;
}

void append_bytes(std::string& out, std::uint64_t value, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t read_bytes(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

std::string encode_cursor(std::string_view list, std::int64_t place) {
  std::string bytes;
  append_bytes(bytes, static_cast<std::uint64_t>(place), kPlaceBytes);
  append_bytes(bytes, fingerprint(list), kListBytes);
  auto text = base64_encode(bytes);
  for (auto& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::optional<std::int64_t> decode_cursor(std::string_view list, std::string_view text) {
  if (text.size() != kCursorChars) return std::nullopt;
  std::string standard(text);
  for (auto& c : standard) {
    if (c == '+' || c == '/') return std::nullopt;
    c = c == '-' ? '+' : c == '_' ? '/' : c;
  }
  const auto bytes = base64_decode(standard);
  if (!bytes || bytes->size() != kPlaceBytes + kListBytes) return std::nullopt;
  const std::string_view view = *bytes;
  if (read_bytes(view.substr(kPlaceBytes)) != fingerprint(list)) return std::nullopt;
  const auto place = static_cast<std::int64_t>(read_bytes(view.substr(0, kPlaceBytes)));
  if (place <= 0) return std::nullopt;
  return place;
}

}  // namespace eventrelay
