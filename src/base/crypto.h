// Hashes, encodings and random bytes, on OpenSSL. Any thread.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace eventrelay {

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
/// HMAC-SHA256 (RFC 2104) over the parts as if they were one string.
Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);
/// Standard alphabet with padding (RFC 4648 §4).
std::string base64_encode(std::string_view bytes);
/// Strict: standard alphabet, correct padding, nothing else.
std::optional<std::string> base64_decode(std::string_view text);
/// Cryptographically strong. Ends the process when the system has none to give.
std::string random_bytes(std::size_t count);
/// From them, 1 to the largest.
std::int64_t random_number();
/// 256 bits of them, as 43 characters of base64url (RFC 4648 §5) without padding: no quoting in shells, cookies and
/// URLs.
std::string random_token();
/// Same time whatever the contents; false at once for unequal lengths.
bool equal_constant_time(std::string_view a, std::string_view b);
inline std::string_view as_bytes(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace eventrelay
