#include "storage/postgres_connection.h"

#include <gtest/gtest.h>

#include "tests/support/postgres_server.h"
#include "tests/support/test_loop.h"

namespace eventrelay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Rows = PgConnection::Rows;

struct PostgresConnectionTest : ::testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string url = server.make_database();
  TestLoop loop;

  static PgConnection::Deadline soon() { return steady_clock::now() + seconds(30); }

  Result<std::unique_ptr<PgConnection>> try_connect(PgConnectOptions options) {
    return loop.wait(PgConnection::connect(loop.context(), std::move(options)));
  }
  std::unique_ptr<PgConnection> connect() { return try_connect({url, "test"}).value(); }

  PgResult<PgRows> query(PgConnection& connection, const char* sql, PgParams params = {}) {
    return loop.wait(connection.query(sql, std::move(params), soon()));
  }
  PgResult<Rows> run(PgConnection& connection, std::vector<PgStatement> statements) {
    return loop.wait(connection.run(std::move(statements), soon()));
  }
};

TEST_F(PostgresConnectionTest, a_session_is_set_up) {
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

TEST_F(PostgresConnectionTest, values_come_back_as_they_went) {
  auto connection = connect();
  const std::string bytes("a\0\xff'\\", 5);
  PgParams params;
  params.add(INT64_MIN).add_int(-7).add_bool(true).add_text("Grüße, \"'\\").add_bytes(bytes);
  params.add(std::optional<std::int64_t>()).add_null(25).add_text("");
  const auto rows = query(*connection, "SELECT $1, $2, $3, $4, $5, $6, $7, $8, 2.5::float8, 4000000000::oid, 3::int2",
                          std::move(params))
                        .value();
  EXPECT_EQ(rows.integer(0, 0), INT64_MIN);
  EXPECT_EQ(rows.integer(0, 1), -7);
  EXPECT_EQ(rows.integer(0, 2), 1);
  EXPECT_EQ(rows.text(0, 3), "Grüße, \"'\\");
  EXPECT_EQ(rows.text(0, 4), bytes);
  EXPECT_EQ(rows.optional_integer(0, 5), std::nullopt);
  EXPECT_TRUE(rows.is_null(0, 6));
  EXPECT_FALSE(rows.is_null(0, 7));
  EXPECT_EQ(rows.text(0, 7), "");
  EXPECT_EQ(rows.real(0, 8), 2.5);
  EXPECT_EQ(rows.integer(0, 9), 4'000'000'000);
  EXPECT_EQ(rows.integer(0, 10), 3);
}

TEST_F(PostgresConnectionTest, arrays_come_back_as_they_went) {
  auto connection = connect();
  const std::vector<std::int64_t> longs{1, -2, INT64_MAX};
  const std::vector<std::int32_t> ints{INT32_MIN, 0};
  const std::vector<std::int16_t> shorts{-1, 2};
  const std::vector<std::string_view> texts{"", "a,b", "{\"x\": 'y'}", "NULL", "Grüße\n\\"};
  const std::vector<std::string_view> bytes{std::string_view("\0\xff", 2), ""};
  PgParams params;
  params.add_array(std::span(longs)).add_array(std::span(ints)).add_array(std::span(shorts));
  params.add_array(std::span(texts)).add_bytes_array(bytes).add_array(std::span<const std::int64_t>());
  params.add_array(std::span<const std::string_view>());
  const auto rows = query(*connection,
                          "SELECT $1, $2, $3, $4, $5, $6, $7, cardinality($6), array_to_string($4, '|'),"
                          " NULL::bigint[], ARRAY[1, NULL, 3]",
                          std::move(params))
                        .value();
  EXPECT_EQ(rows.integers(0, 0), longs);
  EXPECT_EQ(rows.integers(0, 1), (std::vector<std::int64_t>{INT32_MIN, 0}));
  EXPECT_EQ(rows.integers(0, 2), (std::vector<std::int64_t>{-1, 2}));
  EXPECT_EQ(rows.texts(0, 3), texts);
  EXPECT_EQ(rows.texts(0, 4), bytes);
  EXPECT_TRUE(rows.integers(0, 5).empty());
  EXPECT_TRUE(rows.texts(0, 6).empty());
  EXPECT_EQ(rows.integer(0, 7), 0);
  EXPECT_EQ(rows.text(0, 8), "|a,b|{\"x\": 'y'}|NULL|Grüße\n\\");
  EXPECT_TRUE(rows.integers(0, 9).empty());
  EXPECT_EQ(rows.integers(0, 10), (std::vector<std::int64_t>{1, 0, 3}));
}

TEST_F(PostgresConnectionTest, an_array_of_thousands_becomes_rows) {
  auto connection = connect();
  std::vector<std::int64_t> numbers(10'000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i);
  const auto rows =
      query(*connection, "SELECT n FROM unnest($1) n ORDER BY n DESC", PgParams().add_array(std::span(numbers)));
  ASSERT_EQ(rows.value().size(), 10'000);
  EXPECT_EQ(rows.value().integer(0, 0), 9'999);
  EXPECT_EQ(rows.value().affected(), 10'000);
}

TEST_F(PostgresConnectionTest, megabytes_go_both_ways_at_once) {
  auto connection = connect();
  std::string text(16 * 1024 * 1024, 'x');
  for (std::size_t i = 0; i < text.size(); i += 1000) text[i] = static_cast<char>('a' + i / 1000 % 26);
  int equal = 0;
  int answered = 0;
  for (int i = 0; i < 4; ++i) {
    std::vector<PgStatement> statements(1);
    statements[0] = {"SELECT $1", PgParams().add_text(text)};
    connection->run(std::move(statements), soon(), [&](PgResult<Rows> rows) {
      ++answered;
      equal += rows && rows->front().text(0, 0) == text;
    });
  }
  loop.run_until([&] { return answered == 4; });
  EXPECT_EQ(equal, 4);
}

TEST_F(PostgresConnectionTest, batches_under_way_answer_in_order) {
  auto connection = connect();
  std::vector<std::int64_t> answers;
  bool returned = false;
  for (int i = 0; i < 100; ++i) {
    std::vector<PgStatement> statements(1);
    statements[0] = {"SELECT $1", PgParams().add(i)};
    connection->run(std::move(statements), soon(), [&](PgResult<Rows> rows) {
      EXPECT_TRUE(returned);
      answers.push_back(rows.value().front().integer(0, 0));
    });
  }
  returned = true;
  EXPECT_EQ(connection->under_way(), 100u);
  loop.run_until([&] { return answers.size() == 100; });
  EXPECT_EQ(connection->under_way(), 0u);
  EXPECT_TRUE(std::is_sorted(answers.begin(), answers.end()));
}

TEST_F(PostgresConnectionTest, an_empty_batch_is_answered) {
  auto connection = connect();
  EXPECT_TRUE(run(*connection, {}).value().empty());
}

}  // namespace
}  // namespace eventrelay::test
