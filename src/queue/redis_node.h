// One server, and the connection to it that is made again and again: after 50 ms, then twice as long each time up to a
// second, less a random part. Belongs to the thread that runs its context.
#pragma once
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <random>

#include "base/task_group.h"
#include "queue/redis_connection.h"

namespace eventrelay {

inline constexpr std::chrono::milliseconds kRedisBackoffMin{50};
inline constexpr std::chrono::milliseconds kRedisBackoffMax{1'000};
inline constexpr std::chrono::milliseconds kRedisPingPeriod{1'000};
inline constexpr std::chrono::milliseconds kRedisPingDeadline{2'000};

/// Waits between attempts.
class RedisBackoff {
 public:
  /// The next: half to all of a time that doubles.
  std::chrono::milliseconds next();
  void reset() { wait_ = kRedisBackoffMin; }

 private:
  std::chrono::milliseconds wait_ = kRedisBackoffMin;
  std::minstd_rand chance_{std::random_device{}()};
};

class RedisNode : public std::enable_shared_from_this<RedisNode> {
 public:
  /// changed: after the connection came, went, or could not be made. tasks: what runs for it until stop().
  static std::shared_ptr<RedisNode> start(TaskGroup& tasks, boost::asio::io_context& context,
                                          RedisConnectOptions options, std::function<void()> changed);
  /// Closes the connection, or stops making it; `changed` is called no more. Its task ends with the loop's next turns.
  void stop();

  /// Closes the connection, where there is one, and makes it to what the name stands for then. That is no outage.
  void reconnect();

  /// nullptr while there is none. Good until the next event of the loop.
  RedisConnection* connection() const { return connection_ && connection_->is_open() ? connection_.get() : nullptr; }
  /// The same, and waits for it to come, until the deadline.
  static boost::asio::awaitable<bool> wait(std::shared_ptr<RedisNode> node, RedisConnection::Deadline deadline);
  /// Attempts have failed since it was last connected.
  bool is_failing() const { return failing_; }
  const RedisEndpoint& endpoint() const { return options_.url.endpoint; }

 private:
  RedisNode(boost::asio::io_context& context, RedisConnectOptions options, std::function<void()> changed)
      : context_(context), options_(std::move(options)), changed_(std::move(changed)), timer_(context) {}
  static boost::asio::awaitable<void> keep_connected(std::shared_ptr<RedisNode> self);
  boost::asio::awaitable<void> keep_alive();
  boost::asio::awaitable<void> pause(std::chrono::milliseconds time);
  void set_failing(const std::string& why);
  void set_up();
  void tell() {
    if (!stopped_) changed_();
  }

  boost::asio::io_context& context_;
  RedisConnectOptions options_;
  std::function<void()> changed_;
  boost::asio::steady_timer timer_;
  RedisBackoff backoff_;
  std::unique_ptr<RedisConnection> connection_;
  bool failing_ = false;
  bool reconnecting_ = false;  ///< asked to
  bool stopped_ = false;
};

}  // namespace eventrelay
