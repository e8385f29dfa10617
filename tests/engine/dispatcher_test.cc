// From a hand-over or the store to the wire, and what follows from the answer.
#include "engine/dispatcher.h"

#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct DispatcherTest : DispatcherFixture {};
using Bodies = std::vector<std::string>;

// ---- Outcomes ------------------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, what_is_handed_over_is_sent_at_once_and_signed) {
  add_webhook();
  start();
  hand_over(delivery(7));
  ASSERT_EQ(transport.open(), 1u);
  const OutboundRequest& request = transport.request(0);
  EXPECT_EQ(request.message->body, "7");
  EXPECT_EQ(request.target->host, "receiver.test");
  EXPECT_EQ(request.timeout, milliseconds(kAttemptTimeoutDefault));
  EXPECT_EQ(request.headers[1].name, "webhook-id");
  EXPECT_EQ(request.headers[1].value, to_text(EventId{7}));
}

TEST_F(DispatcherTest, requests_are_signed_with_the_wall_clock_as_it_is) {
  add_webhook();
  start();
  time.step_wall(-1h);  // set right: receivers allow a few minutes
  PendingDelivery due = delivery(1);
  hand_over(due);
  const Header& timestamp = transport.request(0).headers[2];
  EXPECT_EQ(timestamp.name, "webhook-timestamp");
  EXPECT_EQ(timestamp.value, std::to_string(unix_ms(loop.wall_now()) / 1'000));
}

TEST_F(DispatcherTest, a_request_says_whose_it_is) {
  add_webhook();
  start();
  hand_over(delivery(3));
  ASSERT_EQ(transport.open(), 1u);
  EXPECT_EQ(transport.request(0).organization, kFirstOrganization);
  EXPECT_EQ(transport.request(0).delivery, DeliveryId{3});
}

TEST_F(DispatcherTest, a_success_is_committed_and_over) {
  add_webhook();
  start();
  hand_over(delivery(7));
  time.run_for(250ms);
  answer(204);
  ASSERT_EQ(store.finishes.size(), 1u);
  const FinishAttempt finish = *store.finishes.front();
  EXPECT_EQ(finish.delivery, DeliveryId{7});
  EXPECT_EQ(finish.number, 1u);
  EXPECT_EQ(finish.state, DeliveryState::kSucceeded);
  EXPECT_EQ(finish.latency, 250ms);
  EXPECT_EQ(finish.health, HealthChange::kNone);
  commit();
  time.run_for(1h);
  EXPECT_EQ(transport.bodies.size(), 1u);
  EXPECT_EQ(dispatcher->window().entries, 0u);
}

TEST_F(DispatcherTest, a_failure_is_tried_again_when_its_wait_is_over) {
  add_webhook();
  start();
  hand_over(delivery(7));
  answer(500);
  const FinishAttempt finish = *store.finishes.front();
  EXPECT_EQ(finish.state, DeliveryState::kPending);
  EXPECT_EQ(finish.position, 1u);
  EXPECT_EQ(finish.due, loop.wall_now() + 1s);
  commit();
  pass(999ms);
  EXPECT_EQ(transport.open(), 0u);
  pass(1ms);
  EXPECT_EQ(transport.open(), 1u);
}

TEST_F(DispatcherTest, a_retry_beyond_the_horizon_leaves_memory_and_is_read_back) {
  add_webhook();
  start();
  PendingDelivery second = delivery(7);
  second.attempts = second.position = 1;
  hand_over(second);
  answer(500);
  const WallTime due = store.finishes.front()->due;
  EXPECT_EQ(due, loop.wall_now() + 60s);
  commit();
  EXPECT_EQ(dispatcher->window().entries, 0u);
  time.run_for(44'999ms);
  EXPECT_TRUE(store.due_reads.empty());
  time.run_for(1ms);
  ASSERT_EQ(store.due_reads.size(), 1u);
  PendingDelivery stored = second;
  stored.sort_at = stored.due = due;
  stored.attempts = stored.position = 2;
  store.due_reads.answer(DuePage{{stored}, {}});
  time.run_for(14'999ms);
  EXPECT_EQ(transport.open(), 0u);
  time.run_for(1ms);
  ASSERT_EQ(transport.open(), 1u);
  answer(500);
  EXPECT_EQ(store.finishes.front()->number, 3u);
  EXPECT_EQ(store.finishes.front()->state, DeliveryState::kDead);
  EXPECT_EQ(store.finishes.front()->reason, "attempts_exhausted");
}

TEST_F(DispatcherTest, waits_in_memory_do_not_follow_steps_of_the_wall_clock) {
  add_webhook();
  start();
  hand_over(delivery(7));
  answer(500);
  commit();
  time.step_wall(-1h);
  pass(999ms);
  EXPECT_EQ(transport.open(), 0u);
  pass(1ms);
  EXPECT_EQ(transport.open(), 1u);
}

TEST_F(DispatcherTest, what_has_become_due_while_the_machine_slept_is_found_soon) {
  add_webhook();
  start();
  const PendingDelivery scheduled = delivery(1, 6h);
  hand_over(scheduled);
  time.step_wall(6h);
  time.run_for(1min);
  ASSERT_EQ(store.due_reads.size(), 1u);
  store.due_reads.answer(DuePage{{scheduled}, {}});
  time.run_ready();
  EXPECT_EQ(transport.open(), 1u);
}

TEST_F(DispatcherTest, a_time_the_store_has_seen_counts_after_the_clock_was_set_back) {
  add_webhook();
  start();
  PendingDelivery ahead = delivery(7, 1h);
  dispatcher->observe(ahead.due);
  hand_over(ahead);
  EXPECT_EQ(transport.open(), 1u);
}

TEST_F(DispatcherTest, gone_is_dead_at_once_and_disables) {
  add_webhook();
  start();
  hand_over(delivery(7));
  answer(410);
  EXPECT_EQ(store.finishes.front()->state, DeliveryState::kDead);
  EXPECT_EQ(store.finishes.front()->reason, "gone");
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kDisableGone);
}

TEST_F(DispatcherTest, five_days_of_nothing_but_failure_disable) {
  auto webhook = webhook_of(1);
  webhook->failing_since = loop.wall_now() - 24h * 5;
  catalog.put(webhook);
  start();
  hand_over(delivery(1));
  answer(500);
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kDisableFailing);
}

TEST_F(DispatcherTest, only_failing_that_lasts_is_told_and_its_end) {
  add_webhook();
  start();
  for (int id = 1; id <= 6; ++id) hand_over(delivery(id));
  const auto health_after = [&](std::uint16_t status) {
    answer(status);
    const HealthChange health = store.finishes.front()->health;
    commit(DeliveryState::kSucceeded);
    return health;
  };
  EXPECT_EQ(health_after(500), HealthChange::kNone);
  EXPECT_EQ(health_after(200), HealthChange::kNone);
  EXPECT_EQ(health_after(500), HealthChange::kNone);
  pass(1min);
  EXPECT_EQ(health_after(500), HealthChange::kFailing);
  EXPECT_EQ(health_after(500), HealthChange::kNone);
  EXPECT_EQ(health_after(200), HealthChange::kHealthy);
}

TEST_F(DispatcherTest, a_success_ends_a_row_of_failures) {
  auto webhook = webhook_of(1);
  webhook->failing_since = loop.wall_now() - 24h * 4;
  catalog.put(webhook);
  start();
  hand_over(delivery(1));
  hand_over(delivery(2));
  answer(200);
  EXPECT_EQ(store.finishes.at(0)->health, HealthChange::kHealthy);
  answer(500);
  EXPECT_EQ(store.finishes.at(1)->health, HealthChange::kNone);
}

TEST_F(DispatcherTest, a_failure_whose_commit_comes_after_a_success_does_not_mark_the_webhook) {
  add_webhook();
  start();
  for (int id : {9, 1, 2}) hand_over(delivery(id));
  answer(500);
  commit(DeliveryState::kSucceeded);
  pass(1min);
  answer(500);
  ASSERT_EQ(store.finishes.front()->health, HealthChange::kFailing);
  store.finishes.fail(ErrorCode::kUnavailable);
  time.run_ready();
  answer(200);
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kHealthy);
  commit();
  time.run_for(200ms);
  ASSERT_EQ(store.finishes.size(), 1u);
  EXPECT_EQ(store.finishes.front()->delivery, DeliveryId{1});
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kNone);
}

TEST_F(DispatcherTest, a_success_whose_commit_comes_after_a_newer_failure_does_not_hide_that_the_webhook_fails) {
  auto webhook = webhook_of(1);
  webhook->failing_since = loop.wall_now() - 24h * 4;
  catalog.put(webhook);
  start();
  for (int id = 1; id <= 4; ++id) hand_over(delivery(id));
  answer(200);
  store.finishes.fail(ErrorCode::kUnavailable);
  time.run_ready();
  answer(500);
  commit();
  time.run_for(200ms);
  ASSERT_EQ(store.finishes.front()->delivery, DeliveryId{1});
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kHealthy);
  commit();
  pass(1min);
  answer(500);
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kFailing);
  store.finishes.fail(ErrorCode::kUnavailable);
  time.run_for(200ms);
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kFailing);
  commit();
  answer(500);
  EXPECT_EQ(store.finishes.front()->health, HealthChange::kNone);
}

TEST_F(DispatcherTest, an_url_that_cannot_be_sent_to_is_a_failed_attempt) {
  auto webhook = webhook_of(1);
  webhook->spec.url = "ftp://receiver.test/";
  catalog.put(webhook);
  start();
  hand_over(delivery(1));
  ASSERT_EQ(store.finishes.size(), 1u);
  EXPECT_EQ(store.finishes.front()->outcome.error, AttemptError::kInvalidUrl);
}

// ---- Commits that do not go through --------------------------------------------------------------------------------

TEST_F(DispatcherTest, while_the_store_takes_no_ends_nothing_new_is_sent) {
  add_webhook();
  start();
  hand_over(delivery(1));
  hand_over(delivery(2));
  answer(200);
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kUnknown}) {
    store.finishes.fail(code);
    time.run_ready();
    hand_over(delivery(3));
    EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
    time.run_for(200ms);
    EXPECT_EQ(store.finishes.front()->delivery, DeliveryId{1});
  }
  commit();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "3"}));
}

TEST_F(DispatcherTest, a_refused_end_does_not_stop_the_others) {
  add_webhook();
  start();
  hand_over(delivery(1));
  answer(200);
  store.finishes.fail(ErrorCode::kNotFound);
  time.run_ready();
  hand_over(delivery(2));
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
}

TEST_F(DispatcherTest, a_loop_has_its_share_of_what_may_be_uncommitted) {
  options.loop_count = 4'096;  // two each
  options.loop_index = partition_of(WebhookId{1});
  add_webhook();
  start();
  for (int id = 1; id <= 2; ++id) {
    hand_over(delivery(id));
    answer(200);
  }
  hand_over(delivery(3));
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
  commit();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "3"}));
}

TEST_F(DispatcherTest, an_end_that_may_not_be_committed_is_submitted_again_and_nothing_sent_again) {
  add_webhook();
  start();
  hand_over(delivery(1));
  answer(500);
  const FinishAttemptPtr first = store.finishes.front();
  for (const ErrorCode code : {ErrorCode::kUnknown, ErrorCode::kUnavailable}) {
    store.finishes.fail(code);
    time.run_for(199ms);
    EXPECT_TRUE(store.finishes.empty());
    time.run_for(1ms);
    ASSERT_EQ(store.finishes.size(), 1u);
    EXPECT_EQ(store.finishes.front(), first);
  }
  commit();
  EXPECT_EQ(transport.bodies.size(), 1u);
  pass(1s);
  EXPECT_EQ(transport.bodies.size(), 2u);
}

TEST_F(DispatcherTest, what_a_person_made_final_meanwhile_stays_final) {
  add_webhook();
  start();
  hand_over(delivery(1));
  cancel(1);
  answer(500);
  commit(DeliveryState::kCancelled);
  time.run_for(2min);
  EXPECT_EQ(transport.bodies.size(), 1u);
  EXPECT_TRUE(store.due_reads.empty());
}

// ---- Drain ---------------------------------------------------------------------------------------------------------

TEST_F(DispatcherTest, a_drain_begins_nothing_and_ends_with_the_last_commit) {
  options.in_flight_max = 1;
  add_webhook();
  start();
  hand_over(delivery(1));
  hand_over(delivery(2));
  bool drained = false;
  dispatcher->drain([&] { drained = true; });
  time.run_ready();
  answer(200);
  EXPECT_FALSE(drained);
  store.finishes.fail(ErrorCode::kUnavailable);
  time.run_for(200ms);
  EXPECT_FALSE(drained);
  commit();
  EXPECT_TRUE(drained);
  time.run_for(1h);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherTest, a_drain_of_one_at_rest_ends_at_once) {
  start();
  bool drained = false;
  dispatcher->drain([&] { drained = true; });
  time.run_ready();
  EXPECT_TRUE(drained);
}

TEST_F(DispatcherTest, answers_that_come_after_its_end_find_it_gone) {
  add_webhook();
  start({{WebhookId{1}, loop.wall_now()}});
  hand_over(delivery(1));
  dispatcher.reset();
  transport.answer(answer_of(200));
  store.due_reads.answer(DuePage{});
  time.run_for(1h);
  EXPECT_TRUE(store.finishes.empty());
}

}  // namespace
}  // namespace eventrelay
