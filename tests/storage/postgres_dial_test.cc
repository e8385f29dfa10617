#include "storage/postgres_dial.h"

#include <gtest/gtest.h>

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
