// The parts of one loop together: what each kind of news does.
#include "engine/engine.h"

#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct EngineTest : DispatcherFixture {
  void begin(Catalog from) {
    EngineOptions engine_options;
    engine_options.dispatcher = options;
    engine = std::make_unique<Engine>(engine_options, loop, store, transport, metrics);
    engine->start(from);
    store.lane_reads.answer(LanePage{{}, true});
    time.run_ready();
  }
  void tell(News news) {
    engine->on_news(std::move(news));
    time.run_ready();
  }
  std::unique_ptr<Engine> engine;
};

TEST_F(EngineTest, knows_the_webhooks_and_keys_of_the_catalog) {
  Catalog from;
  from.webhooks = {webhook_of(1)};
  ApiKey key;
  key.hash = sha256("secret");
  from.keys = {key};
  begin(from);
  EXPECT_TRUE(engine->catalog().webhooks().find(WebhookId{1}));
  EXPECT_TRUE(engine->catalog().find_key("secret"));
  EXPECT_FALSE(engine->catalog().find_key("other"));
}

TEST_F(EngineTest, news_of_one_commit_makes_a_webhook_and_sends_to_it) {
  begin({});
  News news;
  news.webhooks = {webhook_of(1)};
  news.pending = {delivery(1)};
  tell(std::move(news));
  EXPECT_EQ(transport.bodies, std::vector<std::string>{"1"});
}

TEST_F(EngineTest, what_one_commit_opens_and_cancels_is_not_sent) {
  Catalog from;
  from.webhooks = {webhook_of(1)};
  begin(from);
  News news;
  news.pending = {delivery(1)};
  news.cancelled = {{WebhookId{1}, DeliveryId{1}}};
  tell(std::move(news));
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(EngineTest, a_deletion_in_the_commit_of_an_event_sends_nothing) {
  Catalog from;
  from.webhooks = {webhook_of(1)};
  begin(from);
  News news;
  auto deleted = webhook_of(1);
  deleted->deleted = true;
  news.webhooks = {deleted};
  news.pending = {delivery(1)};
  tell(std::move(news));
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(EngineTest, keys_come_and_go) {
  begin({});
  KeyChange change;
  change.key.hash = sha256("secret");
  News made;
  made.keys = {change};
  tell(std::move(made));
  EXPECT_TRUE(engine->catalog().find_key("secret"));
  change.deleted = true;
  News gone;
  gone.keys = {change};
  tell(std::move(gone));
  EXPECT_FALSE(engine->catalog().find_key("secret"));
}

TEST_F(EngineTest, new_jobs_are_read_and_begun) {
  begin({});
  News news;
  news.jobs = {JobId{3}};
  tell(std::move(news));
  EXPECT_EQ(store.job_reads.size(), 1u);
}

TEST_F(EngineTest, time_the_store_has_seen_counts_after_a_restart_with_the_clock_set_back) {
  Catalog from;
  from.webhooks = {webhook_of(1)};
  from.at = loop.wall_now() + 1h;
  begin(from);
  News news;
  news.pending = {delivery(1, 1h)};
  tell(std::move(news));
  EXPECT_EQ(transport.bodies.size(), 1u);
}

TEST_F(EngineTest, a_commits_time_has_come_for_what_it_opened) {
  Catalog from;
  from.webhooks = {webhook_of(1)};
  begin(from);
  News news;
  news.at = loop.wall_now() + 10min;
  news.pending = {delivery(1, 10min)};
  tell(std::move(news));
  EXPECT_EQ(transport.bodies.size(), 1u);
}

TEST_F(EngineTest, one_of_several_processes_begins_with_no_partition_and_runs_jobs_with_the_first) {
  EngineOptions engine_options;
  engine_options.shared_store = true;
  Catalog from;
  from.webhooks = {webhook_of(1)};
  from.open_jobs = {{JobId{3}, 0}};
  engine = std::make_unique<Engine>(engine_options, loop, store, transport, metrics);
  engine->start(from);
  EXPECT_TRUE(store.lane_reads.empty());
  News news;
  news.commit = 11;
  news.pending = {delivery(1)};
  tell(news);
  EXPECT_TRUE(transport.bodies.empty());
  PartitionSet some = PartitionSet{}.set(static_cast<std::size_t>(partition_of(WebhookId{1})));
  ASSERT_FALSE(some.test(0));
  engine->own(some, {});
  EXPECT_TRUE(store.job_reads.empty());
  engine->own(PartitionSet{}.set(0), {});
  EXPECT_EQ(store.job_reads.size(), 1u);
  EXPECT_TRUE(store.changes.empty());
  store.job_reads.answer(std::vector<JobSummary>{{JobId{3}, 0}});
  engine->disown(PartitionSet{}.set(0));
  time.run_for(10s);
  EXPECT_TRUE(store.changes.empty());
}

TEST_F(EngineTest, a_drain_stops_jobs_too) {
  Catalog from;
  from.open_jobs = {{JobId{3}, 0}};
  begin(from);
  bool drained = false;
  engine->drain([&] { drained = true; });
  store.changes.answer(ChangeResult{.job_state = JobState::kRunning});
  time.run_for(1min);
  EXPECT_TRUE(drained);
  EXPECT_TRUE(store.changes.empty());
}

}  // namespace
}  // namespace eventrelay
