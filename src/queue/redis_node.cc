#include "queue/redis_node.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"

namespace eventrelay {

namespace asio = boost::asio;
using std::chrono::steady_clock;

std::chrono::milliseconds RedisBackoff::next() {
  const auto all = wait_.count();
  const auto taken = static_cast<std::int64_t>(chance_() % static_cast<std::uint64_t>(all / 2 + 1));
  wait_ = std::min(wait_ * 2, kRedisBackoffMax);
  return std::chrono::milliseconds(all - taken);
}

std::shared_ptr<RedisNode> RedisNode::start(TaskGroup& tasks, asio::io_context& context, RedisConnectOptions options,
                                            std::function<void()> changed) {
  std::shared_ptr<RedisNode> node(new RedisNode(context, std::move(options), std::move(changed)));
  tasks.spawn(keep_connected(node));
  return node;
}

void RedisNode::stop() {
  stopped_ = true;
  connection_.reset();
  timer_.cancel();
}

void RedisNode::reconnect() {
  if (!connection()) return;
  reconnecting_ = true;
  connection_->close();
}

asio::awaitable<void> RedisNode::keep_connected(std::shared_ptr<RedisNode> self) {
  while (!self->stopped_) {
    self->connection_ = std::make_unique<RedisConnection>(self->context_, self->options_);
    const Result<void> connected = co_await self->connection_->connect();
    if (self->stopped_) co_return;
    if (connected) {
      self->set_up();
      co_await self->keep_alive();
      if (self->stopped_) co_return;
    }
    self->connection_.reset();
    if (!std::exchange(self->reconnecting_, false))
      self->set_failing(connected ? "the connection has ended" : connected.error().message);
    self->tell();
    co_await self->pause(self->backoff_.next());
  }
}

void RedisNode::set_up() {
  if (failing_) spdlog::info("Redis at {} is back", to_text(endpoint()));
  failing_ = false;
  backoff_.reset();
  connection_->when_closed([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->timer_.cancel();
  });
  tell();
}

/// An outage is logged once.
void RedisNode::set_failing(const std::string& why) {
  if (!failing_) spdlog::warn("Redis at {} is gone, trying again: {}", to_text(endpoint()), why);
  failing_ = true;
}

/// Returns when the connection has ended. A server that hangs is found by what it does not answer.
asio::awaitable<void> RedisNode::keep_alive() {
  while (!stopped_ && connection_->is_open()) {
    co_await pause(kRedisPingPeriod);
    if (stopped_ || !connection_->is_open()) co_return;
    RedisBatch ping;
    ping.add({"PING"});
    const Result<RedisReplies> answer =
        co_await connection_->run(std::move(ping), steady_clock::now() + kRedisPingDeadline);
    (void)answer;
  }
}

asio::awaitable<void> RedisNode::pause(std::chrono::milliseconds time) {
  boost::system::error_code ignored;
  timer_.expires_after(time);
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer_.async_wait(token);
}

asio::awaitable<bool> RedisNode::wait(std::shared_ptr<RedisNode> node, RedisConnection::Deadline deadline) {
  asio::steady_timer timer(node->context_);
  while (!node->connection()) {
    if (node->stopped_ || steady_clock::now() >= deadline) co_return false;
    timer.expires_after(std::chrono::milliseconds(5));
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer.async_wait(token);
  }
  co_return true;
}

}  // namespace eventrelay
