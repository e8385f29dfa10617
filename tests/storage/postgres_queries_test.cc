// What the reads say of the snapshot they saw, and the commit log.
#include "storage/postgres_queries.h"

#include <gtest/gtest.h>

#include "storage/postgres_records.h"
#include "tests/storage/postgres_reads_fixture.h"

namespace eventrelay::test {
namespace {

namespace q = postgres_queries;

struct PostgresQueriesTest : PostgresReadsTest {
  static std::string note_sql(const PartitionSet& partitions, const std::string& rest) {
    std::string hex;
    for (const char c : bytes_of_partitions(partitions)) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      hex += kDigits[static_cast<unsigned char>(c) >> 4];
      hex += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return "SELECT note_commit('\\x" + hex + "', " + rest + ")";
  }
  /// A commit's note, as an ingest leaves it; its number.
  std::uint64_t note_ids(const PartitionSet& partitions, std::int64_t from, std::int64_t last) {
    return std::stoull(sql(note_sql(partitions, std::to_string(from) + ", " + std::to_string(last) + ", NULL")));
  }
  /// As a change leaves it.
  std::uint64_t note_changed(const PartitionSet& partitions, std::vector<std::int64_t> ids) {
    std::string list;
    for (const auto id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
    return std::stoull(sql(note_sql(partitions, "NULL, NULL, '{" + list + "}'")));
  }
  DuePage due(std::size_t limit = 100, std::size_t bytes = 1'000'000) {
    return must(q::read_due(read(), {kReadsOrg, WebhookId{1}, {}, {}, kReadsBegin, limit, bytes}));
  }
  /// As if eleven minutes had passed.
  void age() { sql("UPDATE commits_seen SET at = at - interval '11 minutes'"); }
  /// Drops the notes of what is to be seen now.
  void keep_house_for_long() {
    sql("SELECT keep_house(now_ms())");
    age();
    sql("SELECT keep_house(now_ms())");
  }
  ReadPoint now() { return must(q::read_commits(read(), {})).seen; }
  static std::vector<std::uint64_t> numbers(const CommitPage& page) {
    std::vector<std::uint64_t> numbers;
    for (const CommitNote& note : page.notes) numbers.push_back(note.commit);
    return numbers;
  }

  const PartitionSet of_1 = PartitionSet{}.set(static_cast<std::size_t>(partition_of(WebhookId{1})));
  const PartitionSet of_2 = PartitionSet{}.set(static_cast<std::size_t>(partition_of(WebhookId{2})));
};

TEST_F(PostgresQueriesTest, a_read_says_what_it_saw_also_when_it_found_nothing) {
  const auto other = connect();
  ASSERT_TRUE(run(*other, {{"BEGIN", {}}, {"SELECT pg_current_xact_id()", {}}}));
  const auto open = static_cast<std::uint64_t>(query(*other, "SELECT pg_current_xact_id()")->integer(0, 0));
  const std::uint64_t done = note_ids(of_1, 1, 2);
  const DuePage page = due();
  EXPECT_TRUE(page.rows.empty());
  EXPECT_TRUE(page.seen.sees(done));
  EXPECT_FALSE(page.seen.sees(open));
  EXPECT_EQ(page.seen.in_progress, std::vector<std::uint64_t>{open});
  ASSERT_TRUE(query(*other, "COMMIT"));
  EXPECT_TRUE(due().seen.sees(open));
}

TEST_F(PostgresQueriesTest, pages_of_lanes_say_what_they_saw_also_where_there_are_none) {
  const std::uint64_t before = note_ids(of_1, 1, 2);
  const LanePage none = must(q::read_lanes(read(), all_partitions(), {}, 10));
  EXPECT_TRUE(none.lanes.empty() && none.done);
  EXPECT_TRUE(none.seen.sees(before));
  const std::uint64_t after = note_ids(of_1, 3, 4);
  EXPECT_FALSE(none.seen.sees(after));
  add(0, 4, DeliveryState::kPending);
  const LanePage some = must(q::read_lanes(read(), all_partitions(), {}, 10));
  EXPECT_EQ(some.lanes.size(), 2u);
  EXPECT_TRUE(some.seen.sees(after));
}

TEST_F(PostgresQueriesTest, due_rows_come_with_what_they_saw_and_payloads_up_to_the_bytes) {
  add(0, 20, DeliveryState::kPending);
  const std::uint64_t done = note_ids(of_1, 1, 2);
  const DuePage page = due(4, 16);
  ASSERT_EQ(page.rows.size(), 4u);
  EXPECT_TRUE(page.seen.sees(done));
  EXPECT_EQ(page.rows[0].commit, 0u);
  EXPECT_TRUE(page.rows[0].message && page.rows[1].message) << "7 bytes each";
  EXPECT_FALSE(page.rows[2].message);
  EXPECT_NE(page.rows[0].message->body.find(R"("data":{"i":0}})"), std::string::npos);
  EXPECT_EQ(page.next_sort_at, from_unix_ms(8));
}

TEST_F(PostgresQueriesTest, a_commit_of_a_lower_number_that_ends_later_is_found) {
  const auto slow = connect();
  ASSERT_TRUE(query(*slow, "BEGIN"));
  const std::string text = note_sql(of_2, "1, 2, NULL");
  auto noted = run(*slow, {{text.c_str(), {}, true}});
  ASSERT_TRUE(noted);
  const auto low = static_cast<std::uint64_t>(noted->front().integer(0, 0));
  const ReadPoint begin = now();
  const std::uint64_t high = note_ids(of_1, 3, 4);
  const CommitPage before = must(q::read_commits(read(), begin));
  EXPECT_GT(high, low);
  EXPECT_EQ(numbers(before), std::vector<std::uint64_t>{high});
  EXPECT_EQ(before.notes.at(0).partitions, of_1);
  ASSERT_TRUE(query(*slow, "COMMIT"));
  const CommitPage after = must(q::read_commits(read(), before.seen));
  EXPECT_EQ(numbers(after), std::vector<std::uint64_t>{low});
  EXPECT_EQ(after.notes.at(0).partitions, of_2);
  EXPECT_TRUE(must(q::read_commits(read(), after.seen)).notes.empty());
}

TEST_F(PostgresQueriesTest, notes_that_were_dropped_or_are_too_many_are_an_overflow) {
  const ReadPoint begin = now();
  EXPECT_FALSE(must(q::read_commits(read(), begin)).overflow);
  sql("INSERT INTO commits SELECT (" + std::to_string(begin.xmin) +
      " + i)::text::xid8, '\\x00' FROM generate_series(1::bigint, " + std::to_string(kCommitNotesMax + 1) + ") i");
  EXPECT_TRUE(must(q::read_commits(read(), begin)).overflow);
  sql("DELETE FROM commits");
  EXPECT_FALSE(must(q::read_commits(read(), begin)).overflow);
  note_ids(of_1, 1, 2);
  keep_house_for_long();
  EXPECT_TRUE(must(q::read_commits(read(), begin)).overflow);
  EXPECT_FALSE(must(q::read_commits(read(), now())).overflow);
}

TEST_F(PostgresQueriesTest, a_note_that_was_made_long_before_it_could_be_seen_is_found_or_missed_by_an_overflow) {
  const auto slow = connect();
  ASSERT_TRUE(query(*slow, "BEGIN"));
  const std::string text = note_sql(of_2, "1, 2, NULL");
  auto noted = run(*slow, {{text.c_str(), {}, true}});
  ASSERT_TRUE(noted);
  const auto low = static_cast<std::uint64_t>(noted->front().integer(0, 0));
  keep_house_for_long();
  age();
  const ReadPoint begin = now();
  ASSERT_TRUE(query(*slow, "COMMIT"));
  sql("SELECT keep_house(now_ms())");
  EXPECT_EQ(numbers(must(q::read_commits(read(), begin))), std::vector<std::uint64_t>{low});
  age();
  sql("SELECT keep_house(now_ms())");
  EXPECT_TRUE(must(q::read_commits(read(), begin)).overflow) << "though nothing of a higher number was dropped";
}

TEST_F(PostgresQueriesTest, who_may_have_looked_while_a_day_was_retired_reads_everything_anew) {
  const ReadPoint begin = now();
  sql("UPDATE commits_dropped SET moved = pg_current_xact_id()");
  EXPECT_TRUE(must(q::read_commits(read(), begin)).overflow);
  EXPECT_FALSE(must(q::read_commits(read(), now())).overflow);
}

TEST_F(PostgresQueriesTest, a_transaction_that_stays_open_in_another_database_makes_no_overflow) {
  const auto other = try_connect({server.make_database(), "test"}).value();
  ASSERT_TRUE(query(*other, "BEGIN"));
  const auto open = static_cast<std::uint64_t>(query(*other, "SELECT pg_current_xact_id()")->integer(0, 0));
  const ReadPoint begin = now();
  ASSERT_EQ(begin.xmin, open);
  server.sql(url, "DO $$ BEGIN FOR i IN 1.." + std::to_string(kCommitNotesMax + 1) +
                      " LOOP INSERT INTO eventrelay.commits VALUES (pg_current_xact_id(), '\\x00'); COMMIT;"
                      " END LOOP; END $$");
  const CommitPage many = must(q::read_commits(read(), begin));
  EXPECT_TRUE(many.overflow);
  EXPECT_EQ(many.seen.xmin, open);
  const std::uint64_t next = note_ids(of_1, 1, 2);
  const CommitPage page = must(q::read_commits(read(), many.seen));
  EXPECT_FALSE(page.overflow) << "all but one were seen";
  EXPECT_EQ(numbers(page), std::vector<std::uint64_t>{next});

  keep_house_for_long();
  EXPECT_EQ(sql("SELECT count(*) FROM commits"), "0");
  EXPECT_EQ(now().xmin, open);
  EXPECT_FALSE(must(q::read_commits(read(), page.seen)).overflow) << "what was dropped was seen";
  EXPECT_TRUE(must(q::read_commits(read(), many.seen)).overflow);
  ASSERT_TRUE(query(*other, "COMMIT"));
}

TEST_F(PostgresQueriesTest, news_are_what_the_commits_left_of_the_partitions) {
  add(0, 4, DeliveryState::kPending);  // of webhooks 1 and 2 in turn
  add(1, 2, DeliveryState::kCancelled);
  add(2, 2, DeliveryState::kSucceeded);
  const std::uint64_t made = note_ids(of_1 | of_2, id_at(0), id_at(0, 2) + 1);
  const std::uint64_t changed =
      note_changed(of_1 | of_2, {id_at(0, 2) + 1, id_at(1) + 1, id_at(1, 1) + 1, id_at(2) + 1});
  sql("UPDATE organizations SET version = 9 WHERE id = 1");
  const CommitNews out = must(q::read_news(read(), {made, changed}, of_1));
  EXPECT_TRUE(out.overflow.none());
  ASSERT_EQ(out.news.pending.size(), 3u);
  const auto expect = [&](std::size_t i, std::int64_t id, std::uint64_t commit) {
    EXPECT_EQ(out.news.pending[i].id.value, id);
    EXPECT_EQ(out.news.pending[i].commit, commit);
    EXPECT_TRUE(out.news.pending[i].message);
  };
  expect(0, id_at(0) + 1, made);
  expect(1, id_at(0, 2) + 1, made);
  expect(2, id_at(0, 2) + 1, changed);
  ASSERT_EQ(out.news.cancelled.size(), 1u);
  EXPECT_EQ(out.news.cancelled[0].id.value, id_at(1) + 1);
  EXPECT_EQ(out.news.cancelled[0].webhook, WebhookId{1});
  ASSERT_EQ(out.news.catalog.size(), 1u);
  EXPECT_EQ(out.news.catalog[0].organization, kReadsOrg);
  EXPECT_EQ(out.news.catalog[0].version, 9u);
}

TEST_F(PostgresQueriesTest, news_mark_the_deliveries_of_tests_that_were_just_made) {
  add(0, 8, DeliveryState::kPending);  // of types a and b in turn
  sql("UPDATE event_types SET name = 'webhook.test' WHERE name = 'a'");
  const auto id = [](std::int64_t n) { return std::to_string(id_at(0, n) + 1); };
  sql("UPDATE deliveries SET attempts = 1 WHERE id = " + id(2) + "; UPDATE deliveries SET manual = true WHERE id = " +
      id(4) + "; UPDATE deliveries SET replay_of = 1 WHERE id = " + id(6));
  const std::uint64_t commit = note_ids(of_1 | of_2, id_at(0), id_at(0, 7) + 1);
  std::vector<bool> marks;
  for (const auto& row : must(q::read_news(read(), {commit}, of_1 | of_2)).news.pending) marks.push_back(row.is_test);
  EXPECT_EQ(marks, (std::vector<bool>{true, false, false, false, false, false, false, false}));
}

TEST_F(PostgresQueriesTest, news_past_the_rows_name_the_partitions_to_read_anew) {
  add(0, 1'000, DeliveryState::kPending);
  add(1, 600, DeliveryState::kPending);
  const std::uint64_t one = note_ids(of_1, id_at(0), id_at(0, 999) + 1);
  const std::uint64_t two = note_ids(of_2, id_at(1), id_at(1, 599) + 1);
  const CommitNews whole = must(q::read_news(read(), {one, two}, of_1 | of_2));
  EXPECT_EQ(whole.news.pending.size(), 1'000u);
  EXPECT_EQ(whole.overflow, of_2);
  EXPECT_TRUE(must(q::read_news(read(), {one, two}, of_2)).overflow.none()) << "800 rows";
}

TEST_F(PostgresQueriesTest, payloads_past_the_bytes_are_left_out) {
  add(0, 3, DeliveryState::kPending);
  sql("UPDATE events SET payload = '\"' || repeat('x', 3000000) || '\"'");
  const std::uint64_t commit = note_ids(of_1 | of_2, id_at(0), id_at(0, 2) + 1);
  const auto pending = must(q::read_news(read(), {commit}, of_1 | of_2)).news.pending;
  ASSERT_EQ(pending.size(), 3u);
  EXPECT_TRUE(pending[0].message);
  EXPECT_FALSE(pending[1].message);
}

TEST_F(PostgresQueriesTest, a_commit_whose_note_is_gone_may_have_touched_any_partition) {
  const std::uint64_t commit = note_ids(of_1, 1, 2);
  EXPECT_TRUE(must(q::read_news(read(), {commit}, of_1 | of_2)).overflow.none());
  sql("DELETE FROM commits");
  EXPECT_EQ(must(q::read_news(read(), {commit}, of_1 | of_2)).overflow, of_1 | of_2);
}

TEST_F(PostgresQueriesTest, open_jobs_are_news_of_partition_0) {
  sql("INSERT INTO jobs (id, organization_id, kind, state, filter, position, bound, total, rate)"
      " VALUES (5, 1, 0, 0, '{}', 0, 0, 0, 0), (6, 1, 0, 2, '{}', 0, 0, 0, 0)");
  EXPECT_TRUE(must(q::read_news(read(), {}, PartitionSet{}.set(1))).news.jobs.empty());
  EXPECT_EQ(must(q::read_news(read(), {}, PartitionSet{}.set(0))).news.jobs, std::vector<JobId>{JobId{5}});
}

TEST_F(PostgresQueriesTest, catalog_changes_are_those_after_the_versions) {
  sql("UPDATE webhooks SET deleted = true WHERE id = 1; INSERT INTO api_keys VALUES (7, 1, 'k', 0, '\\x01', 'hint',"
      " true, 2); INSERT INTO organizations VALUES (2, 'other', 0)");
  const auto all = must(q::read_catalog_changes(read(), {}));
  ASSERT_EQ(all.webhooks.size(), 2u);
  EXPECT_TRUE(all.webhooks[0]->deleted);
  EXPECT_EQ(all.webhooks[0]->version, 1u);
  ASSERT_EQ(all.keys.size(), 1u);
  EXPECT_TRUE(all.keys[0].deleted);
  ASSERT_EQ(all.versions.size(), 1u) << "the other organization's is 0";
  EXPECT_EQ(all.versions[0].version, 2u);
  const auto some = must(q::read_catalog_changes(read(), {{kReadsOrg, 1}, {OrganizationId{3}, 4}}));
  ASSERT_EQ(some.webhooks.size(), 1u);
  EXPECT_EQ(some.webhooks[0]->id, WebhookId{2});
  EXPECT_EQ(some.versions.size(), 2u);
}

TEST_F(PostgresQueriesTest, a_read_past_its_deadline_is_a_timeout) {
  const PgRead late{*connection, steady_clock::now() + milliseconds(50)};
  ASSERT_TRUE(query(*connection, "SELECT 1"));
  const auto locker = connect();
  ASSERT_TRUE(run(*locker, {{"BEGIN", {}}, {"LOCK TABLE jobs", {}}}));
  EXPECT_EQ(loop.wait(q::get_job(late, kReadsOrg, JobId{1})).error().code, ErrorCode::kTimeout);
}

TEST_F(PostgresQueriesTest, a_statement_that_the_server_cancels_is_a_timeout) {
  ASSERT_TRUE(query(*connection, "SET statement_timeout = 50"));
  const auto locker = connect();
  ASSERT_TRUE(run(*locker, {{"BEGIN", {}}, {"LOCK TABLE jobs", {}}}));
  EXPECT_EQ(loop.wait(q::list_jobs(read(), kReadsOrg, {0, 5})).error().code, ErrorCode::kTimeout);
  ASSERT_TRUE(query(*locker, "COMMIT"));
  EXPECT_EQ(loop.wait(q::get_job(read(), kReadsOrg, JobId{1})).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace eventrelay::test
