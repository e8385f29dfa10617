#include "queue/redis_appender.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <thread>

#include "queue/redis_streams.h"
#include "tests/queue/redis_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::RedisCluster;
using test::RedisServer;

struct RedisAppenderTest : RedisFixture {
  void start(const std::string& url) {
    client = connect_client(url);
    appender = std::make_unique<RedisAppender>(loop.context(), client);
  }
  static int length(const RedisServer& server, int partition) {
    return std::stoi("0" + server.cli({"XLEN", stream_key(partition)}));
  }
  /// Of what was appended until now.
  void wait_until_answered() {
    loop.wait<RedisClient::Replies>([&](auto done) {
      client->run({make_redis_command({"XLEN", stream_key(1)})}, steady_clock::now() + 20s, std::move(done));
    });
  }

  std::shared_ptr<RedisClient> client;
  std::unique_ptr<RedisAppender> appender;
};

TEST_F(RedisAppenderTest, entries_of_any_thread_arrive_in_order) {
  RedisServer server;
  start(server.url());
  std::thread store([&] {
    for (int i = 0; i < 1'000; ++i) appender->append({{1, std::to_string(i)}, {200, "x"}});
  });
  loop.run_until([&] { return length(server, 1) == 1'000 && length(server, 200) == 1'000; });
  store.join();
  const std::string all = server.cli({"XRANGE", stream_key(1), "-", "+"});
  std::size_t at = 0;
  for (int i = 0; i < 1'000; ++i) {
    at = all.find("\ne\n" + std::to_string(i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(appender->dropped(), 0u);
}

TEST_F(RedisAppenderTest, a_stream_is_kept_short) {
  RedisServer server;
  start(server.url());
  const std::string large(60'000, 'x');
  // Another stream gets nearly all of the budget.
  for (int i = 0; i < 50; ++i) {
    for (int k = 0; k < 50; ++k) appender->append({{2, large}});
    appender->append({{1, large}});
    wait_until_answered();
  }
  EXPECT_LT(length(server, 1), 60);
  EXPECT_GT(length(server, 1), 10);
  EXPECT_LT(length(server, 2), 2'300);
  EXPECT_GT(length(server, 2), 1'500);
  EXPECT_EQ(appender->dropped(), 0u);
}

TEST_F(RedisAppenderTest, an_outage_drops_and_counts_and_then_goes_on) {
  RedisServer server;
  start(server.url());
  server.kill();
  loop.run_until([&] { return !client->is_up(); });
  appender->append({{1, "lost"}, {2, "lost"}});
  loop.run_until([&] { return appender->dropped() == 2; });
  server.restart();
  loop.run_until([&] { return client->is_up(); });
  appender->append({{1, "kept"}});
  loop.run_until([&] { return length(server, 1) == 1; });
  EXPECT_EQ(appender->dropped(), 2u);
}

TEST_F(RedisAppenderTest, a_server_that_hangs_fills_a_bounded_buffer) {
  RedisServer server;
  start(server.url());
  server.pause();
  const std::string large(60'000, 'x');
  const auto begun = steady_clock::now();
  for (int i = 0; i < 2'000; ++i) appender->append({{i % kPartitions, large}});
  EXPECT_LT(steady_clock::now() - begun, 2s);
  loop.run_until([&] { return appender->dropped() > 0; });
  EXPECT_EQ(appender->dropped(), 2'000 - kAppendBytesMax / (large.size() + sizeof(StreamEntry)));
  loop.run_until([&] { return appender->dropped() == 2'000; });
  server.resume();
  loop.run_until([&] { return client->is_up(); });
  appender->append({{1, "kept"}});
  loop.run_until([&] { return length(server, 1) >= 1; });
}

TEST_F(RedisAppenderTest, out_of_memory_counts_as_gone_for_a_while) {
  RedisServer server;
  start(server.url());
  server.cli({"CONFIG", "SET", "maxmemory", "1"});
  appender->append({{1, "lost"}});
  loop.run_until([&] { return appender->dropped() == 1; });
  server.cli({"CONFIG", "SET", "maxmemory", "0"});
  appender->append({{1, "lost too"}});
  loop.run_until([&] { return appender->dropped() == 2; });
  run_for(kAppendPause);
  appender->append({{1, "kept"}});
  loop.run_until([&] { return length(server, 1) == 1; });
  EXPECT_EQ(appender->dropped(), 2u);
}

TEST_F(RedisAppenderTest, a_server_that_takes_no_writes_says_so_without_any_entry) {
  RedisServer server;
  start(server.url());
  const auto look_until = [&](const std::function<bool()>& holds) {
    loop.run_until([&] {
      appender->look();
      return holds();
    });
  };
  run_for(kAppendAsked);
  EXPECT_EQ(client->refusal(), "");
  server.cli({"CONFIG", "SET", "maxmemory", "1"});
  look_until([&] { return client->refusal().starts_with("OOM"); });
  server.cli({"CONFIG", "SET", "maxmemory", "0"});
  look_until([&] { return client->refusal().empty(); });
  server.cli({"ACL", "SETUSER", "default", "-xadd"});
  look_until([&] { return client->refusal().starts_with("NOPERM"); });
  server.cli({"ACL", "SETUSER", "default", "+xadd"});
  look_until([&] { return client->refusal().empty(); });
  EXPECT_EQ(server.cli({"DBSIZE"}), "0");
}

TEST_F(RedisAppenderTest, an_entry_that_is_refused_says_so_too) {
  RedisServer server;
  start(server.url());
  server.cli({"CONFIG", "SET", "maxmemory", "1"});
  appender->append({{1, "lost"}});
  loop.run_until([&] { return client->refusal().starts_with("OOM"); });
}

TEST_F(RedisAppenderTest, of_a_cluster_each_master_is_asked) {
  RedisCluster cluster;
  start(cluster.url());
  for (std::size_t node = 0; node < 3; ++node) {
    cluster.node(node).cli({"CONFIG", "SET", "maxmemory", "1"});
    loop.run_until([&] {
      appender->look();
      return client->refusal().starts_with("OOM");
    });
    cluster.node(node).cli({"CONFIG", "SET", "maxmemory", "0"});
    loop.run_until([&] {
      appender->look();
      return client->refusal().empty();
    });
  }
}

TEST_F(RedisAppenderTest, a_master_that_became_a_replica_is_left_again_and_again) {
  RedisServer server;
  start(server.url());
  const auto connections = [&] {
    const std::string info = server.cli({"CLIENT", "LIST"});
    const auto at = info.find("id=");  // redis-cli's own is later
    return info.substr(at, info.find(' ', at) - at);
  };
  std::set<std::string> seen{connections()};
  server.cli({"REPLICAOF", "127.0.0.1", "1"});
  loop.run_until([&] {
    appender->look();
    if (client->is_up()) seen.insert(connections());
    return seen.size() >= 3;
  });
  EXPECT_TRUE(client->refusal().starts_with("READONLY")) << client->refusal();
  EXPECT_FALSE(client->is_failing());
  server.cli({"REPLICAOF", "NO", "ONE"});
  loop.run_until([&] {
    appender->look();
    return client->refusal().empty();
  });
  appender->append({{1, "kept"}});
  loop.run_until([&] { return length(server, 1) == 1; });
}

TEST_F(RedisAppenderTest, a_cluster_gets_each_entry_where_it_belongs) {
  RedisCluster cluster;
  start(cluster.url());
  std::vector<StreamEntry> entries;
  for (int partition = 0; partition < kPartitions; ++partition) entries.push_back({partition, "x"});
  appender->append(std::move(entries));
  const auto keys = [&](std::size_t node) { return std::stoi(cluster.node(node).cli({"DBSIZE"})); };
  loop.run_until([&] { return keys(0) + keys(1) + keys(2) == kPartitions; });
  for (std::size_t node = 0; node < 3; ++node) EXPECT_GT(keys(node), 0);
  EXPECT_EQ(appender->dropped(), 0u);
}

TEST_F(RedisAppenderTest, it_may_go_while_entries_are_under_way) {
  RedisServer server;
  start(server.url());
  for (int i = 0; i < 100; ++i) appender->append({{1, "x"}});
  appender.reset();
  client.reset();
  run_for(50ms);
}

}  // namespace
}  // namespace eventrelay
