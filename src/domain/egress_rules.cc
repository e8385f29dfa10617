// Addresses and the rules which of them deliveries may go to.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "domain/target_url.h"

namespace eventrelay {
namespace {

constexpr int kV4PrefixBits = 96;  // ::ffff:0:0/96 holds IPv4
constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

using Cidrs = std::vector<Cidr>;

Cidrs cidrs(std::initializer_list<std::string_view> texts) {
  Cidrs list;
  for (auto text : texts) list.push_back(Cidr::parse(text).value());
  return list;
}

bool any_contains(const Cidrs& list, const IpAddress& address) {
  return std::any_of(list.begin(), list.end(), [&](const Cidr& cidr) { return cidr.contains(address); });
}

/// Never a target of a POST, not even inside the operator's own network.
bool is_no_host(const IpAddress& address) {
  static const Cidrs never = cidrs({"0.0.0.0", "::", "224.0.0.0/4", "ff00::/8", "255.255.255.255"});
  return any_contains(never, address);
}

bool is_public(const IpAddress& address) {
  static const Cidrs denied_v4 =
      cidrs({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
             "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
             "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"});
  static const Cidrs global_v6 = cidrs({"2000::/3"});
  static const Cidrs denied_v6 = cidrs({"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"});
  if (address.is_v4()) return !any_contains(denied_v4, address);
  return any_contains(global_v6, address) && !any_contains(denied_v6, address);
}

bool has_bits_after(const IpAddress& address, int prefix_bits) {
  for (int bit = prefix_bits; bit < 128; ++bit) {
    if (address.bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) return true;
  }
  return false;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated);
  terminated[text.size()] = '\0';
  std::array<std::uint8_t, 4> four;
  if (inet_pton(AF_INET, terminated, four.data()) == 1) return v4(four);
  IpAddress address;
  if (inet_pton(AF_INET6, terminated, address.bytes.data()) == 1) return address;
  return std::nullopt;
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) {
  IpAddress address;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes.begin());
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin() + kV4Prefix.size());
  return address;
}

bool IpAddress::is_v4() const {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

std::optional<Cidr> Cidr::parse(std::string_view text) {
  auto slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  // ::ffff:a.b.c.d counts its bits as IPv6 does.
  bool dotted = text.substr(0, slash).find(':') == std::string_view::npos;
  int bits = dotted ? 32 : 128;
  if (slash != std::string_view::npos) {
    auto digits = text.substr(slash + 1);
    int most = bits;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size() || bits < 0 || bits > most) return std::nullopt;
  }
  Cidr cidr{*address, dotted ? bits + kV4PrefixBits : bits};
  // "10.0.0.1/8" is a slip: one address was meant, or another network.
  if (has_bits_after(cidr.network, cidr.prefix_bits)) return std::nullopt;
  return cidr;
}

bool Cidr::contains(const IpAddress& address) const {
  // ::/0 is all of IPv6, and nothing of IPv4.
  bool is_v4_network = prefix_bits >= kV4PrefixBits && network.is_v4();
  if (is_v4_network != address.is_v4()) return false;
  auto whole = static_cast<std::size_t>(prefix_bits / 8);
  if (std::memcmp(network.bytes.data(), address.bytes.data(), whole) != 0) return false;
  int rest = prefix_bits % 8;
  return rest == 0 || (network.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

std::string to_text(const Cidr& cidr) {
  const bool is_v4 = cidr.network.is_v4() && cidr.prefix_bits >= kV4PrefixBits;
  const auto* const bytes = cidr.network.bytes.data() + (is_v4 ? kV4Prefix.size() : 0);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
  return std::string(text) + "/" + std::to_string(is_v4 ? cidr.prefix_bits - kV4PrefixBits : cidr.prefix_bits);
}

bool EgressRules::allows(const IpAddress& address) const {
  if (any_contains(allowed, address)) return true;
  return allow_private ? !is_no_host(address) : is_public(address);
}

}  // namespace eventrelay
