#include "queue/redis_connection.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "queue/redis_tls.h"
#include "tests/queue/redis_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::RedisServer;
using Connected = Result<std::unique_ptr<RedisConnection>>;

struct RedisConnectionTest : RedisFixture {
  Connected connect(const std::string& url, std::shared_ptr<boost::asio::ssl::context> tls = nullptr) {
    RedisConnectOptions options = options_for(url);
    options.tls = std::move(tls);
    options.name = "test";
    options.timeout = 1s;
    auto connection = std::make_unique<RedisConnection>(loop.context(), std::move(options));
    EXPECT_FALSE(connection->is_open());
    if (const auto connected = loop.wait(connection->connect()); !connected) return connected.error();
    EXPECT_TRUE(connection->is_open());
    return connection;
  }
  Result<RedisReplies> run(RedisConnection& connection, RedisBatch batch, milliseconds timeout = 5s) {
    return loop.wait<Result<RedisReplies>>(
        [&](auto done) { connection.run(std::move(batch), steady_clock::now() + timeout, std::move(done)); });
  }
  static std::string at(const RedisServer& server, const std::string& before, const std::string& after = "") {
    return before + "127.0.0.1:" + std::to_string(server.port()) + after;
  }
};

TEST_F(RedisConnectionTest, a_connection_has_a_name_a_number_and_its_database) {
  RedisServer server;
  const Connected connection = connect(server.url() + "/3");
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_GT((*connection)->client_id(), 0);
  RedisBatch batch;
  const auto replies = run(**connection, batch.add({"CLIENT", "GETNAME"}).add({"SET", "here", "1"}));
  ASSERT_TRUE(replies);
  EXPECT_EQ((*replies)[0].text, "test");
  EXPECT_NE(server.cli({"INFO", "keyspace"}).find("db3:keys=1"), std::string::npos);
}

TEST_F(RedisConnectionTest, many_commands_under_way_answer_in_order) {
  RedisServer server;
  const Connected connection = connect(server.url());
  ASSERT_TRUE(connection);
  std::vector<std::int64_t> answers;
  const std::string padding(1'000, 'x');
  for (int i = 0; i < 2'000; ++i) {
    RedisBatch batch;
    batch.add({"INCR", "n"}).add({"ECHO", padding}).add({"INCR", "n"});
    (*connection)->run(std::move(batch), steady_clock::now() + 20s, [&](Result<RedisReplies> replies) {
      ASSERT_TRUE(replies);
      answers.push_back((*replies)[0].integer);
      EXPECT_EQ((*replies)[1].text, padding);
      answers.push_back((*replies)[2].integer);
    });
  }
  EXPECT_TRUE(answers.empty());
  loop.run_until([&] { return answers.size() == 4'000; });
  for (std::size_t i = 0; i < answers.size(); ++i) ASSERT_EQ(answers[i], static_cast<std::int64_t>(i + 1));
}

TEST_F(RedisConnectionTest, a_refusal_is_a_reply_and_spoils_no_other) {
  RedisServer server;
  const Connected connection = connect(server.url());
  ASSERT_TRUE(connection);
  RedisBatch batch;
  const auto replies = run(**connection, batch.add({"NOSUCH"}).add({"PING"}));
  ASSERT_TRUE(replies);
  EXPECT_TRUE((*replies)[0].is_error());
  EXPECT_EQ((*replies)[1].text, "PONG");
  EXPECT_TRUE((*connection)->is_open());
}

TEST_F(RedisConnectionTest, passwords_are_used_and_never_told) {
  RedisServer server({"--requirepass", "hunter2"});
  EXPECT_TRUE(connect(at(server, "redis://:hunter2@")));
  for (const char* wrong : {"redis://", "redis://:hunter3@", "redis://nobody:hunter3@"}) {
    const Connected refused = connect(at(server, wrong));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(refused.error().message.find("hunter"), std::string::npos) << refused.error().message;
    EXPECT_NE(refused.error().message.find("NOAUTH"), refused.error().message.find("WRONGPASS"));
  }
}

TEST_F(RedisConnectionTest, a_user_of_an_access_list_gets_in) {
  RedisServer server;
  server.cli({"ACL", "SETUSER", "relay", "on", ">se:cret", "~er:*", "+@all"});
  const Connected connection = connect(at(server, "redis://relay:se%3Acret@"));
  ASSERT_TRUE(connection) << connection.error().message;
  RedisBatch batch;
  EXPECT_EQ(run(**connection, batch.add({"ACL", "WHOAMI"})).value()[0].text, "relay");
  EXPECT_FALSE(connect(at(server, "redis://relay:wrong@")));
}

TEST_F(RedisConnectionTest, a_user_who_may_do_little_is_connected_without_a_name) {
  RedisServer server;
  server.cli({"ACL", "SETUSER", "relay", "on", ">x", "~er:*", "-@all", "+xadd", "+ping"});
  const Connected connection = connect(at(server, "redis://relay:x@"));
  ASSERT_TRUE(connection) << connection.error().message;
  EXPECT_EQ((*connection)->client_id(), 0);
}

TEST_F(RedisConnectionTest, a_name_is_resolved_and_all_its_addresses_are_tried) {
  RedisServer server;  // on 127.0.0.1 alone; localhost may be ::1 too
  EXPECT_TRUE(connect("redis://localhost:" + std::to_string(server.port())));
  const Connected unknown = connect("redis://nosuchname.invalid");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("nosuchname.invalid:6379"), std::string::npos);
}

TEST_F(RedisConnectionTest, a_closed_port_is_an_error_that_names_it) {
  RedisServer server;
  const std::string url = server.url();
  server.kill();
  const Connected refused = connect(url);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find(std::to_string(server.port())), std::string::npos);
}

TEST_F(RedisConnectionTest, a_server_that_hangs_costs_no_more_than_the_deadline) {
  RedisServer server;
  const Connected connection = connect(server.url());
  ASSERT_TRUE(connection);
  server.pause();
  auto begun = steady_clock::now();
  EXPECT_FALSE(connect(server.url()));
  EXPECT_LT(steady_clock::now() - begun, 3s);
  begun = steady_clock::now();
  bool closed = false;
  (*connection)->when_closed([&] { closed = true; });
  int failed = 0;
  RedisBatch patient;
  (*connection)->run(patient.add({"PING"}), steady_clock::now() + 50s, [&](auto replies) { failed += !replies; });
  RedisBatch hasty;
  EXPECT_FALSE(run(**connection, hasty.add({"PING"}), 100ms));
  loop.run_until([&] { return failed == 1 && closed; });
  EXPECT_LT(steady_clock::now() - begun, 3s);
  EXPECT_FALSE((*connection)->is_open());
  RedisBatch late;
  EXPECT_FALSE(run(**connection, late.add({"PING"})));
}

TEST_F(RedisConnectionTest, the_end_of_the_server_fails_what_is_open) {
  RedisServer server;
  const Connected connection = connect(server.url());
  ASSERT_TRUE(connection);
  std::optional<Result<RedisReplies>> answer;
  RedisBatch batch;
  (*connection)->run(batch.add({"BLPOP", "nothing", "0"}), steady_clock::now() + 60s, [&](auto replies) {
    answer.emplace(std::move(replies));
  });
  loop.run_ready();
  server.kill();
  loop.run_until([&] { return answer.has_value(); });
  EXPECT_EQ(answer->error().code, ErrorCode::kUnavailable);
}

TEST_F(RedisConnectionTest, a_connection_may_go_while_something_is_open) {
  RedisServer server;
  Connected connection = connect(server.url());
  ASSERT_TRUE(connection);
  int failed = 0;
  RedisBatch batch;
  (*connection)->run(batch.add({"BLPOP", "nothing", "0"}), steady_clock::now() + 60s, [&](auto replies) {
    failed += !replies;
  });
  loop.run_ready();
  connection->reset();
  EXPECT_EQ(failed, 0);
  loop.run_until([&] { return failed == 1; });
}

/// Sets SSL_CERT_FILE for one test.
struct TrustedFile {
  explicit TrustedFile(const std::string& file) { ::setenv("SSL_CERT_FILE", file.c_str(), 1); }
  ~TrustedFile() { ::unsetenv("SSL_CERT_FILE"); }
};

TEST_F(RedisConnectionTest, tls_is_spoken_and_the_name_verified) {
  const test::TestAuthority authority;
  RedisServer server(authority, {.names = "DNS:localhost,IP:127.0.0.1"});
  const TrustedFile trusted(authority.file());
  const auto tls = make_redis_tls().value();
  const std::string port = std::to_string(server.port());
  const Connected connection = connect("rediss://127.0.0.1:" + port, tls);
  ASSERT_TRUE(connection) << connection.error().message;
  const std::string large(300'000, 'x');
  RedisBatch batch;
  EXPECT_EQ(run(**connection, batch.add({"ECHO", large})).value()[0].text, large);
  EXPECT_TRUE(connect("rediss://localhost:" + port, tls));
  EXPECT_FALSE(connect("redis://127.0.0.1:" + port));
  EXPECT_FALSE(connect("rediss://127.0.0.1:" + port));
}

TEST_F(RedisConnectionTest, another_name_or_an_unknown_authority_is_refused) {
  const test::TestAuthority authority;
  const TrustedFile trusted(authority.file());
  const auto tls = make_redis_tls().value();
  RedisServer other_name(authority, {.names = "DNS:redis.example"});
  const Connected misnamed = connect(at(other_name, "rediss://"), tls);
  ASSERT_FALSE(misnamed);
  EXPECT_NE(misnamed.error().message.find("TLS"), std::string::npos) << misnamed.error().message;
  RedisServer self_signed(authority, {.names = "IP:127.0.0.1", .self_signed = true});
  EXPECT_FALSE(connect(at(self_signed, "rediss://"), tls));
  RedisServer plain;
  EXPECT_FALSE(connect(at(plain, "rediss://"), tls));
}

TEST_F(RedisConnectionTest, a_file_without_certificates_is_named) {
  const TrustedFile trusted("/nosuch/file.pem");
  const auto tls = make_redis_tls();
  ASSERT_FALSE(tls);
  EXPECT_NE(tls.error().message.find("/nosuch/file.pem"), std::string::npos);
}

}  // namespace
}  // namespace eventrelay
