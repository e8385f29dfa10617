// From the feed and the commit log to the lanes, each commit's part of a partition once.
#include "engine/follower.h"

#include "tests/engine/engine_fixture.h"
#include "tests/engine/fake_feed.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

using Bodies = std::vector<std::string>;
using Commits = std::vector<std::uint64_t>;

PartitionSet part(std::int64_t webhook) {
  return PartitionSet{}.set(static_cast<std::size_t>(partition_of(WebhookId{webhook})));
}

struct FollowerTest : DispatcherFixture {
  FollowerTest() {
    EngineOptions engine_options;
    engine_options.shared_store = true;
    engine = std::make_unique<Engine>(engine_options, loop, store, transport, metrics);
    Catalog known;
    known.webhooks = {webhook_of(1), webhook_of(2)};
    engine->start(known);
    engine->own(all_partitions(), {});
    store.lane_reads.answer(LanePage{{}, true, {}});
    time.run_ready();
  }
  /// Follows everything from here on.
  void begin(bool with_feed = true) {
    follower = std::make_unique<Follower>(loop, log, with_feed ? &feed : nullptr,
                                          std::vector<LoopEngine>{{&loop, engine.get()}}, engine->catalog(),
                                          [this](std::uint64_t commit, PartitionSet partitions) {
                                            const PartitionSet ours = partitions & ~claimed[commit];
                                            claimed[commit] |= ours;
                                            return ours;
                                          });
    follower->start();
    follower->follow(all_partitions(), [this] { noted += 1; });
    feed.note();
    answer_page({});
    log.catalogs.answer(Result<void>{});
    time.run_ready();
    ASSERT_EQ(noted, 1);
  }
  void answer_page(std::vector<CommitNote> notes, bool overflow = false) {
    ASSERT_FALSE(log.pages.empty());
    log.pages.answer(CommitPage{ReadPoint{++point, point, {}}, std::move(notes), overflow});
    time.run_ready();
  }
  void answer_news(std::vector<PendingDelivery> pending) {
    ASSERT_FALSE(log.news.empty());
    CommitNews news;
    news.news.pending = std::move(pending);
    log.news.answer(std::move(news));
    time.run_ready();
  }
  PendingDelivery row(std::int64_t id, std::uint64_t commit, std::int64_t webhook = 1) {
    PendingDelivery made = delivery(id, 0ms, webhook);
    made.commit = commit;
    return made;
  }
  Arrival arrival(std::int64_t id, std::uint64_t commit, std::int64_t webhook = 1) {
    Arrival made;
    made.partition = partition_of(WebhookId{webhook});
    made.news.commit = commit;
    made.news.pending = {delivery(id, 0ms, webhook)};
    return made;
  }
  void arrive(Arrival made) {
    feed.sink(std::move(made));
    time.run_ready();
  }
  bool rescanned() {
    const bool did = !store.lane_reads.empty();
    if (did) store.lane_reads.answer(LanePage{{}, true, {}});
    time.run_ready();
    return did;
  }

  std::unique_ptr<Engine> engine;
  FakeFeed feed;
  FakeCommitLog log;
  std::map<std::uint64_t, PartitionSet> claimed;
  std::unique_ptr<Follower> follower;
  int noted = 0;
  std::uint64_t point = 100;
};

// ---- Following -----------------------------------------------------------------------------------------------------

TEST_F(FollowerTest, partitions_are_followed_once_the_feed_the_log_and_the_catalog_are_there) {
  follower = std::make_unique<Follower>(loop, log, &feed, std::vector<LoopEngine>{{&loop, engine.get()}},
                                        engine->catalog(), [](std::uint64_t, PartitionSet all) { return all; });
  follower->start();
  follower->follow(part(1), [this] { noted += 1; });
  EXPECT_EQ(feed.followed, part(1));
  EXPECT_FALSE(log.pages.front().is_numbered());
  log.pages.fail(ErrorCode::kUnavailable);
  time.run_for(200ms);
  feed.note();
  EXPECT_TRUE(log.catalogs.empty());
  answer_page({{5, part(1)}});  // before it began
  ASSERT_EQ(log.catalogs.size(), 1u);
  EXPECT_TRUE(log.catalogs.front().empty());
  log.catalogs.fail(ErrorCode::kUnavailable);
  time.run_for(199ms);
  EXPECT_TRUE(log.catalogs.empty());
  time.run_for(1ms);
  EXPECT_EQ(noted, 0);
  log.catalogs.answer(Result<void>{});
  time.run_for(500ms);
  EXPECT_EQ(noted, 1);
  EXPECT_TRUE(log.news.empty());
  follower->follow({}, [this] { noted += 1; });
  time.run_ready();
  EXPECT_EQ(noted, 2);
  EXPECT_TRUE(feed.followed.none());
}

// ---- Arrivals ------------------------------------------------------------------------------------------------------

TEST_F(FollowerTest, what_arrives_is_sent_once) {
  begin();
  arrive(arrival(1, 11));
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  deliver();
  arrive(arrival(1, 11));
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(FollowerTest, what_arrives_for_partitions_that_are_not_followed_is_left_to_others) {
  begin();
  follower->follow(part(1), [] {});
  arrive(arrival(21, 11, 2));
  EXPECT_TRUE(transport.bodies.empty());
  EXPECT_TRUE(claimed[11].none());
}

TEST_F(FollowerTest, a_gap_is_read_at_once) {
  begin();
  Arrival gap = arrival(1, 11);
  gap.news.pending.clear();
  gap.is_gap = true;
  arrive(gap);
  ASSERT_EQ(log.news.size(), 1u);
  EXPECT_EQ(log.news.front().commits, (Commits{11}));
  EXPECT_EQ(log.news.front().partitions, part(1));
  answer_news({row(1, 11)});
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(FollowerTest, a_gap_of_which_nothing_is_known_reads_the_lanes_anew) {
  begin();
  Arrival gap = arrival(1, 0);
  gap.is_gap = true;
  arrive(gap);
  EXPECT_TRUE(rescanned());
}

// ---- The log -------------------------------------------------------------------------------------------------------

TEST_F(FollowerTest, the_log_is_read_each_second_from_where_it_was) {
  begin();
  time.run_for(999ms);
  EXPECT_TRUE(log.pages.empty());
  time.run_for(1ms);
  ASSERT_EQ(log.pages.size(), 1u);
  EXPECT_EQ(log.pages.front().xmin, point);
  time.run_for(5s);
  EXPECT_EQ(log.pages.size(), 1u);
}

TEST_F(FollowerTest, what_does_not_arrive_in_a_while_is_read_and_what_does_is_not) {
  begin();
  time.run_for(1s);
  answer_page({{11, part(1)}, {12, part(1) | part(2)}, {13, part(2)}});
  time.run_for(100ms);
  arrive(arrival(1, 11));
  time.run_for(149ms);
  EXPECT_TRUE(log.news.empty());
  time.run_for(1ms);
  ASSERT_EQ(log.news.size(), 1u);
  EXPECT_EQ(log.news.front().commits, (Commits{12, 13}));
  EXPECT_EQ(log.news.front().partitions, part(1) | part(2));
  answer_news({row(2, 12, 1), row(3, 12, 2), row(4, 13, 2)});
  EXPECT_EQ(std::set(transport.bodies.begin(), transport.bodies.end()), (std::set<std::string>{"1", "2", "3", "4"}));
  arrive(arrival(2, 12));  // too late
  EXPECT_EQ(transport.bodies.size(), 4u);
}

TEST_F(FollowerTest, what_was_brought_is_not_read_again_beside_what_was_not) {
  begin();
  time.run_for(1s);
  answer_page({{11, part(1) | part(2)}, {12, part(1) | part(2)}});
  arrive(arrival(1, 11, 1));
  arrive(arrival(2, 12, 2));
  time.run_for(250ms);
  ASSERT_EQ(log.news.size(), 2u);
  EXPECT_EQ(log.news.at(0).commits, (Commits{11}));
  EXPECT_EQ(log.news.at(0).partitions, part(2));
  EXPECT_EQ(log.news.at(1).commits, (Commits{12}));
  EXPECT_EQ(log.news.at(1).partitions, part(1));
}

TEST_F(FollowerTest, a_read_of_news_that_fails_is_made_again) {
  begin();
  time.run_for(1s);
  answer_page({{11, part(1)}});
  time.run_for(250ms);
  log.news.fail(ErrorCode::kTimeout);
  time.run_for(199ms);
  EXPECT_TRUE(log.news.empty());
  time.run_for(1ms);
  ASSERT_EQ(log.news.size(), 1u);
  answer_news({row(1, 11)});
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(FollowerTest, what_is_owed_in_a_partition_that_was_given_away_is_not_read) {
  begin();
  time.run_for(1s);
  answer_page({{11, part(1)}, {12, part(2)}});
  time.run_for(250ms);
  log.news.fail(ErrorCode::kTimeout);
  time.run_ready();
  follower->follow(part(2), [] {});
  time.run_for(200ms);
  ASSERT_EQ(log.news.size(), 1u);
  EXPECT_EQ(log.news.front().commits, (Commits{12}));
}

TEST_F(FollowerTest, what_was_given_away_while_its_read_failed_is_not_read_again) {
  begin();
  time.run_for(1s);
  answer_page({{11, part(1)}, {12, part(1) | part(2)}});
  time.run_for(250ms);
  follower->follow(part(2), [] {});
  log.news.fail(ErrorCode::kTimeout);
  time.run_for(200ms);
  ASSERT_EQ(log.news.size(), 1u);
  EXPECT_EQ(log.news.front().commits, (Commits{12}));
  EXPECT_EQ(log.news.front().partitions, part(2));
}

TEST_F(FollowerTest, without_a_feed_the_log_is_read_all_the_time_and_its_news_at_once) {
  begin(false);
  time.run_for(25ms);
  ASSERT_EQ(log.pages.size(), 1u);
  answer_page({{11, part(1)}});
  ASSERT_EQ(log.news.size(), 1u);
  answer_news({row(1, 11)});
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  time.run_for(25ms);
  EXPECT_EQ(log.pages.size(), 1u);
}

TEST_F(FollowerTest, a_feed_that_is_down_is_as_none) {
  begin();
  feed.up = false;
  time.run_for(275ms);
  answer_page({{11, part(1)}});
  EXPECT_EQ(log.news.size(), 1u);
  time.run_for(25ms);
  answer_page({});
  feed.up = true;
  time.run_for(25ms);
  answer_page({});
  time.run_for(974ms);
  EXPECT_TRUE(log.pages.empty());
}

TEST_F(FollowerTest, a_feed_that_did_not_bring_something_is_as_none_for_a_while) {
  begin();
  time.run_for(1s);
  answer_page({{11, part(1)}});
  time.run_for(250ms);
  answer_news({row(1, 11)});
  time.run_for(25ms);
  answer_page({{12, part(1)}});
  ASSERT_EQ(log.news.size(), 1u);  // at once
  answer_news({row(2, 12)});
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
  int reads = 0;
  for (const SteadyTime end = loop.now() + kFeedDoubted; loop.now() < end; time.run_for(25ms)) {
    if (log.pages.empty()) continue;
    answer_page({});
    ++reads;
  }
  EXPECT_GT(reads, 150);
  time.run_for(900ms);
  EXPECT_TRUE(log.pages.empty());  // it is trusted again
}

TEST_F(FollowerTest, a_feed_that_brings_all_is_not_doubted) {
  begin();
  time.run_for(1s);
  answer_page({{11, part(1)}});
  arrive(arrival(1, 11));
  time.run_for(999ms);
  EXPECT_TRUE(log.pages.empty());
}

TEST_F(FollowerTest, more_than_can_be_noted_or_read_reads_the_lanes_anew) {
  begin();
  time.run_for(1s);
  answer_page({}, true);
  EXPECT_TRUE(rescanned());
  time.run_for(1s);
  answer_page({{11, part(1) | part(2)}});
  time.run_for(250ms);
  CommitNews news;
  news.overflow = part(2);
  news.news.pending = {row(1, 11)};
  log.news.answer(std::move(news));
  time.run_ready();
  ASSERT_EQ(store.lane_reads.size(), 1u);
  EXPECT_EQ(store.lane_reads.front().partitions, part(2));
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

// ---- The catalog ---------------------------------------------------------------------------------------------------

TEST_F(FollowerTest, what_was_matched_with_a_newer_catalog_waits_for_it_and_what_comes_after_it_too) {
  begin();
  Arrival newer = arrival(1, 11);
  newer.news.catalog = {{kFirstOrganization, 9}};
  arrive(newer);
  arrive(arrival(2, 12));
  arrive(arrival(3, 13, 2));  // another partition
  EXPECT_EQ(transport.bodies, (Bodies{"3"}));
  ASSERT_EQ(log.catalogs.size(), 1u);
  EXPECT_EQ(log.catalogs.front().front().version, 9u);
  log.catalogs.fail(ErrorCode::kUnavailable);
  time.run_for(200ms);
  ASSERT_EQ(log.catalogs.size(), 1u);
  log.catalogs.answer(Result<void>{});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"3", "1", "2"}));
  arrive([&] {
    Arrival next = arrival(4, 14);
    next.news.catalog = {{kFirstOrganization, 9}};
    return next;
  }());
  EXPECT_EQ(transport.bodies.size(), 4u);
  EXPECT_TRUE(log.catalogs.empty());
}

TEST_F(FollowerTest, what_came_for_a_newer_catalog_still_while_it_was_read_reads_it_again) {
  begin();
  const auto matched_with = [&](std::uint64_t version, std::int64_t id) {
    Arrival made = arrival(id, 10 + version);
    made.news.catalog = {{kFirstOrganization, version}};
    return made;
  };
  arrive(matched_with(9, 1));
  arrive(matched_with(10, 2));
  log.catalogs.answer(Result<void>{});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  ASSERT_EQ(log.catalogs.size(), 1u);
  log.catalogs.answer(Result<void>{});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
}

TEST_F(FollowerTest, of_payloads_that_wait_for_the_catalog_only_so_many_are_kept) {
  begin();
  const auto large = [&](std::int64_t id, std::uint64_t version) {
    Arrival made = arrival(id, 10 + static_cast<std::uint64_t>(id));
    made.news.catalog = {{kFirstOrganization, version}};
    made.news.pending.front().message = message_of(EventId{id}, std::string(5 * 1024 * 1024, 'x'));
    return made;
  };
  arrive(large(1, 9));
  EXPECT_FALSE(rescanned());
  arrive(large(2, 9));
  EXPECT_TRUE(rescanned()) << "its payload is left in the store";
  log.catalogs.answer(Result<void>{});
  time.run_ready();
  EXPECT_EQ(transport.bodies.size(), 1u);
  arrive(large(3, 10));  // there is room again
  EXPECT_FALSE(rescanned());
}

TEST_F(FollowerTest, new_partitions_need_every_change_of_the_catalog) {
  begin();
  follower->follow(part(1), [] {});
  follower->follow(part(1) | part(2), [this] { noted += 1; });
  Arrival newer = arrival(1, 11);
  newer.news.catalog = {{kFirstOrganization, 9}};
  arrive(newer);
  ASSERT_EQ(log.catalogs.size(), 1u);
  feed.note();
  log.catalogs.fail(ErrorCode::kUnavailable);
  time.run_for(200ms);
  ASSERT_EQ(log.catalogs.size(), 1u);
  EXPECT_TRUE(log.catalogs.front().empty());
  log.catalogs.answer(Result<void>{});
  time.run_ready();
  EXPECT_EQ(noted, 2);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(FollowerTest, once_stopped_it_brings_nothing) {
  begin();
  follower->stop();
  arrive(arrival(1, 11));
  time.run_for(5s);
  EXPECT_TRUE(transport.bodies.empty());
  EXPECT_TRUE(log.pages.empty());
}

}  // namespace
}  // namespace eventrelay
