// What the tests against real Redis servers share: a loop, and clients on it.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include "queue/redis_client.h"
#include "tests/support/redis_server.h"
#include "tests/support/test_loop.h"

namespace eventrelay {

struct RedisFixture : testing::Test {
  using Time = std::chrono::steady_clock;

  static RedisConnectOptions options_for(const std::string& url) {
    RedisConnectOptions options;
    options.url = parse_redis_url(url).value();
    return options;
  }
  std::shared_ptr<RedisClient> make_client(const std::string& url) {
    return std::make_shared<RedisClient>(loop.context(), options_for(url));
  }
  /// The same, and waits until it is up.
  std::shared_ptr<RedisClient> connect_client(const std::string& url) {
    auto client = make_client(url);
    loop.run_until([&] { return client->is_up(); });
    return client;
  }
  RedisClient::Replies run(RedisClient& client, std::vector<RedisCommand> commands) {
    return loop.wait<RedisClient::Replies>(
        [&](auto done) { client.run(std::move(commands), Time::now() + std::chrono::seconds(5), std::move(done)); });
  }
  /// Runs the loop for a while.
  void run_for(milliseconds time) {
    bool over = false;
    boost::asio::steady_timer timer(loop.context(), time);
    timer.async_wait([&over](const auto&) { over = true; });
    loop.run_until([&] { return over; });
  }

  /// Waits until all have stopped. True: no time had to pass.
  template <class... Owners>
  bool stop(Owners&... owners) {
    std::size_t left = sizeof...(owners);
    const auto ended = [&left](const std::exception_ptr& fault) {
      EXPECT_FALSE(fault);
      --left;
    };
    (boost::asio::co_spawn(loop.context(), owners.stop(), ended), ...);
    loop.run_ready();
    const bool at_once = left == 0;
    loop.run_until([&] { return left == 0; });
    return at_once;
  }
  /// The same in the middle of what they do: they wait for nothing, and leave the loop nothing to do.
  template <class... Owners>
  void expect_end(Owners&... owners) {
    EXPECT_TRUE(stop(owners...));
    expect_idle();
  }
  /// Nothing waits on the loop for anything that has not happened yet.
  void expect_idle() {
    loop.run_ready();
    EXPECT_TRUE(loop.context().stopped());
  }

  TestLoop loop;
};

}  // namespace eventrelay
