// Workers on one store: who has which partitions through starts, crashes, outages and hung loops.
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "tests/engine/membership_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct MembershipTest : MembershipFixture {};

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

}  // namespace
}  // namespace eventrelay
