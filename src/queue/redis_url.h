// Where Redis is, as an operator writes it: redis://[user[:password]@]host[:port][/db], rediss:// for TLS. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace eventrelay {

struct RedisEndpoint {
  std::string host;  ///< a name or an address; IPv6 without brackets
  std::uint16_t port = 6379;
  auto operator<=>(const RedisEndpoint&) const = default;
};
/// "host:port", "[::1]:port".
std::string to_text(const RedisEndpoint& endpoint);

struct RedisUrl {
  bool tls = false;
  RedisEndpoint endpoint;
  std::string user;  ///< empty: Redis's default user
  std::string password;
  int database = 0;
};

/// User, password and host may be percent-encoded. Errors: kInvalid, a sentence that names the fault and never holds
/// the user or the password.
Result<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace eventrelay
