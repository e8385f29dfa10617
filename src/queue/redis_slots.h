// How Redis Cluster spreads keys: slots, who has which, and what a server says when a key is elsewhere. Pure values.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "queue/redis_protocol.h"
#include "queue/redis_url.h"

namespace eventrelay {

inline constexpr int kRedisSlots = 16'384;

/// The slot of a key, by the part between its first '{' and the next '}' if there is one.
int redis_slot(std::string_view key);

/// Which master has which slot.
class RedisSlotMap {
 public:
  /// A CLUSTER SLOTS reply. asked: stands for the host where the server does not know its own. nullopt: not such a
  /// reply.
  static std::optional<RedisSlotMap> parse(const RedisReply& reply, const RedisEndpoint& asked);

  /// nullptr: nobody has it.
  const RedisEndpoint* master_of(int slot) const;
  void move(int slot, const RedisEndpoint& to);
  const std::vector<RedisEndpoint>& masters() const { return masters_; }

 private:
  std::uint16_t index_of(const RedisEndpoint& master);

  std::vector<RedisEndpoint> masters_;
  std::array<std::uint16_t, kRedisSlots> owners_{};  ///< index of the master + 1; 0: nobody
};

/// "MOVED 3999 host:port": from now on there. "ASK …": this once, after an ASKING.
struct RedisRedirect {
  bool ask = false;
  int slot = 0;
  RedisEndpoint to;
};
/// nullopt: another answer. asked: who gave it.
std::optional<RedisRedirect> parse_redirect(const RedisReply& reply, const RedisEndpoint& asked);

}  // namespace eventrelay
