#include "storage/postgres_dial.h"

#include <gtest/gtest.h>

#include "storage/postgres_resolver.h"
#include "tests/storage/postgres_fixture.h"
#include "tests/support/pgbouncer.h"
#include "tests/support/raw_server.h"

namespace eventrelay::test {
namespace {

using PostgresDialTest = PostgresTest;

TEST_F(PostgresDialTest, a_session_is_set_up) {
  auto connection = try_connect({url, "me", milliseconds(5'000), milliseconds(1'234)}).value();
  const auto rows = query(*connection,
                          "SELECT current_setting('search_path'), current_setting('statement_timeout'),"
                          " current_setting('application_name'), current_setting('client_encoding'),"
                          " current_setting('tcp_keepalives_idle'), pg_backend_pid()")
                        .value();
  EXPECT_EQ(rows.text(0, 0), "eventrelay");
  EXPECT_EQ(rows.text(0, 1), "1234ms");
  EXPECT_EQ(rows.text(0, 2), "me");
  EXPECT_EQ(rows.text(0, 3), "UTF8");
  EXPECT_EQ(rows.text(0, 4), "5");
  EXPECT_EQ(rows.integer(0, 5), connection->backend_pid());
  EXPECT_GE(connection->server_version(), 130'000);
}

TEST_F(PostgresDialTest, a_commit_that_is_answered_is_on_disk) {
  for (const auto& [set, expected] : std::vector<std::pair<std::string, std::string>>{
           {"off", "on"}, {"on", "on"}, {"local", "local"}, {"remote_write", "remote_write"}}) {
    server.sql(url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = " + set +
                        "', current_database()); END $$");
    auto connection = connect();
    EXPECT_EQ(query(*connection, "SELECT current_setting('synchronous_commit')").value().text(0, 0), expected);
  }
}

TEST_F(PostgresDialTest, the_local_socket_serves_too) {
  auto connection = try_connect({server.socket_url("postgres")}).value();
  EXPECT_EQ(query(*connection, "SELECT 1").value().integer(0, 0), 1);
}

TEST_F(PostgresDialTest, a_refusal_is_told_in_the_servers_words) {
  const auto connection = try_connect({server.url("no_such_database")});
  ASSERT_TRUE(connection.has_error());
  EXPECT_EQ(connection.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(connection.error().message.find("\"no_such_database\" does not exist"), std::string::npos);
  EXPECT_EQ(connection.error().message.find('\n'), std::string::npos);
}

TEST_F(PostgresDialTest, an_unreadable_url_is_not_quoted) {
  for (const char* unreadable : {"postgres://me:secret@[::1/x", "host=h password=secret nonsense", "secret=1"}) {
    const auto connection = try_connect({unreadable});
    ASSERT_TRUE(connection.has_error());
    EXPECT_EQ(connection.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(connection.error().message.find("secret"), std::string::npos);
  }
}

TEST_F(PostgresDialTest, a_server_that_says_nothing_is_given_up_in_time) {
  RawServer silent([](RawConnection& connection) { connection.wait_until_closed(); });
  const auto begin = steady_clock::now();
  const auto connection =
      try_connect({"postgres://127.0.0.1:" + std::to_string(silent.port()) + "/x", "", milliseconds(200)});
  ASSERT_TRUE(connection.has_error());
  EXPECT_EQ(connection.error().code, ErrorCode::kUnavailable);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(200));
  EXPECT_LT(steady_clock::now() - begin, seconds(20));
}

TEST_F(PostgresDialTest, hosts_that_fail_hide_no_other) {
  RawServer silent([](RawConnection& connection) { connection.wait_until_closed(); });
  const auto hosts = "127.0.0.1:1,127.0.0.1:" + std::to_string(silent.port()) + ",127.0.0.1:";
  const auto several = "postgres://postgres@" + hosts + std::to_string(server.port()) + "/postgres";
  EXPECT_TRUE(try_connect({several, "", seconds(3)}));

  const auto none = try_connect({"postgres://postgres@" + hosts + "2/postgres", "", milliseconds(300)});
  ASSERT_TRUE(none.has_error());
  EXPECT_NE(none.error().message.find("refused"), std::string::npos) << none.error().message;
  EXPECT_NE(none.error().message.find("no answer in time"), std::string::npos) << none.error().message;
}

TEST_F(PostgresDialTest, a_name_is_looked_up_and_stays_the_hosts_name) {
  const auto by_name = "postgres://postgres@localhost:" + std::to_string(server.port()) + "/postgres";
  auto connection = try_connect({by_name}).value();
  EXPECT_EQ(query(*connection, "SELECT 1").value().integer(0, 0), 1);
  // The server's own view of where it was reached.
  EXPECT_EQ(query(*connection, "SELECT host(inet_server_addr())").value().text(0, 0), "127.0.0.1");
}

TEST_F(PostgresDialTest, a_name_that_does_not_exist_is_told) {
  const auto connection = try_connect({"postgres://no-such-host.invalid/x", "", seconds(30)});
  ASSERT_TRUE(connection.has_error());
  EXPECT_EQ(connection.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(connection.error().message.find("could not translate host name \"no-such-host.invalid\" to address: "),
            std::string::npos)
      << connection.error().message;
}

struct PostgresNamesTest : PostgresTest {
  PgResolver& resolver = boost::asio::use_service<PgResolver>(loop.context());
  std::vector<PgResolver::Answered> asked;  ///< not answered
  std::string of(const std::string& hosts, const std::string& more = "") {
    return "postgres://postgres@" + hosts + "/postgres" + more;
  }
  std::string port() { return ":" + std::to_string(server.port()); }

  void answer_with(Result<PgResolver::Addresses> answer) {
    resolver.set_lookup([answer](const std::string&, const PgResolver::Answered& answered) { answered(answer); });
  }
  void say_nothing() {
    resolver.set_lookup(
        [this](const std::string&, PgResolver::Answered answered) { asked.push_back(std::move(answered)); });
  }
};

TEST_F(PostgresNamesTest, a_name_server_that_says_nothing_stops_nobody) {
  auto connection = connect();
  say_nothing();
  bool ended = false;
  boost::asio::co_spawn(loop.context(),
                        PgConnection::connect(loop.context(), {of("db.internal" + port()), "", milliseconds(500)}),
                        [&](const std::exception_ptr&, const Result<std::unique_ptr<PgConnection>>& other) {
                          ended = true;
                          EXPECT_NE(other.error().message.find("no answer in time"), std::string::npos);
                        });
  const auto begun = steady_clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(query(*connection, "SELECT 1"));
  EXPECT_LT(steady_clock::now() - begun, milliseconds(400));
  loop.run_until([&] { return ended; });
  EXPECT_GE(steady_clock::now() - begun, milliseconds(400));
}

TEST_F(PostgresNamesTest, the_addresses_from_before_serve_while_there_are_no_others) {
  const PgConnectOptions options{of("db.internal" + port()), "", milliseconds(1'500)};
  answer_with(PgResolver::Addresses{"127.0.0.1"});
  ASSERT_TRUE(try_connect(options));
  say_nothing();
  auto connection = try_connect(options);
  EXPECT_TRUE(connection);
  ASSERT_TRUE(try_connect(options));
  EXPECT_EQ(asked.size(), 1u) << "one lookup at a time";
  // The answer comes after all, and is what counts from then on.
  asked[0](PgResolver::Addresses{"127.0.0.9"});
  EXPECT_FALSE(try_connect(options));
  asked[1](PgResolver::Addresses{"127.0.0.1"});
  answer_with(Error{ErrorCode::kUnavailable, "try again later", {}});
  EXPECT_TRUE(try_connect(options));
  answer_with(Error{ErrorCode::kNotFound, "there is none", {}});
  EXPECT_FALSE(try_connect(options)) << "the name was taken away";
}

TEST_F(PostgresNamesTest, every_address_of_every_host_is_tried_in_order) {
  std::vector<std::string> names;
  resolver.set_lookup([&](const std::string& host, const PgResolver::Answered& answered) {
    names.push_back(host);
    if (host == "none") return answered(Error{ErrorCode::kNotFound, "there is none", {}});
    answered(host == "one" ? PgResolver::Addresses{"127.0.0.9"} : PgResolver::Addresses{"127.0.0.9", "127.0.0.1"});
  });
  const std::string several = "none:1,one" + port() + ",127.0.0.1:1,two" + port();
  EXPECT_TRUE(try_connect({of(several)}));
  EXPECT_EQ(names, (std::vector<std::string>{"none", "one", "two"}));
  EXPECT_TRUE(try_connect({of(several, "?target_session_attrs=read-write")}));
  const auto none = try_connect({of("none:1,one:1")});
  EXPECT_EQ(none.error().message.find("could not translate host name \"none\" to address: there is none; "), 0u)
      << none.error().message;
}

TEST_F(PostgresNamesTest, what_is_no_name_is_not_looked_up) {
  say_nothing();
  EXPECT_TRUE(try_connect({url}));
  EXPECT_TRUE(try_connect({server.socket_url("postgres")}));
  EXPECT_TRUE(try_connect({of("db.internal" + port(), "?hostaddr=127.0.0.1")}));
  EXPECT_TRUE(asked.empty());
}

TEST_F(PostgresNamesTest, a_server_that_takes_no_writes_is_passed_over_where_that_is_asked_for) {
  const std::string reads = server.make_database();
  server.sql(reads,
             "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on',"
             " current_database()); END $$");
  answer_with(PgResolver::Addresses{"127.0.0.1"});
  const std::string there = "postgres://postgres@db.internal" + port() + reads.substr(reads.rfind('/'));
  EXPECT_TRUE(try_connect({there}));
  EXPECT_FALSE(try_connect({there + "?target_session_attrs=read-write"}));
}

TEST_F(PostgresDialTest, a_connect_that_is_abandoned_leaves_nothing) {
  RawServer silent([](RawConnection& connection) { connection.wait_until_closed(); });
  TestLoop other;
  boost::asio::co_spawn(
      other.context(),
      PgConnection::connect(other.context(), {"postgres://127.0.0.1:" + std::to_string(silent.port()) + "/x"}),
      [](const std::exception_ptr&, const Result<std::unique_ptr<PgConnection>>&) { FAIL(); });
  other.run_until([&] { return silent.connections() == 1; });
}

TEST_F(PostgresDialTest, a_pooler_that_shares_sessions_is_refused) {
  const Pgbouncer pooler(server.port(), "transaction");
  if (!pooler.is_there()) GTEST_SKIP() << "no pgbouncer";
  const auto connection = try_connect({pooler.url("postgres")});
  ASSERT_TRUE(connection.has_error());
  EXPECT_EQ(connection.error().code, ErrorCode::kInvalid) << connection.error().message;
  EXPECT_NE(connection.error().message.find("pooler"), std::string::npos) << connection.error().message;
  // And its sessions are as they were.
  EXPECT_EQ(server.sql(pooler.url("postgres"), "SHOW search_path"), "\"$user\", public");
}

TEST_F(PostgresDialTest, a_database_of_another_encoding_is_refused) {
  server.sql(server.socket_url("postgres"), "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  const auto connection = try_connect({server.url("latin")});
  server.sql(server.socket_url("postgres"), "DROP DATABASE latin WITH (FORCE)");
  ASSERT_TRUE(connection.has_error());
  EXPECT_EQ(connection.error().code, ErrorCode::kInvalid);
  EXPECT_NE(connection.error().message.find("LATIN1"), std::string::npos);
}

}  // namespace
}  // namespace eventrelay::test
