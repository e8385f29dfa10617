// What the store's suite cannot see of retention on PostgreSQL: how the swap of a day behaves beside others' locks.
#include <gtest/gtest.h>

#include "base/ids.h"
#include "storage/postgres_schema.h"
#include "tests/storage/postgres_fixture.h"

namespace eventrelay::test {
namespace {

/// Days ago.
constexpr int kOldDay = 20;
constexpr std::int64_t kDayIds = std::int64_t{86'400'000} << kIdSequenceBits;

struct PostgresRetentionTest : PostgresTest {
  std::unique_ptr<PgConnection> db;
  std::int64_t day_ms = 0;
  std::int64_t first = 0;  ///< the old day's first id
  std::string day;

  void SetUp() override {
    ASSERT_TRUE(bring_postgres_schema_up(url, true, StartedImport::kRefuse, 1));  // partitions of a day each
    db = connect();
    day_ms = (std::stoll(sql("SELECT now_ms()")) / 86'400'000 - kOldDay) * 86'400'000;
    first = std::stoll(sql("SELECT first_id_at(" + std::to_string(day_ms) + ")"));
    day = sql("SELECT to_char(to_timestamp(" + std::to_string(day_ms / 1'000) + ") AT TIME ZONE 'UTC', 'YYYYMMDD')");
    sql("SELECT make_partitions(" + std::to_string(day_ms) + ", 1)");
    for (int n = 0; n < 4; ++n) make(n, n == 0 ? 0 : n == 1 ? 2 : 1);
    sql("INSERT INTO gauges VALUES (1, 4, 1, 1)");
  }

  std::string sql(const std::string& text) { return server.sql(url, "SET search_path TO eventrelay;" + text); }
  void run(PgConnection& on, const std::string& text) {
    std::vector<PgStatement> statements(1);
    statements[0].sql = text.c_str();
    statements[0].once = true;
    const auto done = PostgresTest::run(on, std::move(statements));
    ASSERT_TRUE(done) << done.error().error.message;
  }
  /// An event of the old day, or of one so many days later, with one delivery in that state and one attempt.
  void make(int n, int state, int later = 0) {
    const std::int64_t id = first + later * kDayIds + 10 * n;
    const std::string event = std::to_string(id);
    const std::string delivery = std::to_string(id + 1);
    sql("INSERT INTO events VALUES (" + event + ", 1, 1, 0, 1, 0, NULL, '', '{}')");
    sql("INSERT INTO deliveries (id, organization_id, event_id, webhook_id, partition, type_id, tenant_id,"
        " first_due_ms, due_ms, sort_at_ms, state, attempts, ended_id) VALUES (" +
        delivery + ", 1, " + event + ", 9, 3, 1, 0, 5, 5, 5, " + std::to_string(state) + ", 1, " +
        (state == 0 ? "NULL" : delivery) + ")");
    sql("INSERT INTO attempts VALUES (" + delivery +
        ", 1, false, 5, 1, 200, 0, '', '', '', '', false, '', 0, 0, 0, 0)");
  }
  std::string id(int n) const { return std::to_string(first + 10 * n + 1); }
  static std::string retire_sql() { return "SELECT retire_days(now_ms() - 10 * 86400000)"; }
  std::string retire() { return sql(retire_sql()); }
  /// The SQLSTATE that it is refused with; and that it took no longer than it may.
  std::string refused() {
    const auto begun = steady_clock::now();
    const auto answer = query(*db, retire_sql().c_str());
    EXPECT_LT(steady_clock::now() - begun, milliseconds(700));
    return answer ? "" : std::string(answer.error().sqlstate);
  }
  std::string rows() {
    return sql(
        "SELECT (SELECT count(*) FROM events) || ' ' || (SELECT count(*) FROM deliveries) || ' ' ||"
        " (SELECT count(*) FROM attempts)");
  }
  static std::string insert_today() {
    return "INSERT INTO events VALUES (first_id_at(now_ms()), 1, 1, 0, 0, 0, NULL, '', '{}')";
  }
};

TEST_F(PostgresRetentionTest, a_days_rest_takes_its_place_with_the_same_indexes) {
  const std::string shape =
      "SELECT string_agg(regexp_replace(indexdef, '^.* USING ', ''), ';' ORDER BY regexp_replace(indexdef, '^.* USING "
      "', '')) FROM pg_indexes WHERE tablename = 'deliveries_" +
      day + "'";
  const std::string before = sql(shape);
  EXPECT_EQ(retire(), day);
  EXPECT_EQ(rows(), "1 1 1");
  EXPECT_EQ(sql("SELECT id FROM deliveries"), id(0));
  EXPECT_EQ(sql(shape), before);
  EXPECT_EQ(sql("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid"), "0");
  EXPECT_EQ(sql("SELECT sum(pending) || ' ' || sum(dead) FROM gauges"), "1 0");
  EXPECT_EQ(sql("SELECT moved > '0' FROM commits_dropped"), "t") << "whoever looked meanwhile is to look again";
  EXPECT_EQ(retire(), "") << "nothing more while the rest is pending";
  EXPECT_EQ(sql("SELECT count(*) FROM pg_class WHERE relname LIKE '%\\_rest' AND relkind = 'r'"), "0");

  sql("UPDATE deliveries SET state = 2, ended_id = id WHERE id = " + id(0) +
      "; UPDATE gauges SET dead = dead + 1"
      " WHERE writer = 4");
  EXPECT_EQ(retire(), day);
  EXPECT_EQ(rows(), "0 0 0");
  EXPECT_EQ(sql("SELECT sum(dead) FROM gauges"), "0");
  EXPECT_EQ(sql("SELECT to_regclass('deliveries_" + day + "') IS NULL"), "t");
}

TEST_F(PostgresRetentionTest, the_rests_of_neighbours_become_one) {
  sql("SELECT make_partitions(" + std::to_string(day_ms) + ", 4)");
  for (int later = 1; later < 4; ++later) make(9, 0, later);
  make(8, 2, 3);  // dead: goes
  int calls = 0;
  while (!retire().empty()) ++calls;
  EXPECT_LE(calls, 8);
  EXPECT_EQ(rows(), "4 4 4");
  EXPECT_EQ(sql("SELECT sum(pending) || ' ' || sum(dead) FROM gauges"), "1 -1");
  EXPECT_EQ(sql("SELECT count(*) FROM time_partitions() WHERE is_rest"), "1");
  EXPECT_EQ(sql("SELECT name || ' ' || (hi - lo) FROM time_partitions() WHERE is_rest"),
            day + " " + std::to_string(4 * kDayIds));
  for (const char* parent : {"events", "attempts"})
    EXPECT_EQ(sql("SELECT count(*) FROM pg_inherits WHERE inhparent = '" + std::string(parent) + "'::regclass"),
              sql("SELECT count(*) FROM time_partitions()"));

  sql("UPDATE deliveries SET state = 1");
  EXPECT_EQ(retire(), day);
  EXPECT_EQ(rows(), "0 0 0");
}

TEST_F(PostgresRetentionTest, rests_that_are_large_together_stay_apart) {
  sql("SELECT make_partitions(" + std::to_string(day_ms) + ", 2)");
  make(9, 0, 1);
  sql("UPDATE deliveries SET attempts = 10000 WHERE state = 0");
  while (!retire().empty()) {
  }
  EXPECT_EQ(rows(), "2 2 2");
  EXPECT_EQ(sql("SELECT count(*) FROM time_partitions() WHERE is_rest"), "2");
  sql("UPDATE deliveries SET attempts = 9999 WHERE state = 0");
  while (!retire().empty()) {
  }
  EXPECT_EQ(sql("SELECT count(*) FROM time_partitions() WHERE is_rest"), "1");
}

TEST_F(PostgresRetentionTest, a_partition_of_several_days_goes_when_all_of_it_is_old) {
  const auto retire_at = [&](int days_after) {
    return sql("SELECT retire_days(" + std::to_string(day_ms + days_after * std::int64_t{86'400'000}) + ")");
  };
  sql("UPDATE installation SET retention_days = 48; SELECT make_partitions(" + std::to_string(day_ms + 86'400'000) +
      ", 3)");  // four days after the old one
  make(9, 1, 1);
  make(9, 1, 4);
  EXPECT_EQ(retire_at(1), day);
  EXPECT_EQ(rows(), "3 3 3");
  EXPECT_EQ(retire_at(4), "");
  EXPECT_EQ(rows(), "3 3 3");
  EXPECT_NE(retire_at(5), "");
  EXPECT_EQ(rows(), "1 1 1");
}

TEST_F(PostgresRetentionTest, beside_a_lock_on_the_day_it_gives_up_at_once_and_inserts_go_on) {
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "LOCK TABLE deliveries_" + day + " IN ACCESS SHARE MODE");
  EXPECT_EQ(refused(), "55P03");
  EXPECT_EQ(rows(), "4 4 4");
  sql("SET lock_timeout = 100;" + insert_today());
  run(*other, "COMMIT");
  EXPECT_EQ(retire(), day);
}

TEST_F(PostgresRetentionTest, beside_a_long_reader_of_all_days_it_gives_up_soon_and_inserts_wait_no_longer) {
  auto reader = connect();
  auto writer = connect();
  run(*reader, "BEGIN");
  run(*reader, "SELECT count(*) FROM deliveries");
  std::vector<PgStatement> retiring(1);
  retiring[0].sql = "SELECT retire_days(now_ms() - 10 * 86400000)";
  const auto begun = steady_clock::now();
  const auto answer = send(*db, std::move(retiring));
  auto longest = milliseconds(0);
  int inserts = 0;
  while (!answer->has_value()) {
    const auto at = steady_clock::now();
    run(*writer, "INSERT INTO events VALUES (first_id_at(now_ms()) + " + std::to_string(inserts++) +
                     ", 1, 1, 0, 0, 0, NULL, '', '{}')");
    longest = std::max(longest, std::chrono::duration_cast<milliseconds>(steady_clock::now() - at));
  }
  EXPECT_EQ(state(*answer), "55P03");
  EXPECT_GE(steady_clock::now() - begun, milliseconds(90));
  EXPECT_LT(steady_clock::now() - begun, milliseconds(700));
  EXPECT_LT(longest, milliseconds(500));
  run(*reader, "COMMIT");
  EXPECT_EQ(retire(), day);
}

TEST_F(PostgresRetentionTest, a_vacuum_of_the_day_is_not_waited_for) {
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "LOCK TABLE attempts_" + day + " IN SHARE UPDATE EXCLUSIVE MODE");
  EXPECT_EQ(refused(), "55P03");
}

TEST_F(PostgresRetentionTest, two_at_once_do_not_meet) {
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "SELECT pg_advisory_xact_lock(7305, 5)");
  EXPECT_EQ(retire(), "");
  EXPECT_EQ(rows(), "4 4 4");
}

/// The copy and the swap of another process, with a change between them.
struct PostgresRetentionRaceTest : PostgresRetentionTest {
  void SetUp() override {
    PostgresRetentionTest::SetUp();
    // Stands for the time that a copy takes: waits for a lock of the test's own.
    sql("CREATE FUNCTION wait_after_copy() RETURNS event_trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_advisory_xact_lock_shared(99); END'");
    holder = connect();
  }
  /// Runs the change after the copy's table is made and before the locks; the SQLSTATE that the swap ends with.
  std::string change_meanwhile(const std::string& change) {
    sql("CREATE EVENT TRIGGER waits ON ddl_command_end WHEN TAG IN ('CREATE TABLE')"
        " EXECUTE FUNCTION eventrelay.wait_after_copy()");
    run(*holder, "SELECT pg_advisory_lock(99)");
    std::vector<PgStatement> retiring(1);
    retiring[0].sql = "SELECT retire_days(now_ms() - 10 * 86400000)";
    const auto answer = send(*db, std::move(retiring));
    loop.run_until(
        [&] { return sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == "1"; });
    sql(change);
    run(*holder, "SELECT pg_advisory_unlock(99)");
    loop.run_until([&] { return answer->has_value(); });
    sql("DROP EVENT TRIGGER waits");
    return **answer ? "" : std::string(state(*answer));
  }
  std::unique_ptr<PgConnection> holder;
};

TEST_F(PostgresRetentionRaceTest, nothing_goes_where_a_dead_one_was_reopened_meanwhile) {
  EXPECT_EQ(change_meanwhile("UPDATE deliveries SET state = 0, ended_id = NULL WHERE id = " + id(1)), "55P03");
  EXPECT_EQ(rows(), "4 4 4");
  EXPECT_EQ(retire(), day);
  EXPECT_EQ(rows(), "2 2 2");
}

TEST_F(PostgresRetentionRaceTest, nothing_goes_where_a_pending_one_had_an_attempt_meanwhile) {
  EXPECT_EQ(change_meanwhile("UPDATE deliveries SET attempts = 2 WHERE id = " + id(0)), "55P03");
  EXPECT_EQ(retire(), day);
  EXPECT_EQ(sql("SELECT attempts FROM deliveries"), "2");
}

TEST_F(PostgresRetentionRaceTest, nothing_goes_where_an_old_event_was_replayed_meanwhile) {
  const std::string event = std::to_string(first + 20);
  EXPECT_EQ(change_meanwhile(
                "INSERT INTO deliveries (id, organization_id, event_id, webhook_id, partition, type_id, tenant_id,"
                " first_due_ms, due_ms, sort_at_ms, replay_of) VALUES (first_id_at(now_ms()), 1, " +
                event + ", 9, 3, 1, 0, 5, 5, 5, 0); UPDATE events SET replay_count = 1 WHERE id = " + event),
            "55P03");
  EXPECT_EQ(retire(), day);
  EXPECT_EQ(sql("SELECT replay_count FROM events WHERE id = " + event), "1");
  EXPECT_EQ(rows(), "2 2 1");
}

TEST_F(PostgresRetentionRaceTest, without_a_change_it_goes_through) {
  EXPECT_EQ(change_meanwhile("SELECT 1"), "");
  EXPECT_EQ(rows(), "1 1 1");
}

TEST_F(PostgresRetentionTest, who_waits_for_the_swap_finds_the_rest_in_its_new_place) {
  auto writer = connect();
  run(*writer, "SELECT set_config('plan_cache_mode', 'force_generic_plan', false)");
  const std::string end = "UPDATE deliveries SET state = 1 WHERE id = " + id(0) + " RETURNING id";
  run(*db, "BEGIN");
  run(*db, retire_sql());
  std::vector<PgStatement> ending(1);
  ending[0].sql = end.c_str();
  const auto ended = send(*writer, std::move(ending));
  const auto until = steady_clock::now() + milliseconds(200);
  loop.run_until([&] { return steady_clock::now() > until; });
  EXPECT_FALSE(ended->has_value());
  run(*db, "COMMIT");
  loop.run_until([&] { return ended->has_value(); });
  ASSERT_TRUE(**ended);
  EXPECT_EQ((***ended)[0].size(), 1);
  EXPECT_EQ(sql("SELECT state FROM deliveries"), "1");
}

TEST_F(PostgresRetentionTest, an_attempts_end_that_waits_for_the_swap_is_written) {
  const std::string end =
      "SELECT states FROM finish(7, 0, 0, NULL, '{1}', ARRAY[" + id(0) +
      "::bigint], '{2}', '{0}', '{1}', '{1}', '{0}', '{\"\"}', '{0}', '{0}', '{0}', '{200}', '{0}', '{\"\"}',"
      " '{\"\"}', '{\"\"}', '{\"\"}', '{0}', '{\"\"}', '{0}', '{0}', '{0}', '{0}')";
  auto writer = connect();
  run(*writer, "SELECT set_config('plan_cache_mode', 'force_generic_plan', false)");
  // Its plans are made before.
  run(*writer, "BEGIN");
  run(*writer, end);
  run(*writer, "ROLLBACK");
  run(*db, "BEGIN");
  run(*db, retire_sql());
  std::vector<PgStatement> ending(1);
  ending[0].sql = end.c_str();
  const auto ended = send(*writer, std::move(ending));
  const auto until = steady_clock::now() + milliseconds(200);
  loop.run_until([&] { return steady_clock::now() > until; });
  EXPECT_FALSE(ended->has_value());
  run(*db, "COMMIT");
  loop.run_until([&] { return ended->has_value(); });
  ASSERT_TRUE(**ended) << (*ended)->error().error.message;
  EXPECT_EQ(sql("SELECT state || ' ' || attempts FROM deliveries"), "1 2");
  EXPECT_EQ(rows(), "1 1 2");
}

}  // namespace
}  // namespace eventrelay::test
