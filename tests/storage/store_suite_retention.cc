// What grows too old goes; what is pending stays, with all that it needs.
#include "tests/storage/store_suite.h"

namespace eventrelay {
namespace {

constexpr int kKept = 7;
constexpr auto kDay = std::chrono::days(1);

}  // namespace

WebhookPtr StoreSuite::begin_with_retention() {
  harness->retention_days = kKept;
  harness->reopen();
  return make_webhook();
}

// What is younger than the days that are kept is sure to stay, and what is older than one more to go.
void StoreSuite::grow_old() {
  harness->advance((kKept + 2) * kDay);
}

void StoreSuite::succeed(const WebhookPtr& webhook, DeliveryId id, std::uint32_t number) {
  ASSERT_TRUE(finish(attempt(webhook, id, number, DeliveryState::kSucceeded)));
}

bool StoreSuite::has_event(EventId id) {
  return wait(queries().get_event(loop(), kOrg, id)).has_value();
}

bool StoreSuite::has_delivery(DeliveryId id) {
  return wait(queries().get_delivery(loop(), kOrg, id)).has_value();
}

std::vector<PendingDelivery> StoreSuite::due_now(const WebhookPtr& webhook) {
  return due({kOrg, webhook->id, {}, {}, harness->now(), kRefillRowsMax, 1'000'000})->rows;
}

TEST_P(StoreSuite, what_is_old_and_final_goes_and_what_is_young_stays) {
  const auto webhook = begin_with_retention();
  const auto old = send();
  succeed(webhook, delivery_of(old));
  const DeliveryId dead = make_dead(webhook);
  const auto unmatched = send("nobody.listens");
  grow_old();
  const auto young = send();
  succeed(webhook, delivery_of(young));
  keep_house();
  EXPECT_FALSE(has_event(old.id));
  EXPECT_FALSE(has_event(unmatched.id));
  EXPECT_FALSE(has_delivery(delivery_of(old)));
  EXPECT_FALSE(has_delivery(dead));
  EXPECT_EQ(all_events({}).size(), 1u);
  EXPECT_EQ(detail(delivery_of(young)).attempts.size(), 1u);
  EXPECT_EQ(wait(queries().get_event(loop(), kOrg, old.id)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(change(ReplayEvent{kOrg, old.id, {}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(change(ReplayDead{kOrg, dead}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(has_event(young.id));
}

TEST_P(StoreSuite, without_a_retention_all_is_kept) {
  const auto webhook = begin_with_retention();
  harness->retention_days = 0;
  harness->reopen();
  const auto old = send();
  succeed(webhook, delivery_of(old));
  harness->advance(1'000 * kDay);
  keep_house();
  EXPECT_TRUE(has_event(old.id));
}

TEST_P(StoreSuite, what_is_pending_stays_and_is_delivered_however_old) {
  const auto webhook = begin_with_retention();
  const auto ended = send();
  const auto waiting = send("order.created", R"({"keep":1})");
  succeed(webhook, delivery_of(ended));
  ASSERT_TRUE(finish(attempt(webhook, delivery_of(waiting), 1, DeliveryState::kPending)));
  grow_old();
  keep_house();
  EXPECT_FALSE(has_event(ended.id));
  const auto rows = due_now(webhook);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].id, delivery_of(waiting));
  EXPECT_EQ(rows[0].attempts, 1u);
  ASSERT_TRUE(rows[0].message);
  EXPECT_EQ(lanes({}, 10)->lanes.size(), 1u);
  EXPECT_EQ(detail(delivery_of(waiting)).attempts.size(), 1u);
  EXPECT_EQ(report().pending, 1);
  harness->reopen();
  ASSERT_EQ(due_now(webhook).size(), 1u);

  succeed(webhook, delivery_of(waiting), 2);
  EXPECT_EQ(detail(delivery_of(waiting)).attempts.size(), 2u);
  EXPECT_EQ(report().pending, 0);
  harness->advance(std::chrono::hours(2));
  keep_house();
  EXPECT_FALSE(has_delivery(delivery_of(waiting)));
  EXPECT_FALSE(has_event(waiting.id));
}

TEST_P(StoreSuite, the_dead_that_go_leave_the_count) {
  const auto webhook = begin_with_retention();
  const auto blocker = send();  // the day keeps something
  for (int i = 0; i < 3; ++i) make_dead(webhook);
  grow_old();
  const DeliveryId young = make_dead(webhook);
  EXPECT_EQ(report().dlq, 4);
  keep_house();
  EXPECT_EQ(report().dlq, 1);
  EXPECT_EQ(*wait(queries().count_dead(loop(), kOrg, {})), 1);
  ASSERT_EQ(all_dead({}).size(), 1u);
  EXPECT_EQ(all_dead({})[0].id, young);

  ASSERT_TRUE(finish(attempt(webhook, delivery_of(blocker), 1, DeliveryState::kDead)));
  EXPECT_EQ(report().dlq, 2);
  harness->advance(std::chrono::hours(2));
  keep_house();
  EXPECT_EQ(report().dlq, 1);
  EXPECT_EQ(report().pending, 0);
}

TEST_P(StoreSuite, a_dead_delivery_that_was_reopened_is_pending) {
  const auto webhook = begin_with_retention();
  const DeliveryId reopened = make_dead(webhook);
  const DeliveryId dead = make_dead(webhook);
  grow_old();
  ASSERT_TRUE(change(ReplayDead{kOrg, reopened}));
  keep_house();
  EXPECT_FALSE(has_delivery(dead));
  ASSERT_EQ(due_now(webhook).size(), 1u);
  EXPECT_EQ(due_now(webhook)[0].id, reopened);
  EXPECT_TRUE(due_now(webhook)[0].message);
  EXPECT_EQ(report().dlq, 0);
}

TEST_P(StoreSuite, an_old_event_stays_while_a_young_replay_of_it_may_be_sent) {
  const auto webhook = begin_with_retention();
  const auto old = send();
  const auto other = send();
  succeed(webhook, delivery_of(old));
  succeed(webhook, delivery_of(other));
  grow_old();
  ASSERT_EQ(change(ReplayEvent{kOrg, old.id, {}})->count, 1);
  keep_house();
  EXPECT_FALSE(has_event(other.id));
  EXPECT_FALSE(has_delivery(delivery_of(old)));
  ASSERT_EQ(due_now(webhook).size(), 1u);
  EXPECT_TRUE(due_now(webhook)[0].message);
  const DeliveryId replay = due_now(webhook)[0].id;
  EXPECT_EQ(wait(queries().get_event(loop(), kOrg, old.id))->event.status, EventStatus::kPending);

  // Dead it can be replayed: that needs the event.
  ASSERT_TRUE(finish(attempt(webhook, replay, 1, DeliveryState::kDead)));
  harness->advance(std::chrono::hours(2));
  keep_house();
  ASSERT_TRUE(change(ReplayDead{kOrg, replay}));
  ASSERT_EQ(due_now(webhook).size(), 1u);
  EXPECT_TRUE(due_now(webhook)[0].message);
  succeed(webhook, replay, 2);
  harness->advance(std::chrono::hours(2));
  keep_house();
  EXPECT_FALSE(has_event(old.id));
  EXPECT_TRUE(has_delivery(replay));
}

TEST_P(StoreSuite, many_days_with_many_rows_go_in_slices) {
  const auto webhook = begin_with_retention();
  std::vector<DeliveryId> waiting;
  for (int day = 0; day < 5; ++day) {
    for (int i = 0; i < 150; ++i) {
      const DeliveryId id = delivery_of(send());
      if (i % 50 == 0) {
        waiting.push_back(id);
      } else {
        succeed(webhook, id);
      }
    }
    harness->advance(kDay);
  }
  grow_old();
  const auto first = change(ExpireKeys{});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->more);
  keep_house();
  EXPECT_EQ(all_events({}).size(), waiting.size());
  EXPECT_EQ(all_deliveries({}).size(), waiting.size());
  const auto rows = due_now(webhook);
  ASSERT_EQ(rows.size(), waiting.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].id, waiting[i]);
  EXPECT_FALSE(change(ExpireKeys{})->more);
}

}  // namespace eventrelay
