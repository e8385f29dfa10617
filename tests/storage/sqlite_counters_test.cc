// What the store's suite cannot see of the counters on SQLite: slices of a fold, and what an older schema counted.
#include <gtest/gtest.h>

#include "base/embedded.h"
#include "storage/rollup.h"
#include "storage/sqlite_files.h"
#include "tests/storage/sqlite_harness.h"

namespace eventrelay {
namespace {

class SqliteCountersTest : public testing::Test {
 protected:
  void send() {
    IngestIntent intent;
    intent.organization = kOrg;
    intent.events.push_back({"a", "", {}, "", "{}", {}});
    const auto sent = harness.loop.wait<Result<IngestResult>>(
        [&](auto done) { harness.store().ingest(harness.loop.loop(), std::move(intent), std::move(done)); });
    ASSERT_TRUE(sent);
  }
  std::int64_t number(const std::string& sql) { return std::stoll(harness.sql(sql)); }
  Counters totals(MetricsWindow window) {
    return harness.loop.wait(harness.queries().metrics(harness.loop.loop(), kOrg, window, {}))->totals;
  }
  std::int64_t minute() const { return unix_ms(harness.now()) / 60'000; }

  SqliteHarness harness;
};

TEST_F(SqliteCountersTest, a_minute_of_many_webhooks_is_folded_by_several_commits) {
  CountNote note;
  for (std::int64_t id = 1; id <= 2'500; ++id) note.add(WebhookId{id}, kCountSucceeded | 20, 2);
  harness.close();
  {
    SqliteDb db(harness.file(), SqliteDb::Mode::kWriter);
    const std::string counts = note.encode();
    db.use("INSERT INTO count_notes (organization_id, minute, counts) VALUES (1, ?1, ?2)")
        .bind(minute())
        .bind_blob(counts)
        .run();
  }
  harness.reopen();
  harness.advance(std::chrono::minutes(1));
  for (const std::int64_t folded : {1'000, 2'000, 2'500}) {
    send();
    EXPECT_EQ(number("SELECT count(*) FROM rollups WHERE span = 1 AND webhook_id > 0"), folded);
    for (const MetricsWindow window : {MetricsWindow::k15m, MetricsWindow::k7d})
      EXPECT_EQ(totals(window).succeeded, 5'000);
  }
  EXPECT_EQ(number("SELECT succeeded FROM rollups WHERE span = 60 AND webhook_id = 0"), 5'000);
  EXPECT_EQ(totals(MetricsWindow::k7d).events, 3);
}

TEST_F(SqliteCountersTest, notes_are_put_together_before_they_are_many) {
  for (int i = 0; i < 1'100; ++i) {
    send();
    if (i % 50 == 0) {
      EXPECT_LE(number("SELECT count(*) FROM count_notes"), 500);
    }
  }
  EXPECT_EQ(totals(MetricsWindow::k15m).events, 1'100);
  EXPECT_EQ(number("SELECT count(*) FROM rollups"), 0) << "the minute is not over";
}

TEST_F(SqliteCountersTest, of_many_organizations_not_every_commit_puts_all_notes_together) {
  CountNote note;
  note.add(kWholeOrganization, kCountEvent);
  const std::string counts = note.encode();
  harness.close();
  {
    SqliteDb db(harness.file(), SqliteDb::Mode::kWriter);
    for (int organization = 1'001; organization <= 1'600; ++organization)
      db.use("INSERT INTO count_notes (organization_id, minute, counts) VALUES (?1, ?2, ?3)")
          .bind(std::int64_t{organization})
          .bind(minute())
          .bind_blob(counts)
          .run();
  }
  harness.reopen();
  for (int i = 0; i < 550; ++i) send();
  EXPECT_EQ(number("SELECT count(*) FROM count_notes WHERE organization_id = 1"), 550) << "the first was alone";
  EXPECT_EQ(totals(MetricsWindow::k15m).events, 550);
}

TEST_F(SqliteCountersTest, what_is_over_is_folded_by_the_next_commit_after_a_while) {
  send();
  harness.advance(std::chrono::minutes(1));
  send();
  EXPECT_EQ(number("SELECT count(*) FROM rollups"), 2);
  EXPECT_EQ(number("SELECT count(*) FROM count_notes"), 1);
}

TEST(SqliteUpgrade, minutes_of_before_are_in_both_resolutions) {
  TemporaryDirectory directory;
  std::filesystem::create_directories(directory.path());
  {
    SqliteDb db(database_path(directory.path()), SqliteDb::Mode::kWriter);
    int version = 0;
    for (const EmbeddedFile& file : sqlite_migrations()) {
      if (file.name.find("rollups") != std::string_view::npos) break;
      db.execute("BEGIN;" + std::string(file.text) + ";PRAGMA user_version = " + std::to_string(++version) + ";COMMIT");
    }
    const std::int64_t now = std::time(nullptr) / 60;
    const auto insert = [&](std::int64_t minute) {
      LatencyHistogram latency;
      latency.add(milliseconds(20));
      latency.add(milliseconds(5'000));
      const std::string encoded = latency.encode();
      db.use("INSERT INTO metrics_minutes VALUES (1, ?1, 1, 2, 3, 4, 5, 6, 7, 8, 9, ?2)")
          .bind(minute)
          .bind_blob(encoded)
          .run();
    };
    const std::int64_t hour = now / 60 * 60;
    for (const std::int64_t minute : {hour, hour - 1, hour - 2, hour - 3 * 1'440, hour - 40 * 1'440}) insert(minute);
  }
  ASSERT_TRUE(migrate_sqlite(directory.path()));
  SqliteDb db(database_path(directory.path()), SqliteDb::Mode::kReader);
  const auto rows = [&](const char* sql) {
    std::string out;
    auto found = db.use(sql);
    while (found.step()) {
      const LatencyHistogram latency = LatencyHistogram::decode(found.text(3));
      out += std::to_string(found.integer(0)) + ":" + std::to_string(found.integer(1)) + "," +
             std::to_string(found.integer(2)) + "," +
             std::to_string(latency.count(LatencyHistogram::bucket_of(milliseconds(5'000)))) + " ";
    }
    return out;
  };
  EXPECT_EQ(rows("SELECT span, events, cancelled, latency FROM rollups ORDER BY span, minute"),
            "1:1,9,1 1:1,9,1 1:1,9,1 60:1,9,1 60:2,18,2 60:1,9,1 ");
}

}  // namespace
}  // namespace eventrelay
