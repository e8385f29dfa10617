// One of several workers: partitions that come and go, what former owners have under way.
#include "tests/engine/partitions_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct DispatcherPartitionsTest : PartitionsFixture {};

// ---- Coming and going ----------------------------------------------------------------------------------------------

TEST_F(DispatcherPartitionsTest, only_what_it_owns_is_sent_and_looked_for) {
  add_webhook(1);
  add_webhook(2);
  begin();
  hand_over(delivery(11, 0ms, 1));
  EXPECT_TRUE(transport.bodies.empty());
  own(2);
  ASSERT_EQ(store.lane_reads.size(), 1u);
  EXPECT_EQ(store.lane_reads.front().partitions, partition_with(2));
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  hand_over(delivery(12, 0ms, 1));
  hand_over(delivery(22, 0ms, 2));
  EXPECT_EQ(transport.bodies, (Bodies{"22"}));
  EXPECT_TRUE(store.due_reads.empty());
}

TEST_F(DispatcherPartitionsTest, a_loop_takes_only_its_share_of_what_is_gained) {
  options.loop_count = 2;
  options.loop_index = partition_of(WebhookId{1}) % 2;
  begin();
  dispatcher->own(all_partitions(), {});
  ASSERT_EQ(store.lane_reads.size(), 1u);
  EXPECT_EQ(store.lane_reads.front().partitions.count(), 128u);
  EXPECT_TRUE((store.lane_reads.front().partitions & partition_with(1)).any());
}

TEST_F(DispatcherPartitionsTest, a_lane_made_while_its_partition_is_scanned_reads_what_may_be_before_it) {
  ordered_webhook();
  auto other = webhook_of(2);
  other->spec.ordered = true;
  catalog.put(other);
  begin();
  own(2);
  answer_scan();
  own(1);
  hand_over(delivery(12, 0ms, 1));
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
  hand_over(delivery(22, 0ms, 2));
  EXPECT_EQ(transport.bodies, (Bodies{"22"}));
  answer_read({delivery(11), delivery(12)});
  EXPECT_EQ(transport.bodies, (Bodies{"22", "11"}));
}

TEST_F(DispatcherPartitionsTest, nothing_begins_in_what_was_given_away_and_what_is_sent_is_committed) {
  auto webhook = webhook_of(1);
  webhook->spec.max_in_flight = 1;
  catalog.put(webhook);
  begin();
  own(1);
  answer_scan();
  hand_over(delivery(1));
  hand_over(delivery(2));
  disown(1);
  hand_over(delivery(3));
  EXPECT_EQ(dispatcher->window().entries, 0u);
  answer(500);
  ASSERT_EQ(store.finishes.size(), 1u);
  commit();
  time.run_for(1h);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  EXPECT_TRUE(store.due_reads.empty());
  EXPECT_TRUE(store.finishes.empty());
}

TEST_F(DispatcherPartitionsTest, what_waits_for_its_payload_is_not_sent_once_given_away_nor_after_it_came_back) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  PendingDelivery bare = delivery(5);
  bare.message.reset();
  hand_over(bare);
  disown(1);
  EXPECT_TRUE(dispatcher->under_way(partition_with(1)).empty());
  own(1);
  load();
  EXPECT_TRUE(transport.bodies.empty());
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer_read({});  // another owner has sent it meanwhile
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(DispatcherPartitionsTest, what_is_under_way_is_told_with_its_time_and_attempt) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  PendingDelivery second = delivery(1);
  second.attempts = 1;
  hand_over(second);
  hand_over(delivery(2));
  answer(200);  // not committed yet
  disown(1);
  const auto sent = dispatcher->under_way(partition_with(1));
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].delivery, DeliveryId{1});
  EXPECT_EQ(sent[0].webhook, WebhookId{1});
  EXPECT_EQ(sent[0].number, 2u);
  EXPECT_GT(sent[0].until, loop.wall_now() + kAttemptTimeoutDefault);
  EXPECT_EQ(sent[1].delivery, DeliveryId{2});
  EXPECT_TRUE(dispatcher->under_way(partition_with(2)).empty());
}

TEST_F(DispatcherPartitionsTest, the_time_told_is_of_the_attempt_as_it_was_sent) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  hand_over(delivery(1));
  const WallTime ends = loop.wall_now() + kAttemptTimeoutDefault;
  auto shorter = webhook_of(1);
  shorter->spec.timeout = milliseconds(1'000);
  change_webhook(shorter);
  time.run_for(4s);
  disown(1);
  const WallTime until = dispatcher->under_way(partition_with(1)).at(0).until;
  EXPECT_GT(until, ends) << "its end is committed some time after";
  EXPECT_LE(until, ends + 5s);
  time.run_for(kAttemptTimeoutDefault + 10s);
  EXPECT_GT(dispatcher->under_way(partition_with(1)).at(0).until, loop.wall_now()) << "its commit is late";
}

TEST_F(DispatcherPartitionsTest, a_partition_that_comes_back_leaves_alone_what_it_still_has_under_way) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  hand_over(delivery(1));
  disown(1);
  own(1);
  ASSERT_EQ(store.due_reads.size(), 1u);  // from its start, before the scan finds it
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
  answer_read({delivery(1), delivery(2)});
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  answer_read({delivery(1), delivery(2)});
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
  answer(500);
  commit();
  ASSERT_EQ(store.due_reads.size(), 1u);  // its end is read from the store, whoever came last
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
}

TEST_F(DispatcherPartitionsTest, answers_from_before_it_was_given_away_are_ignored_after_it_came_back) {
  add_webhook();
  begin();
  own(1);
  hand_over(delivery(1));  // reads first
  disown(1);
  own(1);
  ASSERT_EQ(store.lane_reads.size(), 2u);
  answer_scan();  // the old scan's: says nothing of this time
  hand_over(delivery(2));
  ASSERT_EQ(store.due_reads.size(), 2u);
  transport.bodies.clear();
  answer_read({delivery(7)});  // the old lane's
  EXPECT_EQ(transport.bodies, Bodies{});
  answer_scan();
  answer_read({delivery(2), delivery(3)});
  EXPECT_EQ(transport.bodies, (Bodies{"3"}));
}

TEST_F(DispatcherPartitionsTest, rows_of_a_webhook_that_is_not_known_yet_are_read_when_it_is) {
  begin();
  own(1);
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  EXPECT_TRUE(store.due_reads.empty());
  change_webhook(webhook_of(1));
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
}

TEST_F(DispatcherPartitionsTest, a_scan_made_again_finds_what_news_did_not_bring) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  dispatcher->rescan(partition_with(1) | partition_with(2));
  ASSERT_EQ(store.lane_reads.size(), 1u);
  EXPECT_EQ(store.lane_reads.front().partitions, partition_with(1));
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  answer_read({delivery(4)});
  EXPECT_EQ(transport.bodies, (Bodies{"4"}));
}

TEST_F(DispatcherPartitionsTest, a_scan_that_is_asked_for_again_and_again_comes_to_its_end) {
  add_webhook();
  begin();
  own(1);
  dispatcher->rescan(partition_with(1));
  ASSERT_EQ(store.lane_reads.size(), 1u);
  store.lane_reads.answer(LanePage{{{WebhookId{1}, loop.wall_now()}}, false, {}});
  time.run_ready();
  dispatcher->rescan(partition_with(1));
  ASSERT_EQ(store.lane_reads.size(), 1u);
  EXPECT_EQ(store.lane_reads.front().after, WebhookId{1}) << "its second page";
  answer_scan();
  ASSERT_EQ(store.lane_reads.size(), 1u) << "what was lost meanwhile is looked for once more, once";
  EXPECT_EQ(store.lane_reads.front().after, WebhookId{});
  answer_scan();
  EXPECT_TRUE(store.lane_reads.empty());
}

TEST_F(DispatcherPartitionsTest, a_scan_that_is_to_be_made_again_is_not_of_what_was_given_away) {
  begin();
  own(1);
  own(2);
  dispatcher->rescan(partition_with(1) | partition_with(2));
  disown(1);
  answer_scan();
  answer_scan();
  ASSERT_EQ(store.lane_reads.size(), 1u);
  EXPECT_EQ(store.lane_reads.front().partitions, partition_with(2));
}

// ---- Under way at former owners ------------------------------------------------------------------------------------

TEST_F(DispatcherPartitionsTest, what_a_former_owner_has_under_way_is_left_alone_until_it_is_listed_no_more) {
  add_webhook();
  begin();
  own(1, {handed(1)});
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  answer_read({delivery(1), delivery(2)});
  hand_over(delivery(1));
  EXPECT_EQ(transport.bodies, (Bodies{"2"}));
  set_handed({handed(1)});
  EXPECT_TRUE(store.due_reads.empty());
  set_handed({});
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
  PendingDelivery next = delivery(1);
  next.attempts = 1;
  answer_read({next, delivery(2)});
  EXPECT_EQ(transport.bodies, (Bodies{"2", "1"}));
}

TEST_F(DispatcherPartitionsTest, what_a_former_owner_does_not_end_in_time_is_sent) {
  add_webhook();
  begin();
  own(1, {handed(1, 10s)});
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  answer_read({delivery(1)});
  time.run_for(9'999ms);
  EXPECT_TRUE(store.due_reads.empty());
  time.run_for(1ms);
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer_read({delivery(1, -10s)});
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  set_handed({handed(1, 0s)});
  answer(500);
  commit();
  pass(1s);
  EXPECT_EQ(transport.bodies.size(), 2u);
}

TEST_F(DispatcherPartitionsTest, what_former_owners_have_under_way_counts_for_the_webhooks_limit) {
  auto webhook = webhook_of(1);
  webhook->spec.max_in_flight = 2;
  catalog.put(webhook);
  begin();
  own(1, {handed(8), handed(9)});
  answer_scan();
  hand_over(delivery(1));
  EXPECT_TRUE(transport.bodies.empty());
  set_handed({handed(9)});
  answer_read({delivery(1)});
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherPartitionsTest, an_ordered_lane_waits_for_what_a_former_owner_has_under_way) {
  ordered_webhook();
  begin();
  own(1, {handed(1)});
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  answer_read({delivery(1), delivery(2)});
  EXPECT_TRUE(transport.bodies.empty());
  set_handed({});
  answer_read({delivery(2)});
  EXPECT_EQ(transport.bodies, (Bodies{"2"}));
}

TEST_F(DispatcherPartitionsTest, a_read_from_before_a_former_owners_end_does_not_bring_its_delivery_back) {
  add_webhook();
  begin();
  own(1, {handed(1)});
  answer_scan({{WebhookId{1}, loop.wall_now()}});
  ASSERT_EQ(store.due_reads.size(), 1u);
  set_handed({});
  answer_read({delivery(1)});
  EXPECT_TRUE(transport.bodies.empty());
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer_read({});
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(DispatcherPartitionsTest, what_is_listed_late_leaves_the_window) {
  add_webhook();
  begin();
  own(1);
  answer_scan();
  hand_over(delivery(1, 5s));
  set_handed({handed(1, 10s)});
  time.run_for(9s);
  EXPECT_TRUE(transport.bodies.empty());
}

}  // namespace
}  // namespace eventrelay
