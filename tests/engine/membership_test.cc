// Workers on one store: who has which partitions through starts, drains, crashes, outages and hung loops.
#include "engine/membership.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "tests/engine/engine_fixture.h"
#include "tests/engine/fake_leases.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

/// A process with some loops.
struct Worker {
  Worker(VirtualTime& time, Leases& leases, std::size_t loops = 1) {
    for (std::size_t i = 0; i < loops; ++i) {
      loop.push_back(std::make_unique<ManualLoop>(time));
      transport.push_back(std::make_unique<FakeTransport>(*loop.back()));
      EngineOptions options;
      options.shared_store = true;
      options.dispatcher.loop_index = static_cast<int>(i);
      options.dispatcher.loop_count = static_cast<int>(loops);
      options.runs_jobs = i == 0;
      engine.push_back(std::make_unique<Engine>(options, *loop.back(), store, *transport.back(), metrics));
      Catalog catalog;
      catalog.webhooks = {webhook_of(1)};
      engine.back()->start(catalog);
      engines.push_back({loop.back().get(), engine.back().get()});
    }
    MembershipHooks hooks;
    hooks.follow = [this](const PartitionSet& set, std::function<void()> noted) {
      followed = set;
      if (follow_hangs) {
        waiting.push_back(std::move(noted));
      } else {
        loop.front()->post(std::move(noted));
      }
    };
    hooks.changed = [this](const PartitionSet& set) { shown = set; };
    membership = std::make_unique<Membership>(*loop.front(), leases, engines, hooks, metrics);
    loop.front()->post([this] { membership->start(); });
  }
  /// Killed: nothing of it runs any more.
  void crash() {
    for (auto& one : loop) one->end();
  }

  Metrics metrics;
  FakeStore store;
  std::vector<std::unique_ptr<ManualLoop>> loop;
  std::vector<std::unique_ptr<FakeTransport>> transport;
  std::vector<std::unique_ptr<Engine>> engine;
  std::vector<LoopEngine> engines;
  std::unique_ptr<Membership> membership;
  PartitionSet followed;
  PartitionSet shown;
  bool follow_hangs = false;
  std::vector<std::function<void()>> waiting;
};

struct MembershipTest : testing::Test {
  std::size_t count(const std::string& call) {
    return static_cast<std::size_t>(std::count(leases.calls.begin(), leases.calls.end(), call));
  }
  /// Has a delivery to webhook 1 under way in that worker.
  PendingDelivery send_one(Worker& worker) {
    PendingDelivery due{.id = DeliveryId{7},
                        .organization = kFirstOrganization,
                        .webhook = WebhookId{1},
                        .event = EventId{7},
                        .message = message_of(EventId{7}, "7"),
                        .commit = 11};
    News news;
    news.pending = {due};
    worker.store.lane_reads.answer(LanePage{{}, true, {}});
    time.run_ready();
    const std::size_t index = static_cast<std::size_t>(partition_of(WebhookId{1})) % worker.loop.size();
    worker.engine[index]->on_news(news);
    for (; !worker.store.due_reads.empty(); time.run_ready()) worker.store.due_reads.answer(DuePage{{due}, {}, {}});
    return due;
  }

  VirtualTime time;
  FakeLeases leases;
};

// ---- Shares --------------------------------------------------------------------------------------------------------

TEST_F(MembershipTest, one_alone_takes_everything_in_steps) {
  Worker alone(time, leases, 2);
  time.run_for(900ms);
  EXPECT_TRUE(alone.membership->joined());
  EXPECT_TRUE(alone.membership->owned().all());
  EXPECT_TRUE(alone.shown.all());
  EXPECT_TRUE(alone.followed.all());
  EXPECT_EQ(leases.claims, (std::vector<std::size_t>{64, 64, 64, 64}));
  EXPECT_EQ(alone.metrics.partitions_owned.Value(), 256);
  EXPECT_EQ(alone.store.lane_reads.size(), 8u);  // each loop, each step
  EXPECT_EQ(alone.store.job_reads.size(), 1u);
}

TEST_F(MembershipTest, a_newcomer_gets_its_share_and_nobody_works_on_what_another_does) {
  Worker first(time, leases);
  time.run_for(2s);
  Worker second(time, leases);
  for (int i = 0; i < 100; ++i) {
    time.run_for(100ms);
    EXPECT_TRUE((first.membership->owned() & second.membership->owned()).none());
  }
  EXPECT_EQ(first.membership->owned().count(), 128u);
  EXPECT_EQ(second.membership->owned().count(), 128u);
  EXPECT_EQ(second.shown, second.membership->owned());
  EXPECT_EQ(first.followed, first.membership->owned());
  const std::size_t releases = count("release");
  time.run_for(10s);
  EXPECT_EQ(count("release"), releases);
}

TEST_F(MembershipTest, engines_own_only_once_the_news_are_followed) {
  Worker worker(time, leases);
  worker.follow_hangs = true;
  time.run_for(900ms);
  EXPECT_EQ(leases.owned_by(1), 64u);
  EXPECT_EQ(worker.followed.count(), 64u);
  EXPECT_TRUE(worker.store.lane_reads.empty());
  EXPECT_TRUE(worker.shown.none());
  ASSERT_EQ(worker.waiting.size(), 1u);
  worker.follow_hangs = false;
  worker.waiting.front()();
  time.run_for(900ms);
  EXPECT_TRUE(worker.shown.all());
}

// ---- The lease -----------------------------------------------------------------------------------------------------

TEST_F(MembershipTest, a_worker_that_is_killed_is_fenced_after_a_period_and_its_partitions_are_taken) {
  Worker first(time, leases);
  Worker second(time, leases);
  time.run_for(10s);
  ASSERT_EQ(leases.owned_by(2), 128u);
  second.crash();
  time.run_for(5'900ms);
  EXPECT_EQ(count("fence"), 0u);
  time.run_for(2s);
  EXPECT_FALSE(leases.workers.contains(2));
  EXPECT_TRUE(first.membership->owned().all());
}

TEST_F(MembershipTest, an_outage_of_the_store_fences_nobody) {
  Worker first(time, leases);
  Worker second(time, leases);
  time.run_for(10s);
  leases.cut_off = {first.loop[0].get(), second.loop[0].get()};
  time.run_for(1min);
  leases.cut_off = {second.loop[0].get()};  // comes back a little later
  time.run_for(5s);
  leases.cut_off = {};
  time.run_for(10s);
  EXPECT_EQ(count("fence"), 0u);
  EXPECT_EQ(first.membership->owned().count(), 128u);
}

TEST_F(MembershipTest, reads_that_hang_count_as_an_outage_too) {
  Worker first(time, leases);
  Worker second(time, leases);
  time.run_for(10s);
  leases.cut_off = {second.loop[0].get()};
  time.run_for(2'500ms);
  leases.hanging = {first.loop[0].get()};
  time.run_for(4s);
  leases.hanging = {};
  leases.answer_hung();
  time.run_for(5s);
  EXPECT_EQ(count("fence"), 0u);
}

TEST_F(MembershipTest, a_read_that_failed_begins_the_observation_anew) {
  Worker first(time, leases);
  Worker second(time, leases);
  time.run_for(10s);
  second.crash();
  time.run_for(4s);
  leases.cut_off = {first.loop[0].get()};
  time.run_for(1s);
  leases.cut_off = {};
  time.run_for(5'900ms);
  EXPECT_EQ(count("fence"), 0u);
  time.run_for(3s);
  EXPECT_EQ(count("fence"), 1u);
}

TEST_F(MembershipTest, what_is_being_given_away_is_given_once_however_long_it_takes) {
  Worker first(time, leases);
  time.run_for(2s);
  leases.held_calls = {"release"};
  Worker second(time, leases);
  time.run_for(5s);
  EXPECT_EQ(count("release"), 1u);
  EXPECT_EQ(first.shown.count(), 192u);
  leases.let_go();
  time.run_for(5s);
  EXPECT_EQ(first.shown.count(), 128u);
  EXPECT_EQ(second.shown.count(), 128u);
}

TEST_F(MembershipTest, a_view_from_before_a_release_takes_nothing_back) {
  Worker first(time, leases);
  time.run_for(2s);
  leases.held_calls = {"release"};
  Worker second(time, leases);
  time.run_for(1'500ms);
  ASSERT_EQ(count("release"), 1u);
  leases.hanging = {first.loop[0].get()};
  time.run_for(1s);  // asks, and has not been answered
  ASSERT_EQ(leases.hung.size(), 1u);
  leases.hanging = {};
  const std::size_t scans = first.store.lane_reads.size();
  leases.let_go();
  time.run_ready();
  leases.answer_hung();
  time.run_ready();
  EXPECT_EQ(first.store.lane_reads.size(), scans);
  EXPECT_EQ(first.shown.count(), 192u);
  EXPECT_EQ(leases.owned_by(1), 192u);
}

TEST_F(MembershipTest, nothing_begins_when_the_lease_could_not_be_renewed_and_again_when_it_was) {
  Worker worker(time, leases);
  time.run_for(2s);
  for (; !worker.store.lane_reads.empty(); time.run_ready()) worker.store.lane_reads.answer(LanePage{{}, true, {}});
  leases.cut_off = {worker.loop[0].get()};
  time.run_for(4s);
  News news;
  news.pending = {PendingDelivery{.id = DeliveryId{7},
                                  .organization = kFirstOrganization,
                                  .webhook = WebhookId{1},
                                  .event = EventId{7},
                                  .message = message_of(EventId{7}, "7"),
                                  .commit = 11}};
  time.run_for(1s);
  worker.engine[0]->on_news(news);
  EXPECT_TRUE(worker.transport[0]->bodies.empty());
  leases.cut_off = {};
  time.run_for(1s);
  EXPECT_EQ(worker.transport[0]->bodies.size(), 1u);
}

TEST_F(MembershipTest, a_lease_that_has_lapsed_shows_as_no_partitions_until_it_is_renewed) {
  Worker worker(time, leases);
  time.run_for(2s);
  leases.cut_off = {worker.loop[0].get()};
  time.run_for(4s);
  EXPECT_EQ(worker.metrics.partitions_owned.Value(), 256);
  time.run_for(2s);
  EXPECT_EQ(worker.metrics.partitions_owned.Value(), 0);
  EXPECT_TRUE(worker.membership->owned().all());
  leases.cut_off = {};
  time.run_for(1s);
  EXPECT_EQ(worker.metrics.partitions_owned.Value(), 256);
}

TEST_F(MembershipTest, the_lease_counts_from_the_question_not_from_its_answer) {
  Worker worker(time, leases);
  time.run_for(2s);
  for (; !worker.store.lane_reads.empty(); time.run_ready()) worker.store.lane_reads.answer(LanePage{{}, true, {}});
  leases.hanging = {worker.loop[0].get()};
  time.run_for(1s);  // asked
  time.run_for(5s);
  leases.answer_hung();
  time.run_ready();
  News news;
  news.pending = {PendingDelivery{.id = DeliveryId{7},
                                  .organization = kFirstOrganization,
                                  .webhook = WebhookId{1},
                                  .event = EventId{7},
                                  .message = message_of(EventId{7}, "7"),
                                  .commit = 11}};
  worker.engine[0]->on_news(news);
  EXPECT_TRUE(worker.transport[0]->bodies.empty());
}

TEST_F(MembershipTest, a_loop_that_hangs_ends_the_renewals) {
  Worker worker(time, leases, 2);
  Worker other(time, leases);
  time.run_for(10s);
  ASSERT_EQ(leases.owned_by(1), 128u);
  worker.loop[1]->end();
  time.run_for(9s);
  EXPECT_FALSE(leases.workers.contains(1));
  EXPECT_TRUE(other.membership->owned().all());
}

TEST_F(MembershipTest, one_that_was_fenced_stops_at_once_and_joins_anew) {
  Worker worker(time, leases);
  time.run_for(2s);
  leases.remove(1);
  leases.claims.clear();
  time.run_for(1s);
  EXPECT_TRUE(leases.workers.contains(2));
  EXPECT_EQ(leases.claims.size(), 4u);
  EXPECT_EQ(leases.owned_by(2), 256u);
  EXPECT_TRUE(worker.shown.all());
}

TEST_F(MembershipTest, one_that_was_fenced_works_on_nothing_while_it_cannot_join) {
  Worker worker(time, leases);
  time.run_for(1'900ms);
  leases.remove(1);
  time.run_for(90ms);
  leases.calls.clear();
  worker.follow_hangs = true;
  time.run_for(100ms);
  EXPECT_TRUE(worker.shown.none());
  EXPECT_TRUE(worker.membership->owned().none());
}

TEST_F(MembershipTest, that_it_cannot_join_is_said_once) {
  std::ostringstream said;
  const auto former = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(said)));
  Worker worker(time, leases);
  leases.cut_off = {worker.loop[0].get()};
  time.run_for(5s);
  const std::string failed = said.str();
  leases.cut_off = {};
  time.run_for(5s);
  spdlog::set_default_logger(former);
  EXPECT_NE(failed.find("cannot join"), std::string::npos);
  EXPECT_EQ(std::count(failed.begin(), failed.end(), '\n'), 1) << failed;
  EXPECT_NE(said.str().find("has joined"), std::string::npos);
  EXPECT_TRUE(worker.membership->joined());
}

// ---- Hand-overs ----------------------------------------------------------------------------------------------------

TEST_F(MembershipTest, a_partition_is_given_away_with_what_is_under_way_in_it) {
  Worker first(time, leases);
  time.run_for(2s);
  for (; first.store.lane_reads.size() > 1; time.run_ready()) first.store.lane_reads.answer(LanePage{{}, true, {}});
  leases.store_ahead = 1h;
  time.run_for(1s);
  send_one(first);
  ASSERT_EQ(first.transport[0]->bodies.size(), 1u);
  bool drained = false;
  first.membership->drain([&] { drained = true; });
  time.run_for(1s);
  EXPECT_EQ(leases.owned_by(1), 0u);
  ASSERT_EQ(leases.handed.size(), 1u);
  EXPECT_EQ(leases.handed[0].delivery, DeliveryId{7});
  EXPECT_GT(leases.handed[0].until, first.loop[0]->wall_now() + 1h);
  EXPECT_FALSE(drained);
  Worker second(time, leases);
  time.run_for(1s);
  EXPECT_TRUE(second.membership->owned().all());
  for (; second.store.lane_reads.size() > 1; time.run_ready()) second.store.lane_reads.answer(LanePage{{}, true, {}});
  send_one(second);
  EXPECT_TRUE(second.transport[0]->bodies.empty());
  first.transport[0]->answer(answer_of(200));
  time.run_ready();
  ASSERT_EQ(first.store.finishes.size(), 1u);
  first.store.finishes.answer(FinishResult{DeliveryState::kSucceeded});
  time.run_for(1s);
  EXPECT_TRUE(drained);
  EXPECT_FALSE(leases.workers.contains(1));
}

TEST_F(MembershipTest, a_drain_during_an_outage_begins_nothing_and_goes_on_after_it) {
  Worker worker(time, leases);
  time.run_for(2s);
  leases.cut_off = {worker.loop[0].get()};
  bool drained = false;
  worker.membership->drain([&] { drained = true; });
  time.run_for(2s);
  EXPECT_TRUE(worker.shown.none());
  EXPECT_FALSE(drained);
  leases.cut_off = {};
  leases.calls.clear();
  time.run_for(2s);
  EXPECT_TRUE(drained);
  EXPECT_EQ(leases.calls, (std::vector<std::string>{"renew", "drain", "release", "renew", "leave"}));
  EXPECT_TRUE(leases.workers.empty());
  time.run_for(5s);
  EXPECT_EQ(leases.calls.back(), "leave");
}

TEST_F(MembershipTest, a_drain_during_an_outage_without_an_end_waits_for_what_is_under_way_alone) {
  Worker idle(time, leases);
  time.run_for(2s);
  leases.cut_off = {idle.loop[0].get()};
  bool drained = false;
  idle.membership->drain([&] { drained = true; });
  time.run_for(kGiveAwayTime + 1s);
  EXPECT_TRUE(drained);

  leases.cut_off = {};
  Worker busy(time, leases);
  time.run_for(kLeasePeriod + 2s);
  for (; busy.store.lane_reads.size() > 1; time.run_ready()) busy.store.lane_reads.answer(LanePage{{}, true, {}});
  send_one(busy);
  ASSERT_EQ(busy.transport[0]->bodies.size(), 1u);
  leases.cut_off = {busy.loop[0].get()};
  drained = false;
  busy.membership->drain([&] { drained = true; });
  time.run_for(10s);
  EXPECT_FALSE(drained);
  busy.transport[0]->answer(answer_of(200));
  time.run_ready();
  busy.store.finishes.answer(FinishResult{DeliveryState::kSucceeded});
  time.run_for(1s);
  EXPECT_TRUE(drained);
}

TEST_F(MembershipTest, a_drain_gives_away_after_a_long_outage_what_is_under_way_still) {
  Worker worker(time, leases);
  time.run_for(2s);
  for (; worker.store.lane_reads.size() > 1; time.run_ready()) worker.store.lane_reads.answer(LanePage{{}, true, {}});
  send_one(worker);
  leases.cut_off = {worker.loop[0].get()};
  bool drained = false;
  worker.membership->drain([&] { drained = true; });
  time.run_for(10s);
  leases.cut_off = {};
  time.run_for(2s);
  EXPECT_EQ(leases.owned_by(1), 0u);
  EXPECT_EQ(leases.handed.size(), 1u);
  EXPECT_FALSE(drained);
  worker.transport[0]->answer(answer_of(200));
  time.run_ready();
  worker.store.finishes.answer(FinishResult{DeliveryState::kSucceeded});
  time.run_for(1s);
  EXPECT_TRUE(drained);
  EXPECT_FALSE(leases.workers.contains(1));
}

TEST_F(MembershipTest, a_drain_gives_back_what_a_claim_brought_meanwhile) {
  Worker worker(time, leases);
  bool drained = false;
  leases.hanging = {worker.loop[0].get()};
  while (count("claim") == 0) {
    leases.answer_hung();
    time.run_for(1ms);
  }
  worker.membership->drain([&] { drained = true; });
  leases.hanging = {};
  leases.answer_hung();
  time.run_for(3s);
  EXPECT_TRUE(drained);
  EXPECT_EQ(leases.owned_by(0), 256u);
}

TEST_F(MembershipTest, a_drain_of_one_that_never_joined_ends) {
  leases.cut_off.clear();
  Worker worker(time, leases);
  leases.cut_off = {worker.loop[0].get()};
  time.run_for(2s);
  bool drained = false;
  worker.membership->drain([&] { drained = true; });
  time.run_for(1s);
  EXPECT_TRUE(drained);
}

}  // namespace
}  // namespace eventrelay
