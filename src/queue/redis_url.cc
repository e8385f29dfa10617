#include "queue/redis_url.h"

#include <charconv>
#include <optional>

namespace eventrelay {
namespace {

constexpr std::string_view kPlain = "redis://";
constexpr std::string_view kSecure = "rediss://";

Error fault(std::string what) {
  return Error{ErrorCode::kInvalid, "the Redis URL " + std::move(what), {}};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

template <class T>
bool parse_whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Result<void> parse_credentials(std::string_view text, RedisUrl& url) {
  const auto colon = text.find(':');
  const auto user = percent_decode(text.substr(0, colon));
  const auto password = percent_decode(colon == text.npos ? std::string_view() : text.substr(colon + 1));
  if (!user || !password) return fault("has a '%' in its user or password that two hexadecimal digits do not follow");
  url.user = *user;
  url.password = *password;
  return {};
}

Result<void> parse_endpoint(std::string_view text, RedisEndpoint& endpoint) {
  std::string_view host = text.substr(0, text.rfind(':'));
  std::string_view port = host.size() == text.size() ? std::string_view() : text.substr(host.size());
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == text.npos) return fault("has a '[' without a ']' in its host");
    host = text.substr(1, bracket - 1);
    port = text.substr(bracket + 1);
    if (!port.empty() && port.front() != ':') return fault("has something other than a port behind the ']'");
  } else if (host.find(':') != host.npos) {
    return fault("has a host with a ':'; an IPv6 address belongs in brackets");
  }
  const auto decoded = percent_decode(host);
  if (!decoded) return fault("has a '%' in its host that two hexadecimal digits do not follow");
  if (decoded->empty()) return fault("names no host");
  endpoint.host = *decoded;
  if (port.empty()) return {};
  if (!parse_whole(port.substr(1), endpoint.port) || endpoint.port == 0)
    return fault("has a port that is not a number from 1 to 65535");
  return {};
}

}  // namespace

std::string to_text(const RedisEndpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  RedisUrl url;
  url.tls = text.starts_with(kSecure);
  if (!url.tls && !text.starts_with(kPlain)) return fault("must begin with redis:// or rediss://");
  std::string_view rest = text.substr(url.tls ? kSecure.size() : kPlain.size());
  // A password may hold any of these unencoded but '/', '?' and '#', which would end it for other clients too.
  if (rest.find_first_of("?#") != rest.npos)
    return fault("has a query or a fragment; a '?' or '#' in a password is written %3F or %23");
  const auto slash = rest.find('/');
  const std::string_view path = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
  std::string_view authority = rest.substr(0, slash);
  if (path.find('@') != path.npos) return fault("has a '/' in its user or password, where it is written %2F");
  if (const auto at = authority.rfind('@'); at != authority.npos) {
    if (auto parsed = parse_credentials(authority.substr(0, at), url); !parsed) return parsed.error();
    authority.remove_prefix(at + 1);
  }
  if (auto parsed = parse_endpoint(authority, url.endpoint); !parsed) return parsed.error();
  if (!path.empty() && (!parse_whole(path, url.database) || url.database < 0))
    return fault("has a path that is not the number of a database");
  return url;
}

}  // namespace eventrelay
