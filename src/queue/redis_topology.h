// The servers of one Redis: which there are, who has which slot; asked anew when something changed. Belongs to the
// thread that runs its context.
#pragma once
#include <map>
#include <optional>

#include "queue/redis_node.h"
#include "queue/redis_slots.h"

namespace eventrelay {

inline constexpr std::chrono::milliseconds kTopologyDeadline{2'000};
inline constexpr std::chrono::milliseconds kTopologyRetry{200};  ///< while a stream's slot has no server
inline constexpr std::chrono::seconds kUnlistedServerKept{60};   ///< one that has no slots, since it was last needed

class RedisTopology : public std::enable_shared_from_this<RedisTopology> {
 public:
  RedisTopology(boost::asio::io_context& context, RedisConnectOptions options)
      : context_(context), options_(std::move(options)), tasks_(context, "Redis"), retry_(context) {}
  void start();
  /// Closes all connections: what runs in tasks() ends with the loop's next turns.
  void stop();
  /// All that runs for this Redis: its own, its servers', and the client's.
  TaskGroup& tasks() { return tasks_; }

  bool is_up() const;
  bool is_failing() const;
  bool is_cluster() const { return slots_.has_value(); }
  bool is_stopped() const { return stopped_; }
  /// nullptr: nobody has it, or it is not known yet.
  std::shared_ptr<RedisNode> node_of(int slot);
  /// Connects to a server that was not known before.
  std::shared_ptr<RedisNode> node_at(const RedisEndpoint& endpoint);
  RedisConnectOptions options_for(const RedisEndpoint& endpoint) const;
  void note_redirect(const RedisRedirect& redirect);

 private:
  struct Entry {
    std::shared_ptr<RedisNode> node;
    std::chrono::steady_clock::time_point needed_at;
  };
  /// Asks again, unless it is being asked.
  void refresh();
  static boost::asio::awaitable<void> refresh_all(std::shared_ptr<RedisTopology> self);
  /// False: that server could not say.
  static boost::asio::awaitable<bool> ask(std::shared_ptr<RedisTopology> self, std::shared_ptr<RedisNode> node);
  void take(RedisSlotMap slots);
  bool is_complete() const;

  boost::asio::io_context& context_;
  RedisConnectOptions options_;
  TaskGroup tasks_;
  boost::asio::steady_timer retry_;
  std::shared_ptr<RedisNode> seed_;
  std::map<RedisEndpoint, Entry> nodes_;
  bool known_ = false;  ///< whether it is a cluster
  std::optional<RedisSlotMap> slots_;
  bool asks_ = false;
  bool ask_again_ = false;
  bool stopped_ = false;
};

}  // namespace eventrelay
