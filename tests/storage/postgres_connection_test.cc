#include "storage/postgres_connection.h"

#include <gtest/gtest.h>

#include "tests/storage/postgres_fixture.h"

namespace eventrelay::test {
namespace {

using PostgresConnectionTest = PostgresTest;

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

TEST_F(PostgresConnectionTest, a_batch_is_a_transaction) {
  auto connection = connect();
  const auto rows = run(*connection, {{"SELECT pg_current_xact_id()"},
                                      {"SELECT pg_current_xact_id()"},
                                      {"SELECT set_config('a.b', "
                                       "'x', true)"}})
                        .value();
  EXPECT_EQ(rows[0].integer(0, 0), rows[1].integer(0, 0));
  EXPECT_EQ(query(*connection, "SELECT coalesce(current_setting('a.b', true), '')").value().text(0, 0), "");
}

TEST_F(PostgresConnectionTest, commands_that_are_no_queries_run) {
  auto connection = connect();
  ASSERT_TRUE(run(*connection, {{"BEGIN"}, {"CREATE TABLE public.t (n int)"}, {"LISTEN x"}, {"COMMIT"}}));
  EXPECT_EQ(query(*connection, "INSERT INTO public.t VALUES (1), (2)").value().affected(), 2);
  ASSERT_TRUE(query(*connection, "NOTIFY x"));
  ASSERT_TRUE(query(*connection, "VACUUM public.t"));
  EXPECT_EQ(query(*connection, "DELETE FROM public.t").value().affected(), 2);
}

TEST_F(PostgresConnectionTest, a_text_is_prepared_once) {
  auto connection = connect();
  static constexpr const char* kText = "SELECT 'again'";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(run(*connection, {{kText}, {kText}}));
  const auto count = query(*connection,
                           "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%again%'"
                           " AND statement NOT LIKE '%count%'");
  EXPECT_EQ(count.value().integer(0, 0), 1);
}

TEST_F(PostgresConnectionTest, a_text_that_is_used_once_is_not_kept) {
  auto connection = connect();
  for (int i = 0; i < 3; ++i) {
    const auto text = "SELECT $1 + " + std::to_string(i) + " AS gone";
    EXPECT_EQ(run(*connection, {{text.c_str(), PgParams().add(10), true}}).value()[0].integer(0, 0), 10 + i);
  }
  const auto count = query(*connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%gone'");
  EXPECT_EQ(count.value().integer(0, 0), 0);
}

TEST_F(PostgresConnectionTest, an_answer_may_send_the_next_batch) {
  auto connection = connect();
  int rounds = 0;
  std::function<void(PgResult<Rows>)> next = [&](const PgResult<Rows>& rows) {
    if (rows && ++rounds < 10) connection->run({{"SELECT 1"}}, soon(), next);
  };
  connection->run({{"SELECT 1"}}, soon(), next);
  loop.run_until([&] { return rounds == 10; });
}

TEST_F(PostgresConnectionTest, an_answer_may_destroy_the_connection) {
  auto connection = connect();
  bool answered = false;
  const auto kept = std::make_shared<int>();
  connection->run({{"SELECT 1"}}, soon(), [&](const PgResult<Rows>&) {
    answered = true;
    connection.reset();
  });
  connection->run({{"SELECT 2"}}, soon(), [kept](const PgResult<Rows>&) { FAIL(); });
  loop.run_until([&] { return answered; });
  EXPECT_EQ(kept.use_count(), 1);
  loop.run_ready();
}

TEST_F(PostgresConnectionTest, a_closed_connection_answers_that_it_is) {
  auto connection = connect();
  std::vector<ErrorCode> codes;
  const auto note = [&](const PgResult<Rows>& rows) { codes.push_back(rows.error().error.code); };
  connection->run({{"SELECT 1"}}, soon(), note);
  connection->close();
  connection->run({{"SELECT 1"}}, soon(), note);
  EXPECT_FALSE(connection->is_open());
  EXPECT_TRUE(codes.empty());
  loop.run_until([&] { return codes.size() == 2; });
  EXPECT_EQ(codes, (std::vector{ErrorCode::kUnknown, ErrorCode::kUnavailable}));
}

TEST_F(PostgresConnectionTest, answers_of_a_destroyed_connection_are_destroyed) {
  auto connection = connect();
  const auto kept = std::make_shared<int>();
  connection->run({{"SELECT 1"}}, soon(), [kept](const PgResult<Rows>&) { FAIL(); });
  connection->close();
  connection->run({{"SELECT 1"}}, soon(), [kept](const PgResult<Rows>&) { FAIL(); });
  connection.reset();
  EXPECT_EQ(kept.use_count(), 1);
  loop.run_ready();
}

}  // namespace
}  // namespace eventrelay::test
