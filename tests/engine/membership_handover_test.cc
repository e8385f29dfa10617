// Workers on one store: partitions that are given away, and drains, with what is under way.
#include "tests/engine/membership_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct MembershipHandOverTest : MembershipFixture {};

TEST_F(MembershipHandOverTest, a_partition_is_given_away_with_what_is_under_way_in_it) {
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

TEST_F(MembershipHandOverTest, a_drain_during_an_outage_begins_nothing_and_goes_on_after_it) {
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

TEST_F(MembershipHandOverTest, a_drain_during_an_outage_without_an_end_waits_for_what_is_under_way_alone) {
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

TEST_F(MembershipHandOverTest, a_drain_gives_away_after_a_long_outage_what_is_under_way_still) {
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

TEST_F(MembershipHandOverTest, a_drain_gives_back_what_a_claim_brought_meanwhile) {
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

TEST_F(MembershipHandOverTest, a_drain_of_one_that_never_joined_ends) {
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
