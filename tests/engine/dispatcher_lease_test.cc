// One of several workers: what its lease lets it begin, and under which token what it began is committed.
#include "tests/engine/partitions_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

constexpr WorkerToken kToken{7, 1};

struct DispatcherLeaseTest : PartitionsFixture {};

TEST_F(DispatcherLeaseTest, nothing_begins_once_the_lease_has_run_out) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  dispatcher->set_lease(kToken, loop.boot_now() + 5s);
  time.run_for(4'999ms);
  hand_over(delivery(1));
  PendingDelivery bare = delivery(2);
  bare.message.reset();
  hand_over(bare);
  time.run_for(1ms);
  load();
  hand_over(delivery(3));
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  dispatcher->set_lease(kToken, loop.boot_now() + 5s);
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "3"}));
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer_read({delivery(2)});
  EXPECT_EQ(transport.bodies, (Bodies{"1", "3", "2"}));
}

TEST_F(DispatcherLeaseTest, a_fenced_workers_ends_are_let_go_of_and_nothing_more_begins) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  dispatcher->set_lease(kToken, loop.boot_now() + 5s);
  hand_over(delivery(1));
  answer(200);
  store.finishes.fail(ErrorCode::kNotOwner);
  time.run_ready();
  hand_over(delivery(2));
  time.run_for(1s);
  EXPECT_TRUE(store.finishes.empty());
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  bool drained = false;
  dispatcher->drain([&] { drained = true; });
  time.run_ready();
  EXPECT_TRUE(drained);
}

TEST_F(DispatcherLeaseTest, a_refused_end_of_what_was_given_away_stops_nothing_else) {
  add_webhook(1);
  add_webhook(2);
  begin();
  dispatcher->set_lease(kToken, loop.boot_now() + 5s);
  own(1);
  answer_scan();
  own(2);
  answer_scan();
  hand_over(delivery(1, 0ms, 1));
  disown(1);
  answer(200);
  store.finishes.fail(ErrorCode::kNotOwner);
  time.run_ready();
  hand_over(delivery(21, 0ms, 2));
  EXPECT_EQ(transport.bodies, (Bodies{"1", "21"}));
}

TEST_F(DispatcherLeaseTest, an_end_is_committed_under_the_token_with_which_its_attempt_began) {
  add_webhook();
  begin();
  dispatcher->set_lease(kToken, loop.boot_now() + 5s);
  own(1);
  answer_scan();
  hand_over(delivery(1));
  dispatcher->disown(all_partitions());
  const WorkerToken next{kToken.worker, kToken.epoch + 1};
  dispatcher->set_lease(next, loop.boot_now() + 5s);
  own(1);
  answer_scan();
  answer_read({delivery(1)});
  hand_over(delivery(2));
  answer(500);
  answer(200);
  ASSERT_EQ(store.finishes.size(), 2u);
  EXPECT_EQ(store.finishes.at(0)->token, kToken);
  EXPECT_EQ(store.finishes.at(1)->token, next);
  store.finishes.fail(ErrorCode::kNotOwner);
  time.run_ready();
  hand_over(delivery(3));
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "3"}));
}

TEST_F(DispatcherLeaseTest, what_is_withheld_is_as_if_it_had_never_begun) {
  add_webhook();
  begin();
  dispatcher->set_lease(kToken, loop.boot_now() + 5s);
  own(1);
  answer_scan();
  hand_over(delivery(1));
  ASSERT_EQ(transport.open(), 1u);
  time.run_for(6s);
  AttemptOutcome withheld;
  withheld.withheld = true;
  transport.answer(withheld);
  time.run_ready();
  EXPECT_TRUE(store.finishes.empty());
  EXPECT_EQ(dispatcher->in_flight(), 0u);
  answer_read({delivery(1, -6s)});
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  dispatcher->set_lease(kToken, loop.boot_now() + 5s);
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "1"}));
  answer(200);
  EXPECT_EQ(store.finishes.front()->number, 1u);
}

TEST_F(DispatcherLeaseTest, what_has_begun_may_be_written_while_its_own_lease_is_renewed) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  hand_over(delivery(2));
  EXPECT_EQ(transport.request(0).not_after, nullptr) << "one process alone has no lease";
  const SteadyTime first = loop.boot_now() + 5s;
  dispatcher->set_lease(kToken, first);
  hand_over(delivery(3));
  ASSERT_NE(transport.request(1).not_after, nullptr);
  EXPECT_EQ(*transport.request(1).not_after, first);
  dispatcher->set_lease(kToken, first + 1s);
  EXPECT_EQ(*transport.request(1).not_after, first + 1s);
  dispatcher->set_lease({kToken.worker, kToken.epoch + 1}, first + 20s);
  EXPECT_EQ(*transport.request(1).not_after, first + 1s) << "that lease was lost";
}

TEST_F(DispatcherLeaseTest, an_end_that_came_second_has_its_delivery_read_again) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  hand_over(delivery(1));
  answer(200);
  commit(DeliveryState::kPending);
  ASSERT_EQ(store.due_reads.size(), 1u);
  PendingDelivery next = delivery(1, 5s);
  next.attempts = 1;
  answer_read({next});
  time.run_for(4s);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  time.run_for(1s);
  EXPECT_EQ(transport.bodies, (Bodies{"1", "1"}));
}

}  // namespace
}  // namespace eventrelay
