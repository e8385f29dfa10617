// Rules for a webhook's URL and for the addresses that it may resolve to. Pure functions; any thread.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace eventrelay {

/// A parsed http or https URL (RFC 3986), ready to send.
struct TargetUrl {
  bool tls = false;
  std::string host;  ///< lower case; an IPv6 literal without its brackets
  std::uint16_t port = 0;
  std::string target;     ///< path and query, at least "/"; no fragment
  std::string authority;  ///< for the Host header: brackets and a non-default port where needed
};

/// Refuses: other schemes, user info, no host, bad port, control characters, spaces, longer than kUrlCharsMax.
/// IDN hosts must come as punycode. The error's path is "url".
Result<TargetUrl> parse_target_url(std::string_view text);

/// 16 bytes, IPv4 as ::ffff:a.b.c.d.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  bool is_v4() const;  ///< also for IPv4-mapped ones
  bool operator==(const IpAddress&) const = default;
};

struct Cidr {
  IpAddress network;
  int prefix_bits = 0;                                      ///< of 128
  static std::optional<Cidr> parse(std::string_view text);  ///< "10.0.0.0/8", "fd00::/8", a single address
  bool contains(const IpAddress& address) const;
};
std::string to_text(const Cidr& cidr);  ///< "10.0.0.0/8"

/// Which addresses deliveries may go to: the public internet, and what the operator allows.
struct EgressRules {
  bool allow_private = false;  ///< everything but unspecified (0.0.0.0, ::), multicast and broadcast
  std::vector<Cidr> allowed;   ///< allowed although private
  bool allows(const IpAddress& address) const;
};

}  // namespace eventrelay
