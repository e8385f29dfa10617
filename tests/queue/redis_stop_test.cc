// A stop in the middle of each thing that waits for Redis.
#include <boost/asio/ip/tcp.hpp>

#include "queue/redis_appender.h"
#include "queue/redis_feed.h"
#include "queue/redis_slots.h"
#include "queue/redis_streams.h"
#include "queue/redis_tls.h"
#include "tests/queue/redis_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using test::RedisCluster;
using test::RedisServer;

/// A port whose queue is full: who connects to it hears nothing.
class SilentPort {
 public:
  SilentPort() {
    acceptor_.listen(0);
    for (tcp::socket& filler : fillers_)
      filler.async_connect(acceptor_.local_endpoint(), [](const boost::system::error_code&) {});
  }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  boost::asio::io_context context_;
  tcp::acceptor acceptor_{context_, {tcp::v4(), 0}, true};
  std::array<tcp::socket, 4> fillers_{tcp::socket{context_}, tcp::socket{context_}, tcp::socket{context_},
                                      tcp::socket{context_}};
};

struct RedisStopTest : RedisFixture {
  void follow(const char* partitions) {
    if (!feed) {
      feed = std::make_unique<RedisFeed>(loop.context(), client);
      feed->listen([](const Arrival&) {});
    }
    feed->follow(PartitionSet(partitions), [this](bool) { ++noted; });
  }
  void wait_until_blocked(const RedisServer& server) {
    loop.run_until([&] { return noted == 1; });
    loop.run_until([&] { return server.cli({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos; });
  }
  std::shared_ptr<RedisClient> client;
  std::unique_ptr<RedisFeed> feed;
  int noted = 0;
};

TEST_F(RedisStopTest, a_connect_to_a_host_that_does_not_answer) {
  const SilentPort silent;
  client = make_client(silent.url());
  run_for(50ms);
  expect_end(*client);
}

TEST_F(RedisStopTest, a_greeting_that_is_not_answered) {
  RedisServer server;
  server.pause();
  client = make_client(server.url());
  run_for(50ms);
  expect_end(*client);
}

TEST_F(RedisStopTest, a_handshake_that_is_not_answered) {
  RedisServer server;
  server.pause();
  RedisConnectOptions options = options_for("rediss://127.0.0.1:" + std::to_string(server.port()));
  options.tls = make_redis_tls().value();
  client = std::make_shared<RedisClient>(loop.context(), std::move(options));
  run_for(50ms);
  expect_end(*client);
}

TEST_F(RedisStopTest, a_name_that_is_being_looked_up) {
  // The machine's resolver goes on by itself: that the client does not wait for it is all there is to see.
  client = make_client("redis://nosuchname.invalid");
  loop.run_ready();
  EXPECT_TRUE(stop(*client));
}

TEST_F(RedisStopTest, the_pause_before_the_next_attempt) {
  RedisServer server;
  server.kill();
  client = make_client(server.url());
  run_for(300ms);
  EXPECT_TRUE(client->is_failing());
  expect_end(*client);
}

TEST_F(RedisStopTest, calls_under_way_and_later_ones_fail) {
  RedisServer server;
  client = connect_client(server.url());
  server.pause();
  int failed = 0;
  const auto call = [&] {
    client->run({make_redis_command({"GET", "a"})}, Time::now() + 50s,
                [&](const RedisClient::Replies& replies) { failed += !replies[0]; });
  };
  for (int i = 0; i < 3; ++i) call();
  run_for(50ms);
  EXPECT_EQ(failed, 0);
  expect_end(*client);
  EXPECT_EQ(failed, 3);
  call();
  expect_end(*client);
  EXPECT_EQ(failed, 4);
}

TEST_F(RedisStopTest, a_call_that_waits_for_the_server_it_was_sent_on_to) {
  RedisCluster cluster;
  client = connect_client(cluster.url());
  const int slot = redis_slot("a");
  const std::size_t owner = cluster.owner_of(slot);
  RedisServer& other = cluster.node((owner + 1) % 3);
  cluster.node(owner).cli({"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", other.cli({"CLUSTER", "MYID"})});
  other.kill();
  loop.run_until([&] { return !client->is_up(); });
  bool answered = false;
  client->run({make_redis_command({"GET", "a"})}, Time::now() + 50s, [&](const auto&) { answered = true; });
  run_for(50ms);
  EXPECT_FALSE(answered);
  const auto begun = Time::now();
  stop(*client);
  EXPECT_LT(Time::now() - begun, 500ms);
  EXPECT_TRUE(answered);
  expect_idle();
}

TEST_F(RedisStopTest, a_refresh_of_a_cluster_that_does_not_answer) {
  RedisCluster cluster;
  client = connect_client(cluster.url());
  cluster.node(0).pause();
  cluster.node(1).pause();
  cluster.node(2).kill();
  loop.run_until([&] { return !client->is_up(); });
  run_for(50ms);  // it asks
  expect_end(*client);
}

TEST_F(RedisStopTest, the_pause_before_a_cluster_without_slots_is_asked_again) {
  // Its bus has no port by itself where the server's own is high.
  const auto bus = tcp::acceptor(loop.context(), {tcp::v4(), 0}).local_endpoint().port();
  RedisServer server(
      {"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port", std::to_string(bus)});
  client = make_client(server.url());
  run_for(250ms);
  EXPECT_FALSE(client->is_up());
  EXPECT_FALSE(client->is_failing());
  expect_end(*client);
}

TEST_F(RedisStopTest, a_feed_before_redis_was_ever_there) {
  const SilentPort silent;
  client = make_client(silent.url());
  follow("1");
  run_for(50ms);
  expect_end(*feed, *client);
  EXPECT_EQ(noted, 0);
}

TEST_F(RedisStopTest, a_blocked_read) {
  RedisServer server;
  client = connect_client(server.url());
  follow("1");
  wait_until_blocked(server);
  expect_end(*feed, *client);
  EXPECT_EQ(noted, 1);
}

TEST_F(RedisStopTest, a_reader_that_connects) {
  RedisServer server;
  client = connect_client(server.url());
  server.pause();
  follow("1");
  run_for(50ms);
  expect_end(*feed, *client);
  EXPECT_EQ(noted, 0);
}

TEST_F(RedisStopTest, a_blocked_read_that_shall_be_ended_by_a_server_that_hangs) {
  RedisServer server;
  client = connect_client(server.url());
  follow("1");
  wait_until_blocked(server);
  server.pause();
  follow("10");
  run_for(50ms);
  expect_end(*feed, *client);
  EXPECT_EQ(noted, 1);
}

TEST_F(RedisStopTest, sixteen_blocked_reads_and_entries_under_way) {
  RedisCluster cluster;
  client = connect_client(cluster.url());
  RedisAppender appender(loop.context(), client);
  follow(std::string(kPartitions, '1').c_str());
  loop.run_until([&] { return noted == 1; });
  for (int partition = 0; partition < kPartitions; ++partition) appender.append({{partition, "x"}});
  appender.stop();
  expect_end(*feed, *client);
}

TEST_F(RedisStopTest, owners_that_go_without_a_stop) {
  RedisServer server;
  client = connect_client(server.url());
  follow("1");
  wait_until_blocked(server);
  server.pause();
  follow("10");
  int failed = 0;
  client->run({make_redis_command({"GET", "a"})}, Time::now() + 50s,
              [&](const RedisClient::Replies& replies) { failed += !replies[0]; });
  run_for(50ms);
  feed.reset();
  client.reset();
  EXPECT_EQ(failed, 0);
  expect_idle();
  EXPECT_EQ(failed, 1);
}

}  // namespace
}  // namespace eventrelay
