#include "storage/rollup.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

FinishAttempt ended_attempt(DeliveryState state, std::uint32_t number = 1) {
  FinishAttempt attempt;
  attempt.state = state;
  attempt.number = number;
  attempt.latency = milliseconds(20);
  return attempt;
}

Rollup counted_rollup(const FinishAttempt& attempt, bool was_pending) {
  Rollup rollup;
  rollup.add(count_kind(attempt, was_pending), 3);
  return rollup;
}

TEST(RollupTest, a_success_counts_with_its_latency) {
  const Rollup sum = counted_rollup(ended_attempt(DeliveryState::kSucceeded), true);
  EXPECT_EQ(sum.counters.attempts, 3);
  EXPECT_EQ(sum.counters.succeeded, 3);
  EXPECT_EQ(sum.counters.failed_attempts, 0);
  EXPECT_EQ(sum.counters.retries, 0);
  EXPECT_EQ(sum.latency.count(LatencyHistogram::bucket_of(milliseconds(20))), 3u);
}

TEST(RollupTest, a_failure_counts_as_one_and_only_the_last_makes_dead) {
  const Rollup first = counted_rollup(ended_attempt(DeliveryState::kPending), true);
  EXPECT_EQ(first.counters.failed_attempts, 3);
  EXPECT_EQ(first.counters.dead, 0);
  const Rollup last = counted_rollup(ended_attempt(DeliveryState::kDead, 2), true);
  EXPECT_EQ(last.counters.failed_attempts, 3);
  EXPECT_EQ(last.counters.retries, 3);
  EXPECT_EQ(last.counters.dead, 3);
  EXPECT_TRUE(last.latency.empty());
}

TEST(RollupTest, what_ends_on_a_final_delivery_ends_none) {
  const Rollup success = counted_rollup(ended_attempt(DeliveryState::kSucceeded), false);
  EXPECT_EQ(success.counters.attempts, 3);
  EXPECT_EQ(success.counters.succeeded, 0);
  EXPECT_EQ(success.counters.failed_attempts, 0);
  EXPECT_TRUE(success.latency.empty());
  const Rollup dead = counted_rollup(ended_attempt(DeliveryState::kDead), false);
  EXPECT_EQ(dead.counters.failed_attempts, 3);
  EXPECT_EQ(dead.counters.dead, 0);
}

TEST(RollupTest, the_longest_latency_keeps_its_bucket) {
  FinishAttempt attempt = ended_attempt(DeliveryState::kSucceeded, 2);
  attempt.latency = milliseconds(std::int64_t{1} << 50);
  const Rollup sum = counted_rollup(attempt, true);
  EXPECT_EQ(sum.latency.count(LatencyHistogram::kBuckets - 1), 3u);
  EXPECT_EQ(sum.counters.retries, 3);
}

TEST(RollupTest, events_deliveries_and_cancellations_are_no_attempts) {
  Rollup sum;
  sum.add(kCountEvent, 5);
  sum.add(kCountUnmatched, 2);
  sum.add(kCountDelivery, 7);
  sum.add(kCountCancelled, 1);
  EXPECT_EQ(sum.counters.events, 7);
  EXPECT_EQ(sum.counters.unmatched, 2);
  EXPECT_EQ(sum.counters.deliveries, 7);
  EXPECT_EQ(sum.counters.cancelled, 1);
  EXPECT_EQ(sum.counters.attempts, 0);
}

TEST(CountNoteTest, it_is_read_back_as_it_was_written_and_adds_up) {
  CountNote note;
  note.add(WebhookId{7}, kCountSucceeded | 9, 2);
  note.add(kWholeOrganization, kCountEvent);
  note.add(WebhookId{std::int64_t{1} << 62}, kCountCancelled, 70'000);
  CountNote sum;
  sum.add(note.encode());
  EXPECT_EQ(sum.encode(), note.encode());
  sum.add(note.encode() + note.encode());
  EXPECT_EQ(sum.total().events, 3);
  EXPECT_EQ(sum.total().succeeded, 6);
  EXPECT_EQ(sum.total().cancelled, 210'000);
}

TEST(CountNoteTest, webhooks_are_taken_out_one_by_one) {
  CountNote note;
  note.add(WebhookId{7}, kCountFailed, 2);
  note.add(WebhookId{7}, kCountFailed | kCountDead, 1);
  note.add(WebhookId{8}, kCountDelivery, 4);
  note.add(kWholeOrganization, kCountEvent, 5);
  const auto whole = note.take();
  EXPECT_EQ(whole.first, kWholeOrganization);
  EXPECT_EQ(whole.second.counters.events, 5);
  const auto seven = note.take();
  EXPECT_EQ(seven.first, WebhookId{7});
  EXPECT_EQ(seven.second.counters.failed_attempts, 3);
  EXPECT_EQ(seven.second.counters.dead, 1);
  EXPECT_EQ(note.take().first, WebhookId{8});
  EXPECT_TRUE(note.empty());
}

}  // namespace
}  // namespace eventrelay
