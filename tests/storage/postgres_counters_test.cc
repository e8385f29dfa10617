// What the store's suite cannot see of the counters on PostgreSQL: commits that end late, several writers, folds at the
// same time.
#include <gtest/gtest.h>

#include "base/embedded.h"
#include "base/limits.h"
#include "storage/postgres_schema.h"
#include "storage/rollup.h"
#include "tests/storage/postgres_process.h"
#include "tests/storage/postgres_reads_fixture.h"

namespace eventrelay::test {
namespace {

namespace q = postgres_queries;

struct PostgresCountersTest : PostgresReadsTest {
  static constexpr std::int64_t kMinute = unix_ms(kReadsBegin) / 60'000 + 30;

  void run(PgConnection& on, const std::string& text) {
    std::vector<PgStatement> statements(1);
    statements[0].sql = text.c_str();
    statements[0].once = true;
    const auto done = PostgresTest::run(on, std::move(statements));
    ASSERT_TRUE(done) << done.error().error.message;
  }
  /// So many deliveries of webhook 1 that succeeded in the minute. writer: no two transactions at once have the same.
  static std::string count_sql(std::int64_t minute, int count, int writer = 1) {
    return "SELECT count_changes(" + std::to_string(writer) + ", 1, " + std::to_string(minute) +
           ", '{1}', '{276}', '{" + std::to_string(count) + "}', 0, 0)";
  }
  static std::string fold_sql(std::int64_t minute, int lately_ms = 0) {
    return "SELECT fold_counts(" + std::to_string(minute * 60'000) + ", " + std::to_string(lately_ms) + ")";
  }
  /// In the long and in the short window, of the organization and of the webhook: the same.
  std::int64_t succeeded(std::int64_t now_minute) {
    const WallTime now = from_unix_ms(now_minute * 60'000);
    std::vector<std::int64_t> seen;
    for (const MetricsWindow window : {MetricsWindow::k1h, MetricsWindow::k30d})
      for (const std::optional<WebhookId> webhook : {std::optional<WebhookId>(), std::optional(WebhookId{1})})
        seen.push_back(must(q::metrics(read(), kReadsOrg, window, webhook, now)).totals.succeeded);
    const auto side_by_side = must(q::webhook_counts(read(), kReadsOrg, MetricsWindow::k1h, now));
    seen.push_back(side_by_side.empty() ? 0 : side_by_side[0].succeeded);
    for (const std::int64_t one : seen) EXPECT_EQ(one, seen.front());
    return seen.front();
  }
  std::string notes() { return sql("SELECT count(*) FROM count_notes"); }
};

TEST_F(PostgresCountersTest, a_commit_that_ends_after_its_minute_was_folded_is_added) {
  const auto slow = connect();
  run(*slow, "BEGIN");
  run(*slow, count_sql(kMinute, 2, 2));
  sql(count_sql(kMinute, 3));
  EXPECT_EQ(sql(fold_sql(kMinute + 1)), "f");
  EXPECT_EQ(notes(), "0");
  EXPECT_EQ(succeeded(kMinute + 1), 3);
  run(*slow, "COMMIT");
  EXPECT_EQ(succeeded(kMinute + 1), 5);
  EXPECT_EQ(sql(fold_sql(kMinute + 1)), "f");
  EXPECT_EQ(notes(), "0");
  EXPECT_EQ(succeeded(kMinute + 1), 5);
  EXPECT_EQ(sql("SELECT count(*) || ' ' || sum(attempts) FROM rollups"), "4 20");
}

TEST_F(PostgresCountersTest, of_two_folds_at_once_the_second_leaves_it_and_a_broken_one_loses_nothing) {
  sql(count_sql(kMinute, 3));
  const auto one = connect();
  run(*one, "BEGIN");
  run(*one, fold_sql(kMinute + 1));
  EXPECT_EQ(sql(fold_sql(kMinute + 1)), "f") << "it waits for nobody";
  EXPECT_EQ(sql("SELECT count(*) FROM rollups"), "0");
  EXPECT_EQ(succeeded(kMinute + 1), 3);
  run(*one, "ROLLBACK");
  EXPECT_EQ(succeeded(kMinute + 1), 3);
  sql(count_sql(kMinute, 1));
  EXPECT_EQ(sql(fold_sql(kMinute + 1)), "f");
  EXPECT_EQ(notes(), "0");
  EXPECT_EQ(succeeded(kMinute + 1), 4);
}

TEST_F(PostgresCountersTest, what_another_process_has_just_folded_is_left_alone) {
  sql(count_sql(kMinute, 1) + ";" + fold_sql(kMinute));
  EXPECT_EQ(sql("SELECT merged FROM count_notes"), "t") << "the minute is not over";
  sql(count_sql(kMinute, 1));
  EXPECT_EQ(sql(fold_sql(kMinute, 60'000)), "f");
  EXPECT_EQ(notes(), "2");
  sql("UPDATE counts_folded SET at = clock_timestamp() + interval '1 hour'");
  EXPECT_EQ(sql(fold_sql(kMinute, 60'000)), "f");
  EXPECT_EQ(notes(), "1") << "the clock was set back";
  EXPECT_EQ(succeeded(kMinute), 2);
}

TEST_F(PostgresCountersTest, many_webhooks_are_folded_in_slices_and_are_exact_between_them) {
  sql("INSERT INTO count_notes SELECT 1, " + std::to_string(kMinute) +
      ", array_agg(i), array_agg(276::smallint), array_agg(2) FROM generate_series(1::bigint, 12000) i");
  const auto now = from_unix_ms((kMinute + 1) * 60'000);
  const auto total = [&](MetricsWindow window) {
    return must(q::metrics(read(), kReadsOrg, window, {}, now)).totals.succeeded;
  };
  for (const char* more : {"t", "t", "f"}) {
    EXPECT_EQ(sql(fold_sql(kMinute + 1)), more);
    EXPECT_EQ(total(MetricsWindow::k15m), 24'000);
    EXPECT_EQ(total(MetricsWindow::k7d), 24'000);
  }
  EXPECT_EQ(sql("SELECT count(*) FROM rollups WHERE webhook_id > 0"), "24000");
  EXPECT_EQ(sql("SELECT succeeded FROM rollups WHERE span = 60 AND webhook_id = 0"), "24000");
}

TEST_F(PostgresCountersTest, a_backlog_of_notes_is_folded_in_slices) {
  sql("INSERT INTO count_notes SELECT 1, " + std::to_string(kMinute) +
      ", array_fill(1::bigint, ARRAY[1000]), array_fill(276::smallint, ARRAY[1000]), array_fill(1, ARRAY[1000])"
      " FROM generate_series(1, 150)");
  EXPECT_EQ(sql(fold_sql(kMinute)), "t");
  EXPECT_EQ(notes(), "51") << "a hundred are one now";
  EXPECT_EQ(sql(fold_sql(kMinute)), "f");
  EXPECT_EQ(notes(), "1");
  EXPECT_EQ(succeeded(kMinute), 150'000);
}

TEST_F(PostgresCountersTest, latencies_stay_few_however_often_they_are_added_to) {
  for (int i = 0; i < 100; ++i) {
    sql("INSERT INTO count_notes SELECT 1, " + std::to_string(kMinute) +
        ", array_agg(1::bigint), array_agg((256 + i)::smallint), array_agg(1) FROM generate_series(1, 40) i;" +
        fold_sql(kMinute + 1));
  }
  EXPECT_LE(std::stoi(sql("SELECT max(length(latency)) / 5 FROM rollups")), 64);
  const MetricsReport report =
      must(q::metrics(read(), kReadsOrg, MetricsWindow::k1h, WebhookId{1}, from_unix_ms((kMinute + 1) * 60'000)));
  EXPECT_EQ(report.totals.succeeded, 4'000);
  LatencyHistogram same;
  for (std::size_t bucket = 1; bucket <= 40; ++bucket) same.add(bucket, 100);
  EXPECT_EQ(report.p50_ms, same.percentile(0.5));
  EXPECT_EQ(report.p99_ms, same.percentile(0.99));
}

TEST_F(PostgresCountersTest, a_drop_follows_the_key_and_reads_nothing_else) {
  sql("INSERT INTO rollups SELECT 1, i, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, '' FROM generate_series(1, 20000) i;"
      "ANALYZE rollups");
  const std::string now_ms = std::to_string(std::int64_t{20'000} * 60'000);  // 18,500 are old
  // One transaction.
  EXPECT_EQ(sql("SELECT drop_old_rollups(" + now_ms +
                "); SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'rollups'"),
            "0");
  EXPECT_EQ(sql("SELECT count(*) || ' ' || min(minute) FROM rollups"), "15000 5001");
  for (int slices = 0; sql("SELECT drop_old_rollups(" + now_ms + ")") == "t"; ++slices) ASSERT_LT(slices, 5);
  EXPECT_EQ(sql("SELECT min(minute) FROM rollups"), "18500");
}

TEST_F(PostgresCountersTest, of_a_webhook_that_has_many_dead_no_more_are_read_than_are_counted) {
  add(0, 3 * kRowsExaminedMax, DeliveryState::kDead);  // every second is webhook 1's
  add(1, 20, DeliveryState::kPending);
  sql("ANALYZE deliveries");
  const MetricsReport report =
      must(q::metrics(read(), kReadsOrg, MetricsWindow::k1h, WebhookId{1}, kReadsBegin + std::chrono::hours(1)));
  EXPECT_EQ(report.dlq, kRowsExaminedMax);
  EXPECT_EQ(report.pending, 10);
  run(*connection, "SELECT pg_stat_force_next_flush()");
  const std::string entries =
      sql("SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname LIKE 'deliveries_%'");
  EXPECT_LE(std::stoul(entries), kRowsExaminedMax + 100);
}

TEST(PostgresWriters, counts_of_several_processes_add_up) {
  PostgresServer& server = PostgresServer::shared();
  const std::string url = server.make_database();
  Process one(url);
  Process two(url);
  ASSERT_TRUE(one.change(Process::webhook()));
  int answered = 0;
  constexpr int kEach = 200;
  const auto send_all = [&](Process& process) {
    for (int i = 0; i < kEach; ++i)
      process.store->ingest(one.loop.loop(), Process::event(), [&](Result<IngestResult> result) {
        EXPECT_TRUE(result);
        ++answered;
      });
  };
  send_all(one);
  send_all(two);
  for (int folds = 0; answered < 2 * kEach; ++folds) {
    server.sql(url, "SET search_path TO eventrelay; SELECT fold_counts(now_ms() + 60000, 0)");
    one.loop.run_until([&] { return answered >= std::min(2 * kEach, 40 * folds); });
  }
  server.sql(url, "SET search_path TO eventrelay; SELECT fold_counts(now_ms() + 60000, 0)");
  EXPECT_EQ(server.sql(url, "SELECT count(*) FROM eventrelay.count_notes"), "0");
  for (const char* span : {"1", "60"}) {
    const std::string where = std::string(" FROM eventrelay.rollups WHERE span = ") + span + " AND webhook_id ";
    EXPECT_EQ(server.sql(url, "SELECT sum(events) || ' ' || sum(deliveries)" + where + "= 0"), "400 400");
    EXPECT_EQ(server.sql(url, "SELECT sum(deliveries)" + where + "> 0"), "400");
  }
}

TEST(PostgresUpgrade, minutes_of_before_are_in_both_resolutions) {
  PostgresServer& server = PostgresServer::shared();
  const std::string url = server.make_database();
  const auto sql = [&](const std::string& text) { return server.sql(url, "SET search_path TO eventrelay;" + text); };
  server.sql(url,
             "CREATE SCHEMA eventrelay; CREATE TABLE eventrelay.schema_versions (version integer PRIMARY KEY,"
             " usable_from integer NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
  int version = 0;
  for (const EmbeddedFile& file : postgres_migrations()) {
    if (file.name.find("rollups") != std::string_view::npos) break;
    const std::string number = std::to_string(++version);
    sql("BEGIN;" + std::string(file.text) + ";INSERT INTO schema_versions VALUES (" + number + ", " + number +
        ");COMMIT");
  }
  // Two writers in a minute, and a minute before the hour; one of three days and one of forty ago.
  sql("CREATE TABLE public.old AS SELECT now_ms() / 3600000 * 60 AS hour;"
      "INSERT INTO metrics_minutes SELECT 1, hour - back, writer, 1, 2, 3, 4, 5, 6, 7, 8, 9 FROM public.old,"
      " (VALUES (0, 0), (0, 7), (1, 7), (3 * 1440, 0), (40 * 1440, 0)) v(back, writer);"
      "INSERT INTO latency_minutes SELECT 1, hour - back, writer, bucket, 10 FROM public.old,"
      " (VALUES (0, 0, 5), (0, 7, 5), (0, 7, 9), (1, 7, 9)) v(back, writer, bucket)");
  ASSERT_TRUE(bring_postgres_schema_up(url, true));
  EXPECT_EQ(sql(std::string("SELECT string_agg(concat_ws(',', span, events, cancelled, ") + kLatencyPairs +
                "), '; ' ORDER BY span, minute) FROM rollups"),
            "1,1,9,9:10; 1,2,18,5:20 9:10; 60,1,9; 60,1,9,9:10; 60,2,18,5:20 9:10");
}

}  // namespace
}  // namespace eventrelay::test
