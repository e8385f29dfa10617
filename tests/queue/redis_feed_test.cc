#include "queue/redis_feed.h"

#include <gtest/gtest.h>

#include "queue/redis_appender.h"
#include "queue/redis_entry.h"
#include "queue/redis_slots.h"
#include "queue/redis_streams.h"
#include "tests/queue/redis_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::RedisCluster;
using test::RedisServer;

/// A worker's feed, and an appender of another process, on one loop.
struct RedisFeedTest : RedisFixture {
  void start(const std::string& url) {
    client = make_client(url);
    publisher = connect_client(url);
    appender = std::make_unique<RedisAppender>(loop.context(), publisher);
    feed = std::make_unique<RedisFeed>(loop.context(), client);
    feed->listen([this](Arrival arrival) { arrivals.push_back(std::move(arrival)); });
  }
  /// Waits until it is noted.
  bool follow(const std::vector<int>& partitions) {
    std::optional<bool> noted;
    feed->follow(set_of(partitions), [&noted](bool ok) { noted = ok; });
    loop.run_until([&] { return noted.has_value(); });
    return *noted;
  }
  static PartitionSet set_of(const std::vector<int>& partitions) {
    PartitionSet set;
    for (const int partition : partitions) set.set(static_cast<std::size_t>(partition));
    return set;
  }
  void append(int partition, std::uint64_t commit) {
    News news;
    news.commit = commit;
    news.jobs = {JobId{1}};
    appender->append({{partition, encode_entry(news)}});
  }
  std::vector<std::uint64_t> commits(int partition) const {
    std::vector<std::uint64_t> found;
    for (const Arrival& arrival : arrivals) {
      if (arrival.partition == partition) found.push_back(arrival.news.commit);
    }
    return found;
  }
  bool has(int partition, std::uint64_t commit) const {
    const auto found = commits(partition);
    return std::find(found.begin(), found.end(), commit) != found.end();
  }

  std::shared_ptr<RedisClient> client;
  std::shared_ptr<RedisClient> publisher;
  std::unique_ptr<RedisAppender> appender;
  std::unique_ptr<RedisFeed> feed;
  std::vector<Arrival> arrivals;
};

using Commits = std::vector<std::uint64_t>;

TEST_F(RedisFeedTest, what_is_appended_after_it_was_noted_arrives_and_nothing_before) {
  RedisServer server;
  start(server.url());
  append(1, 10);
  append(2, 11);
  loop.run_until([&] { return server.cli({"XLEN", stream_key(2)}) == "1"; });
  EXPECT_TRUE(follow({1, 2, 3}));
  EXPECT_TRUE(feed->is_up());
  const auto begun = steady_clock::now();
  append(1, 20);
  append(3, 21);
  append(4, 22);
  append(1, 23);
  loop.run_until([&] { return has(1, 23) && has(3, 21); });
  EXPECT_LT(steady_clock::now() - begun, 500ms);
  EXPECT_EQ(commits(1), (Commits{20, 23}));
  EXPECT_TRUE(commits(2).empty());
  EXPECT_TRUE(commits(4).empty());
  EXPECT_FALSE(arrivals[0].is_gap);
  EXPECT_EQ(arrivals[0].news.jobs.size(), 1u);
}

TEST_F(RedisFeedTest, nothing_is_lost_between_noted_and_read) {
  RedisServer server;
  start(server.url());
  std::uint64_t commit = 0;
  for (int round = 0; round < 30; ++round) {
    // The entry is on its way when noted() runs; the read of the stream begins later.
    const std::uint64_t expected = ++commit;
    bool noted = false;
    feed->follow(set_of({1, 10 + round}), [&](bool ok) {
      EXPECT_TRUE(ok);
      noted = true;
      append(10 + round, expected);
    });
    loop.run_until([&] { return noted && has(10 + round, expected); });
  }
}

TEST_F(RedisFeedTest, it_is_not_up_while_redis_takes_no_entries) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  RedisAppender own(loop.context(), client);
  server.cli({"CONFIG", "SET", "maxmemory", "1"});
  loop.run_until([&] {
    own.look();
    return !feed->is_up();
  });
  EXPECT_EQ(feed->trouble(), "");  // it could read
  server.cli({"CONFIG", "SET", "maxmemory", "0"});
  loop.run_until([&] {
    own.look();
    return feed->is_up();
  });
}

TEST_F(RedisFeedTest, a_read_that_is_refused_says_why) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  EXPECT_EQ(feed->trouble(), "");
  server.cli({"ACL", "SETUSER", "default", "-xread"});
  loop.run_until([&] { return !feed->is_up(); });
  EXPECT_TRUE(feed->trouble().starts_with("NOPERM")) << feed->trouble();
  EXPECT_TRUE(client->is_up());
  server.cli({"ACL", "SETUSER", "default", "+xread"});
  loop.run_until([&] { return feed->is_up(); });
  EXPECT_EQ(feed->trouble(), "");
}

TEST_F(RedisFeedTest, it_goes_on_at_the_server_that_the_client_went_to) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  RedisAppender own(loop.context(), client);
  const auto readers = [&] { return server.cli({"CLIENT", "LIST"}); };
  loop.run_until([&] { return readers().find("cmd=xread") != std::string::npos; });
  const auto id_of_reader = [&]() -> std::string {
    const std::string all = readers();
    const auto end = all.find("cmd=xread");
    if (end == std::string::npos) return {};
    const auto line = all.rfind("id=", all.rfind("addr=", end));
    return all.substr(line, all.find(' ', line) - line);
  };
  // A replica says so to writes; that its reads are cut is not what is tested here.
  server.cli({"REPLICAOF", "127.0.0.1", "1"});
  loop.run_until([&] { return client->is_up() && !id_of_reader().empty(); });
  const std::string before = id_of_reader();
  loop.run_until([&] {
    own.look();
    const std::string now = id_of_reader();
    return !now.empty() && now != before;
  });
  server.cli({"REPLICAOF", "NO", "ONE"});
  loop.run_until([&] {
    own.look();
    return feed->is_up();
  });
  append(1, 5);
  loop.run_until([&] { return has(1, 5); });
}

TEST_F(RedisFeedTest, a_changed_set_is_in_force_soon) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  run_for(20ms);  // it blocks
  for (int round = 0; round < 10; ++round) {
    const auto begun = steady_clock::now();
    EXPECT_TRUE(follow({1, 2 + round}));
    EXPECT_LT(steady_clock::now() - begun, 50ms);
    run_for(milliseconds(round));
  }
  EXPECT_TRUE(follow({11}));
  append(1, 1);
  append(11, 2);
  loop.run_until([&] { return has(11, 2); });
  EXPECT_TRUE(commits(1).empty());
}

TEST_F(RedisFeedTest, those_followed_before_go_on_where_they_are) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  Commits expected;
  for (std::uint64_t commit = 1; commit <= 200; ++commit) {
    append(1, commit);
    expected.push_back(commit);
    if (commit % 10 == 0) feed->follow(set_of({1, static_cast<int>(commit) % 200 + 2}), [](bool) {});
    if (commit % 3 == 0) run_for(1ms);
  }
  loop.run_until([&] { return has(1, 200); });
  EXPECT_EQ(commits(1), expected);
}

TEST_F(RedisFeedTest, all_partitions_and_none_are_sets_too) {
  RedisServer server;
  start(server.url());
  std::vector<int> all;
  for (int partition = 0; partition < kPartitions; ++partition) all.push_back(partition);
  EXPECT_TRUE(follow(all));
  for (int partition = 0; partition < kPartitions; ++partition) append(partition, 5);
  loop.run_until([&] { return arrivals.size() == kPartitions; });
  EXPECT_TRUE(follow({}));
  append(1, 6);
  run_for(50ms);
  EXPECT_EQ(arrivals.size(), std::size_t{kPartitions});
  EXPECT_TRUE(follow({1}));
  append(1, 7);
  loop.run_until([&] { return has(1, 7); });
  EXPECT_FALSE(has(1, 6));
}

TEST_F(RedisFeedTest, a_backlog_is_read_to_its_end) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1, 2}));
  for (std::uint64_t commit = 1; commit <= 1'000; ++commit) {
    append(1, commit);
    append(2, commit);
  }
  loop.run_until([&] { return arrivals.size() == 2'000; });
  for (std::size_t i = 0; i < 1'000; ++i) ASSERT_EQ(commits(1)[i], i + 1);
}

TEST_F(RedisFeedTest, while_it_cannot_be_reached_noted_says_so_at_once) {
  RedisServer server;
  start(server.url());
  server.kill();
  loop.run_until([&] { return client->is_failing(); });
  EXPECT_FALSE(follow({1}));
  EXPECT_FALSE(feed->is_up());
  server.restart();
  loop.run_until([&] { return feed->is_up() && publisher->is_up(); });
  append(1, 1);
  loop.run_until([&] { return has(1, 1); });
  server.kill();
  loop.run_until([&] { return !feed->is_up(); });
  const auto begun = steady_clock::now();
  EXPECT_FALSE(follow({1, 2}));
  EXPECT_LT(steady_clock::now() - begun, 100ms);
}

TEST_F(RedisFeedTest, a_lost_connection_costs_no_entry) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  append(1, 1);
  loop.run_until([&] { return has(1, 1); });
  Commits expected{1};
  for (std::uint64_t commit = 2; commit <= 20; ++commit) {
    server.cli({"CLIENT", "KILL", "TYPE", "normal"});  // the reader's, its client's, and the publisher's
    loop.run_until([&] { return !publisher->is_up(); });
    loop.run_until([&] { return publisher->is_up(); });
    append(1, commit);
    loop.run_until([&] { return server.cli({"XLEN", stream_key(1)}) == std::to_string(commit); });
    expected.push_back(commit);
  }
  loop.run_until([&] { return has(1, 20); });
  EXPECT_EQ(commits(1), expected);
}

TEST_F(RedisFeedTest, a_flush_does_not_stop_it) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1, 2}));
  append(1, 1);
  loop.run_until([&] { return has(1, 1); });
  server.flush();
  append(1, 2);
  append(2, 3);
  loop.run_until([&] { return has(1, 2) && has(2, 3); });
}

TEST_F(RedisFeedTest, a_stream_that_begins_again_with_lower_ids_is_read_from_its_beginning) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1, 2}));
  // As after a failover to a server whose clock is behind.
  server.cli({"XADD", stream_key(1), "9999999999999-7", "e", "x"});
  loop.run_until([&] { return arrivals.size() == 1; });
  EXPECT_TRUE(arrivals[0].is_gap);
  server.flush();
  append(1, 2);
  append(1, 3);
  const auto begun = steady_clock::now();
  loop.run_until([&] { return has(1, 3); });
  EXPECT_LT(steady_clock::now() - begun, 5s);
  EXPECT_EQ(commits(1).back(), 3u);
  EXPECT_TRUE(has(1, 2));
}

TEST_F(RedisFeedTest, an_empty_server_after_a_crash_is_read_from_the_beginning) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  server.cli({"XADD", stream_key(1), "9999999999999-7", "e", "x"});
  loop.run_until([&] { return arrivals.size() == 1; });
  server.kill();
  loop.run_until([&] { return !feed->is_up(); });
  server.restart();
  loop.run_until([&] { return publisher->is_up(); });
  append(1, 2);
  loop.run_until([&] { return has(1, 2); });
}

TEST_F(RedisFeedTest, a_server_that_hangs_is_not_up) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  server.pause();
  loop.run_until([&] { return !feed->is_up(); });
  server.resume();
  loop.run_until([&] { return feed->is_up() && publisher->is_up(); });
  append(1, 2);
  loop.run_until([&] { return has(1, 2); });
}

TEST_F(RedisFeedTest, without_the_right_to_unblock_a_change_waits_for_the_read) {
  RedisServer server;
  server.cli({"ACL", "SETUSER", "relay", "on", ">x", "~er:*", "+@all", "-client|unblock"});
  start("redis://relay:x@127.0.0.1:" + std::to_string(server.port()));
  EXPECT_TRUE(follow({1}));
  run_for(20ms);
  EXPECT_TRUE(follow({2}));
  append(2, 1);
  loop.run_until([&] { return has(2, 1); });
}

TEST_F(RedisFeedTest, a_cluster_is_read_over_sixteen_connections) {
  RedisCluster cluster;
  start(cluster.url());
  std::vector<int> all;
  for (int partition = 0; partition < kPartitions; ++partition) all.push_back(partition);
  EXPECT_TRUE(follow(all));
  for (int partition = 0; partition < kPartitions; ++partition) append(partition, 5);
  loop.run_until([&] { return arrivals.size() == kPartitions; });
  run_for(50ms);
  int blocked = 0;
  for (std::size_t node = 0; node < 3; ++node) {
    const std::string info = cluster.node(node).cli({"INFO", "clients"});
    blocked += std::stoi(info.substr(info.find("blocked_clients:") + 16));
  }
  EXPECT_EQ(blocked, 16);
  const auto begun = steady_clock::now();
  EXPECT_TRUE(follow({1, 2}));
  EXPECT_TRUE(follow({1, 2, 19}));
  EXPECT_LT(steady_clock::now() - begun, 500ms);
  append(19, 6);
  loop.run_until([&] { return has(19, 6); });
}

TEST_F(RedisFeedTest, a_slot_that_moves_is_followed_without_a_loss) {
  RedisCluster cluster;
  start(cluster.url());
  EXPECT_TRUE(follow({3, 19, 4}));
  append(3, 1);
  append(19, 1);
  loop.run_until([&] { return has(3, 1) && has(19, 1); });
  const int slot = redis_slot(stream_key(3));
  std::uint64_t commit = 1;
  for (int round = 0; round < 2; ++round) {
    cluster.move_slot(slot, (cluster.owner_of(slot) + 1) % 3, [&] {
      append(3, ++commit);
      run_for(100ms);
    });
    append(3, ++commit);
    loop.run_until([&] { return has(3, commit) && feed->is_up(); });
  }
  append(19, 9);
  append(4, 9);
  loop.run_until([&] { return has(19, 9) && has(4, 9); });
  EXPECT_EQ(commits(3), (Commits{1, 2, 3, 4, 5}));
  EXPECT_EQ(appender->dropped(), 0u);
}

TEST_F(RedisFeedTest, nothing_is_called_after_it_stopped) {
  RedisServer server;
  start(server.url());
  EXPECT_TRUE(follow({1}));
  append(1, 1);
  run_for(5ms);
  feed->follow(set_of({1, 2}), [](bool) { FAIL(); });
  feed.reset();
  arrivals.clear();
  client.reset();
  run_for(100ms);
  EXPECT_TRUE(arrivals.empty());
}

}  // namespace
}  // namespace eventrelay
