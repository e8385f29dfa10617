// What processes tell each other through PostgreSQL: two stores with one database.
#include <gtest/gtest.h>

#include "storage/postgres_blocking.h"
#include "storage/postgres_store.h"
#include "tests/storage/store_suite.h"
#include "tests/support/postgres_server.h"

namespace eventrelay::test {
namespace {

using ActivityQuestion = SharedActivity::Question;
using ActivityAnswer = SharedActivity::Answer;

struct Teller {
  Teller(TestLoop& on, const std::string& url) : loop(on) {
    PostgresOptions options;
    options.url = url;
    options.name = "test";
    store = PostgresStore::open(options, hand_over, metrics).value();
  }
  ActivityAnswer ask(ActivityQuestion question) {
    return loop
        .wait<Result<ActivityAnswer>>(
            [&](auto done) { store->exchange(loop.loop(), std::move(question), std::move(done)); })
        .value();
  }
  void watch(OrganizationId organization = kOrg) { ask({{organization}, {}, {}}); }
  void add(const std::vector<std::string>& data, OrganizationId organization = kOrg) {
    std::vector<ActivityRecord> records;
    for (const std::string& one : data) records.push_back({"event.created", one});
    ask({{}, {{organization, records}}, {}});
  }
  /// As it is done once a minute.
  void keep_house() {
    const auto done = loop.wait<Result<ChangeResult>>(
        [&](auto answer) { store->change(loop.loop(), ExpireKeys{from_unix_ms(0)}, std::move(answer)); });
    ASSERT_TRUE(done);
  }
  /// What came after that place.
  std::vector<std::string> after(ActivityPlace place, OrganizationId organization = kOrg) {
    std::vector<std::string> data;
    const ActivityAnswer answer = ask({{}, {}, {{organization, place}}});
    for (const auto& [id, batch] : answer.batches) {
      EXPECT_EQ(id, organization);
      for (const ActivityRecord& record : batch.records) data.push_back(record.data);
    }
    return data;
  }
  std::optional<SharedActivity::Watched> watched(OrganizationId organization = kOrg) {
    for (const auto& one : ask({}).watched)
      if (one.organization == organization) return one;
    return std::nullopt;
  }

  TestLoop& loop;
  RecordingHandOver hand_over;
  Metrics metrics;
  std::unique_ptr<PostgresStore> store;
};

struct PostgresActivity : ::testing::Test {
  std::string url = PostgresServer::shared().make_database();
  TestLoop loop;
  Teller one{loop, url};
  Teller two{loop, url};
  PgBlocking admin{url, "test"};

  void sql(const std::string& text) { admin.run("SET search_path TO eventrelay; " + text); }

  using Data = std::vector<std::string>;
};

TEST_F(PostgresActivity, what_nobody_watches_is_not_kept) {
  one.add({"{}"});
  EXPECT_EQ(one.watched(), std::nullopt);
  one.watch();
  EXPECT_EQ(two.watched().value().last.number, 0);
  EXPECT_EQ(two.after({}), Data{});
}

TEST_F(PostgresActivity, what_one_adds_the_other_reads_with_the_same_numbers) {
  one.watch();
  one.add({R"({"a":1})", R"({"a":"\t\\n"})"});
  two.add({R"({"a":3})"});
  const ActivityAnswer answer = two.ask({{}, {}, {{kOrg, {}}}});
  ASSERT_EQ(answer.batches.size(), 2U);
  const auto& [first, second] = std::pair(answer.batches[0].second, answer.batches[1].second);
  EXPECT_EQ(first.first.number, 1);
  EXPECT_EQ(first.records.size(), 2U);
  EXPECT_EQ(first.records[0].kind, "event.created");
  EXPECT_EQ(first.records[1].data, R"({"a":"\t\\n"})");
  EXPECT_EQ(second.first, (ActivityPlace{first.first.epoch, 3}));
  EXPECT_EQ(one.after(second.first), Data{});
  EXPECT_EQ(one.after({first.first.epoch, 2}), Data{R"({"a":3})"});
  EXPECT_EQ(one.watched().value().last, second.first);
}

TEST_F(PostgresActivity, organizations_have_numbers_of_their_own) {
  const OrganizationId other{2};
  one.watch();
  one.watch(other);
  one.add({"{}", "{}"});
  one.add({R"({"b":1})"}, other);
  EXPECT_EQ(one.after({}, other), Data{R"({"b":1})"});
  EXPECT_EQ(one.watched(other).value().last.number, 1);
  EXPECT_NE(one.watched(other).value().last.epoch, one.watched().value().last.epoch);
}

TEST_F(PostgresActivity, to_say_again_that_somebody_watches_changes_no_epoch) {
  one.watch();
  const auto before = one.watched().value();
  one.add({"{}"});
  two.watch();
  EXPECT_EQ(one.watched().value().last, (ActivityPlace{before.last.epoch, 1}));
  EXPECT_GE(one.watched().value().watched_for, before.watched_for);
}

TEST_F(PostgresActivity, after_a_time_without_anybody_a_new_epoch_begins) {
  one.watch();
  one.add({"{}"});
  const auto before = one.watched().value();
  sql("UPDATE activity_watched SET until = clock_timestamp() - interval '1 second', since = since - interval '9 h'");
  EXPECT_EQ(one.watched(), std::nullopt);
  one.add({"{}"});
  two.watch();
  const auto now = one.watched().value();
  EXPECT_NE(now.last.epoch, before.last.epoch);
  EXPECT_LT(now.watched_for, milliseconds(60'000));
  EXPECT_EQ(two.after(before.last), Data{}) << "what was of the epoch before";
}

TEST_F(PostgresActivity, what_is_old_or_past_the_number_kept_goes) {
  one.watch();
  one.add({R"({"old":1})"});
  sql("UPDATE activity SET at = at - interval '6 minutes'");
  EXPECT_EQ(two.after({}), Data{});
  const Data many(1'000, "{}");
  for (int i = 0; i < 200; ++i) one.add(many);
  const auto rows = admin.number("SELECT count(*) FROM activity WHERE number + records > 1");
  EXPECT_GE(rows, 5);
  EXPECT_LT(rows, 200) << "now and then what is past it is deleted";
}

TEST_F(PostgresActivity, what_nobody_watches_any_more_goes) {
  const OrganizationId other{2};
  one.watch();
  one.add({"{}"});
  sql("UPDATE activity_watched SET until = clock_timestamp() - interval '1 second'");
  one.watch(other);
  one.add({"{}"}, other);
  two.keep_house();
  EXPECT_EQ(admin.number("SELECT count(*) FROM activity"), 1);
  EXPECT_EQ(one.after({}, other), Data{"{}"});
}

TEST_F(PostgresActivity, both_add_at_once_and_no_reader_misses_any) {
  one.watch();
  Data seen;
  ActivityPlace place;
  int open = 0;
  for (int round = 0; round < 50; ++round) {
    for (Teller* teller : {&one, &two}) {
      open += 1;
      teller->store->exchange(loop.loop(), {{}, {{kOrg, {{"event.created", "{}"}, {"event.created", "{}"}}}}, {}},
                              [&open](const Result<ActivityAnswer>& answer) {
                                EXPECT_TRUE(answer);
                                open -= 1;
                              });
    }
    const ActivityAnswer answer = one.ask({{}, {}, {{kOrg, place}}});
    for (const auto& [id, batch] : answer.batches) {
      if (place.number != 0) {
        EXPECT_EQ(batch.first.number, place.number + 1);
      }
      place = {batch.first.epoch, batch.first.number + static_cast<std::int64_t>(batch.records.size()) - 1};
    }
  }
  loop.run_until([&] { return open == 0; });
  EXPECT_EQ(place.number + static_cast<std::int64_t>(one.after(place).size()), 200);
}

}  // namespace
}  // namespace eventrelay::test
