#include "queue/redis_client.h"

#include <gtest/gtest.h>

#include "queue/redis_node.h"
#include "queue/redis_slots.h"
#include "tests/queue/redis_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::RedisCluster;
using test::RedisServer;

using RedisClientTest = RedisFixture;

TEST(RedisBackoffTest, waits_double_up_to_a_second_and_differ) {
  RedisBackoff backoff;
  std::set<std::int64_t> late;
  for (int i = 0; i < 100; ++i) {
    const auto wait = backoff.next();
    const auto all = std::min<std::int64_t>(50LL << std::min(i, 20), 1'000);
    EXPECT_LE(wait.count(), all);
    EXPECT_GE(wait.count(), all / 2);
    if (i > 10) late.insert(wait.count());
  }
  EXPECT_GT(late.size(), 10u);
  backoff.reset();
  EXPECT_LE(backoff.next(), 50ms);
}

TEST_F(RedisClientTest, commands_answer_in_their_order) {
  RedisServer server;
  const auto client = make_client(server.url());
  EXPECT_FALSE(client->is_up());
  loop.run_until([&] { return client->is_up(); });
  EXPECT_FALSE(client->is_cluster());
  const auto replies = run(*client, {make_redis_command({"SET", "a", "1"}), make_redis_command({"GET", "a"}),
                                     make_redis_command({"LPUSH", "a", "1"}), make_redis_command({"INCR", "a"})});
  ASSERT_EQ(replies.size(), 4u);
  EXPECT_EQ(replies[1]->text, "1");
  EXPECT_TRUE(replies[2]->is_error());
  EXPECT_EQ(replies[3]->integer, 2);
}

TEST_F(RedisClientTest, a_server_that_comes_later_is_found) {
  RedisServer server;
  server.stop();
  const auto client = make_client(server.url());
  loop.run_until([&] { return client->is_failing(); });
  EXPECT_FALSE(client->is_up());
  const auto replies = run(*client, {make_redis_command({"GET", "a"})});
  EXPECT_EQ(replies[0].error().code, ErrorCode::kUnavailable);
  server.restart();
  loop.run_until([&] { return client->is_up(); });
  EXPECT_FALSE(client->is_failing());
}

TEST_F(RedisClientTest, it_connects_again_after_a_crash) {
  RedisServer server;
  const auto client = make_client(server.url());
  for (int round = 0; round < 3; ++round) {
    loop.run_until([&] { return client->is_up(); });
    EXPECT_EQ(run(*client, {make_redis_command({"INCR", "a"})})[0]->integer, 1);
    server.kill();
    loop.run_until([&] { return !client->is_up(); });
    EXPECT_FALSE(run(*client, {make_redis_command({"INCR", "a"})})[0]);
    server.restart();
    const auto back = steady_clock::now();
    loop.run_until([&] { return client->is_up(); });
    EXPECT_LT(steady_clock::now() - back, 2s);
  }
}

TEST_F(RedisClientTest, a_server_that_hangs_is_noticed_and_used_again_when_it_goes_on) {
  RedisServer server;
  const auto client = connect_client(server.url());
  server.pause();
  const auto begun = steady_clock::now();
  loop.run_until([&] { return !client->is_up(); });
  EXPECT_LT(steady_clock::now() - begun, 5s);
  server.resume();
  loop.run_until([&] { return client->is_up(); });
}

TEST_F(RedisClientTest, a_cluster_is_recognized_and_every_key_goes_to_its_server) {
  RedisCluster cluster;
  const auto client = connect_client(cluster.url());
  EXPECT_TRUE(client->is_cluster());
  std::vector<RedisCommand> commands;
  for (int i = 0; i < 100; ++i)
    commands.push_back(make_redis_command({"SET", "k" + std::to_string(i), "v" + std::to_string(i)}));
  for (int i = 0; i < 100; ++i) commands.push_back(make_redis_command({"GET", "k" + std::to_string(i)}));
  const auto replies = run(*client, std::move(commands));
  for (std::size_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(replies[100 + i]);
    EXPECT_EQ(replies[100 + i]->text, "v" + std::to_string(i));
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_GT(std::stoi(cluster.node(i).cli({"DBSIZE"})), 10);
}

TEST_F(RedisClientTest, a_slot_is_followed_while_and_after_it_moves) {
  RedisCluster cluster;
  const auto client = connect_client(cluster.url());
  const int slot = redis_slot("{tag}a");
  const std::size_t from = cluster.owner_of(slot);
  EXPECT_EQ(run(*client, {make_redis_command({"SET", "{tag}a", "1"})})[0]->text, "OK");
  cluster.move_slot(slot, (from + 1) % 3, [&] {
    // The keys have moved, the slot has not: the old server says ASK, for the key that was and for the new one.
    const auto replies = run(*client, {make_redis_command({"INCR", "{tag}a"}), make_redis_command({"INCR", "{tag}b"})});
    EXPECT_EQ(replies[0]->integer, 2) << replies[0]->text;
    EXPECT_EQ(replies[1]->integer, 1) << replies[1]->text;
  });
  const auto replies = run(*client, {make_redis_command({"INCR", "{tag}a"}), make_redis_command({"INCR", "other"})});
  EXPECT_EQ(replies[0]->integer, 3) << replies[0]->text;
  EXPECT_EQ(replies[1]->integer, 1);
}

TEST_F(RedisClientTest, the_rest_of_a_cluster_works_without_one_server) {
  RedisCluster cluster;
  for (std::size_t i = 0; i < 3; ++i) cluster.node(i).cli({"CONFIG", "SET", "cluster-require-full-coverage", "no"});
  const auto client = connect_client(cluster.url());
  cluster.node(2).kill();
  loop.run_until([&] { return !client->is_up(); });
  std::vector<RedisCommand> commands;
  for (int i = 0; i < 100; ++i) commands.push_back(make_redis_command({"SET", "k" + std::to_string(i), "1"}));
  std::size_t done = 0;
  for (const auto& reply : run(*client, std::move(commands))) done += reply && !reply->is_error();
  EXPECT_GT(done, 40u);
  EXPECT_LT(done, 90u);
}

}  // namespace
}  // namespace eventrelay
