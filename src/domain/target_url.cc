#include "domain/target_url.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "domain/header_rules.h"

namespace eventrelay {
namespace {

constexpr std::size_t kHostCharsMax = 253;  // RFC 1035 §2.3.4
constexpr std::size_t kLabelCharsMax = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
bool is_host_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// Resolvers read "127.1", "0x7f.1" and "2130706433" as IPv4 addresses: whatever ends in a number is one, or refused.
bool ends_in_number(std::string_view host) {
  auto dot = host.rfind('.');
  auto last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (last.starts_with("0x")) return std::all_of(last.begin() + 2, last.end(), is_hex_digit);
  return std::all_of(last.begin(), last.end(), is_digit);
}

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > kHostCharsMax) return false;
  std::size_t label = 0;
  for (char c : host) {
    if (c == '.' && label > 0) {
      label = 0;
    } else if (!is_host_character(c) || ++label > kLabelCharsMax) {
      return false;
    }
  }
  return label > 0;
}

/// Takes the host off the front of `authority`. The message says what is wrong; empty when it is good.
std::string read_host(std::string_view& authority, TargetUrl& url) {
  if (authority.starts_with('[')) {
    auto end = authority.find(']');
    if (end == std::string_view::npos) return "has a '[' without its ']'";
    url.host = to_lower(authority.substr(1, end - 1));
    authority.remove_prefix(end + 1);
    // A dotted quad in brackets would be read as IPv4.
    if (url.host.find(':') == std::string::npos || !IpAddress::parse(url.host)) return "has no valid IPv6 address";
    return "";
  }
  auto end = std::min(authority.find(':'), authority.size());
  url.host = to_lower(authority.substr(0, end));
  authority.remove_prefix(end);
  if (url.host.empty()) return "has no host";
  if (!is_name(url.host)) return "has no valid host name; international names must come as punycode";
  if (ends_in_number(url.host) && !IpAddress::parse(url.host)) return "has no valid IPv4 address";
  return "";
}

/// text: what follows the host, "" or ":PORT".
bool read_port(std::string_view text, TargetUrl& url) {
  url.port = url.tls ? 443 : 80;
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  text.remove_prefix(1);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), url.port);
  return error == std::errc() && end == text.data() + text.size() && url.port != 0;
}

std::string authority_of(const TargetUrl& url) {
  std::string text = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  if (url.port != (url.tls ? 443 : 80)) text += ":" + std::to_string(url.port);
  return text;
}

std::string target_of(std::string_view rest) {
  auto path_and_query = rest.substr(0, rest.find('#'));
  std::string target(path_and_query);
  if (!target.starts_with('/')) target.insert(0, "/");
  return target;
}

/// Takes the scheme off the front.
bool read_scheme(std::string_view& text, TargetUrl& url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
    url.tls = scheme == "https://";
    text.remove_prefix(scheme.size());
    return true;
  }
  return false;
}

}  // namespace

Result<TargetUrl> parse_target_url(std::string_view text) {
  auto fault = [](std::string message) { return invalid("url", std::move(message)); };
  if (text.empty()) return fault("must not be empty");
  if (text.size() > kUrlCharsMax) return fault("must have at most " + std::to_string(kUrlCharsMax) + " characters");
  // A backslash is a slash to some parsers: two readings of one URL are one too many.
  auto is_allowed = [](char c) { return c > ' ' && c <= '~' && c != '\\'; };
  if (!std::all_of(text.begin(), text.end(), is_allowed)) {
    return fault("may not have spaces, backslashes, control or non-ASCII characters");
  }
  TargetUrl url;
  if (!read_scheme(text, url)) return fault("must begin with http:// or https://");
  auto end = std::min(text.find_first_of("/?#"), text.size());
  auto authority = text.substr(0, end);
  if (authority.find('@') != std::string_view::npos) return fault("may not have a user name or password");
  if (auto message = read_host(authority, url); !message.empty()) return fault(std::move(message));
  if (!read_port(authority, url)) return fault("must have a port between 1 and 65535, or none");
  url.target = target_of(text.substr(end));
  url.authority = authority_of(url);
  return url;
}

}  // namespace eventrelay
