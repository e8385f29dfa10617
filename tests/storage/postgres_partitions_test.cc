// The partitions by time: how many there are, where each begins and ends, and that what is hot gets on with them.
#include <gtest/gtest.h>

#include "storage/postgres_commit.h"
#include "storage/postgres_queries.h"
#include "storage/postgres_schema.h"
#include "tests/storage/postgres_fixture.h"

namespace eventrelay::test {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;
constexpr int kTenYears = 3'650;
/// 2030-01-01: no partition is near.
constexpr std::int64_t kBegin = 1'893'456'000'000;

struct PostgresPartitionsTest : PostgresTest {
  void SetUp() override { ASSERT_TRUE(bring_postgres_schema_up(url, true)); }

  std::string sql(const std::string& text) const { return server.sql(url, "SET search_path TO eventrelay;" + text); }
  void set_retention(int days) const { sql("UPDATE installation SET retention_days = " + std::to_string(days)); }
  /// As housekeeping makes them, were it to run on each third of the days from `from` to `until`.
  void live(int from, int until) const {
    sql("SELECT count(make_partitions(" + std::to_string(kBegin) + " + d * " + std::to_string(kDayMs) +
        ", 4)) FROM generate_series(" + std::to_string(from) + "::bigint, " + std::to_string(until) + ", 3) d");
  }
  void drop_before(int day) const {
    while (!sql("SELECT retire_days(" + std::to_string(kBegin + day * kDayMs) + ")").empty()) {
    }
  }
  int count() const { return std::stoi(sql("SELECT count(*) FROM time_partitions()")); }
  /// One after the other without a hole, for all three tables alike.
  void expect_whole(int days) const {
    EXPECT_EQ(sql("SELECT bool_and(lo = before) FROM (SELECT lo, lag(hi) OVER (ORDER BY lo) AS before FROM"
                  " time_partitions()) p WHERE before IS NOT NULL"),
              "t");
    EXPECT_EQ(sql("SELECT min(lo) = first_id_at(" + std::to_string(kBegin) + ") AND max(hi) >= first_id_at(" +
                  std::to_string(kBegin + days * kDayMs) + ") FROM time_partitions()"),
              "t");
    for (const char* parent : {"events", "attempts"})
      EXPECT_EQ(sql("SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN time_partitions() p"
                    " ON c.relname = '" +
                    std::string(parent) +
                    "_' || p.name AND pg_get_expr(c.relpartbound, c.oid) ="
                    " format('FOR VALUES FROM (''%s'') TO (''%s'')', p.lo, p.hi)"),
                std::to_string(count()));
  }
};

TEST_F(PostgresPartitionsTest, whatever_is_kept_is_in_few) {
  for (const int kept : {1, 12, 30, 60, 90, 365, 3'650}) {
    set_retention(kept);
    const int begun = kept == 1 ? 0 : kTenYears;
    live(begun, begun + kept);
    EXPECT_LE(count(), 18) << kept;
    sql("TRUNCATE events, deliveries, attempts");
    drop_before(20'000);
    EXPECT_EQ(count(), 0);
  }
}

TEST_F(PostgresPartitionsTest, with_another_retention_they_go_on_where_they_ended) {
  int day = 0;
  for (const int kept : {1, 0, 30, 3'650, 1, 0}) {
    set_retention(kept);
    live(day, day + 20);
    day += 20;
    expect_whole(day + 1);
  }
}

TEST_F(PostgresPartitionsTest, days_long_past_are_in_few_in_whatever_order_they_come) {
  const auto make = [&](const std::string& order) {
    sql("SELECT count(make_partitions(" + std::to_string(kBegin) + " + d * " + std::to_string(kDayMs) +
        ", 1)) FROM (SELECT d FROM generate_series(0::bigint, 700) d ORDER BY " + order + ") d");
  };
  make("d");
  EXPECT_LE(count(), 32);
  expect_whole(701);
  drop_before(20'000);
  make("d DESC");
  EXPECT_LE(count(), 51);
  drop_before(20'000);
  make("d * 7919 % 701");
  EXPECT_LE(count(), 80);
}

TEST_F(PostgresPartitionsTest, ids_end_and_the_last_partition_with_them) {
  sql("SELECT make_partitions(created_ms(9223372036854775807) - 5 * 86400000::bigint, 4)");
  EXPECT_EQ(sql("SELECT bool_and(lo < hi) FROM time_partitions()"), "t");
}

/// With the room for locks that a server has by default.
struct PostgresTenYearsTest : ::testing::Test {
  static constexpr int kSessions = 12;
  PostgresServer server{{"max_connections=100"}};
  std::string url = server.make_database();
  TestLoop loop;

  std::string sql(const std::string& text) { return server.sql(url, "SET search_path TO eventrelay;" + text); }
  static PgConnection::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }
  std::vector<std::unique_ptr<PgConnection>> connect() {
    std::vector<std::unique_ptr<PgConnection>> sessions;
    for (int i = 0; i < kSessions; ++i)
      sessions.push_back(loop.wait(PgConnection::connect(loop.context(), {url, "test"})).value());
    return sessions;
  }
  /// Of new sessions, all at once.
  void run_on_each(const std::vector<std::string>& texts) {
    const auto sessions = connect();
    std::vector<std::optional<PgResult<PgConnection::Rows>>> answers(kSessions);
    for (int i = 0; i < kSessions; ++i) {
      std::vector<PgStatement> statements(2);
      statements[0].sql = kHotSetup;
      statements[1].sql = texts[static_cast<std::size_t>(i)].c_str();
      auto& answer = answers[static_cast<std::size_t>(i)];
      sessions[static_cast<std::size_t>(i)]->run(std::move(statements), soon(),
                                                 [&answer](auto rows) { answer.emplace(std::move(rows)); });
    }
    for (auto& answer : answers) {
      loop.run_until([&] { return answer.has_value(); });
      ASSERT_TRUE(*answer) << answer->error().error.message;
    }
  }
};

TEST_F(PostgresTenYearsTest, all_is_in_few_partitions_and_many_new_sessions_at_once_take_in_read_and_finish) {
  const std::string now = std::to_string(kBegin + kTenYears * kDayMs);
  ASSERT_TRUE(bring_postgres_schema_up(url, true));
  sql("SELECT count(make_partitions(" + std::to_string(kBegin) +
      " + d * 86400000, 4)) FROM generate_series(0::bigint, " + std::to_string(kTenYears) + ", 3) d");
  EXPECT_LE(std::stoi(sql("SELECT count(*) FROM time_partitions()")), 52);
  sql("INSERT INTO event_types (organization_id, name) VALUES (1, 'a')");

  run_on_each(std::vector<std::string>(
      kSessions, "SELECT base FROM ingest(1, " + now +
                     ", 2, '\\x00', '{1}', '{0}', '{}', '{}', '{}', '{1}', '{1}', '{0}', '{0}', '{0}',"
                     " '{1}', '{\"\"}', '{\"{}\"}', '{1}', '{1}', '{9}', '{" +
                     std::to_string(partition_of(WebhookId{9})) + "}')"));
  ASSERT_EQ(sql("SELECT count(*) FROM deliveries"), std::to_string(kSessions));

  const auto readers = connect();
  std::vector<std::optional<Result<DuePage>>> pages(kSessions);
  DueQuery due{OrganizationId{1}, WebhookId{9}, {}, {}, from_unix_ms(9'000'000'000'000), 100, 1'000'000};
  for (std::size_t i = 0; i < kSessions; ++i) {
    boost::asio::co_spawn(
        loop.context(), postgres_queries::read_due(PgRead{*readers[i], soon()}, due),
        [&page = pages[i]](const std::exception_ptr&, Result<DuePage> read) { page = std::move(read); });
  }
  for (auto& page : pages) {
    loop.run_until([&] { return page.has_value(); });
    ASSERT_TRUE(*page) << page->error().message;
    EXPECT_EQ((*page)->rows.size(), std::size_t{kSessions});
  }

  std::vector<std::string> ends;
  for (const PendingDelivery& delivery : pages[0].value()->rows)
    ends.push_back("SELECT states FROM finish(7, 0, 0, " + now + ", '{1}', ARRAY[" + std::to_string(delivery.id.value) +
                   "::bigint], '{1}', '{0}', '{1}', '{1}', '{0}', '{\"\"}', '{0}', '{0}', '{0}', '{200}', '{0}',"
                   " '{\"\"}', '{\"\"}', '{\"\"}', '{\"\"}', '{0}', '{\"\"}', '{0}', '{0}', '{0}', '{0}')");
  run_on_each(ends);
  EXPECT_EQ(sql("SELECT count(*) FROM deliveries WHERE state = 1"), std::to_string(kSessions));
}

}  // namespace
}  // namespace eventrelay::test
