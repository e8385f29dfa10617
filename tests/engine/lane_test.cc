#include "engine/lane.h"

#include <gtest/gtest.h>

#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = from_unix_ms(1'000'000'000);

PendingDelivery row(std::int64_t id, milliseconds due_in) {
  PendingDelivery delivery;
  delivery.id = DeliveryId{id};
  delivery.sort_at = delivery.due = delivery.first_due = kNow + due_in;
  return delivery;
}

struct LaneTest : testing::Test {
  void change(void (*edit)(WebhookSpec&)) {
    auto next = std::make_shared<Webhook>(*lane.webhook());
    edit(next->spec);
    lane.set_webhook(next);
  }
  void order() {
    change([](WebhookSpec& spec) { spec.ordered = true; });
  }

  WindowBudget budget;
  Lane lane{webhook_of(1), budget, {}};
};

TEST_F(LaneTest, sends_what_is_due_and_not_before) {
  EXPECT_FALSE(lane.can_start(kNow));
  lane.window.put(row(1, 5s));
  EXPECT_FALSE(lane.can_start(kNow));
  EXPECT_EQ(lane.next_look(kNow), kNow + 5s);
  EXPECT_TRUE(lane.can_start(kNow + 5s));
}

TEST_F(LaneTest, sends_no_more_at_once_than_its_webhook_allows) {
  change([](WebhookSpec& spec) { spec.max_in_flight = 2; });
  lane.window.put(row(1, 0s));
  lane.sending = 1;
  EXPECT_TRUE(lane.can_start(kNow));
  lane.sending = 2;
  EXPECT_FALSE(lane.can_start(kNow));
}

TEST_F(LaneTest, sends_and_reads_nothing_while_disabled) {
  lane.window.put(row(1, 0s));
  lane.window.set_beyond({});
  change([](WebhookSpec& spec) { spec.enabled = false; });
  EXPECT_FALSE(lane.can_start(kNow));
  EXPECT_FALSE(lane.wants_refill(kNow));
  EXPECT_FALSE(lane.next_look(kNow));
}

TEST_F(LaneTest, an_ordered_one_waits_for_the_commit_of_the_one_before) {
  order();
  lane.window.put(row(2, 0s));
  lane.busy.emplace(DeliveryId{1}, Busy{.delivery = row(1, 0s), .stage = Busy::Stage::kCommitting});
  EXPECT_FALSE(lane.can_start(kNow));
  lane.busy.clear();
  EXPECT_TRUE(lane.can_start(kNow));
}

TEST_F(LaneTest, an_ordered_one_waits_for_rows_that_may_go_first) {
  order();
  lane.window.put(row(2, 0s));
  lane.window.set_beyond({kNow - 1s, DeliveryId{1}});
  EXPECT_FALSE(lane.can_start(kNow));
  EXPECT_TRUE(lane.wants_refill(kNow));
  lane.window.begin_refill(kFirstOrganization, WebhookId{1}, kNow);
  EXPECT_FALSE(lane.can_start(kNow));
  lane.window.end_refill({}, [](const PendingDelivery&) { return false; });
  EXPECT_TRUE(lane.can_start(kNow));
}

TEST_F(LaneTest, an_ordered_one_waits_for_the_retry_of_its_first) {
  order();
  PendingDelivery first = row(1, -10s);
  first.due = kNow + 20s;
  lane.window.put(first);
  lane.window.put(row(2, -5s));
  EXPECT_FALSE(lane.can_start(kNow));
  EXPECT_EQ(lane.next_look(kNow), kNow + 20s);
}

TEST_F(LaneTest, a_person_may_ask_for_the_first_of_an_ordered_one_at_once) {
  order();
  PendingDelivery first = row(1, -10s);
  first.due = kNow + 20s;
  first.manual = true;
  lane.window.put(first);
  EXPECT_TRUE(lane.can_start(kNow));
}

TEST_F(LaneTest, a_row_whose_place_is_earlier_than_its_due_time_waits_for_it) {
  // Read between the commit that ended the order and the news of it, or the reverse.
  PendingDelivery retry = row(1, -10s);
  retry.due = kNow + 20s;
  lane.window.put(retry);
  EXPECT_FALSE(lane.can_start(kNow));
}

TEST_F(LaneTest, falls_to_one_at_a_time_after_time_outs_until_a_success) {
  lane.window.put(row(1, 0s));
  lane.sending = 1;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(lane.can_start(kNow));
    lane.note_outcome(failure_of(AttemptError::kTimeout), false);
  }
  EXPECT_FALSE(lane.can_start(kNow));
  lane.note_outcome(answer_of(500), false);
  EXPECT_FALSE(lane.can_start(kNow));
  lane.note_outcome(answer_of(200), true);
  EXPECT_TRUE(lane.can_start(kNow));
}

TEST_F(LaneTest, reads_what_is_near_and_leaves_what_is_far_in_the_store) {
  lane.window.set_beyond({kNow + milliseconds(kRetryHorizon) / 2 + 1ms, DeliveryId{1}});
  EXPECT_FALSE(lane.wants_refill(kNow));
  EXPECT_EQ(lane.next_look(kNow), kNow + 1ms);
  EXPECT_TRUE(lane.wants_refill(kNow + 1ms));
}

TEST_F(LaneTest, reads_rows_that_go_before_its_first_even_when_it_holds_many) {
  for (int id = 10; id < 10 + static_cast<int>(kLaneEntriesMax); ++id) lane.window.put(row(id, 5s));
  lane.window.set_beyond({kNow + 10s, DeliveryId{}});
  EXPECT_FALSE(lane.wants_refill(kNow));
  lane.window.set_beyond({kNow, DeliveryId{1}});
  EXPECT_TRUE(lane.wants_refill(kNow));
}

TEST_F(LaneTest, reads_once_at_a_time_and_waits_after_a_failed_read) {
  lane.window.set_beyond({});
  EXPECT_TRUE(lane.wants_refill(kNow));
  lane.reading_later = true;
  EXPECT_FALSE(lane.wants_refill(kNow));
  lane.reading_later = false;
  lane.window.begin_refill(kFirstOrganization, WebhookId{1}, kNow);
  lane.window.set_beyond({});
  EXPECT_FALSE(lane.wants_refill(kNow));
}

TEST_F(LaneTest, what_waited_for_its_payload_goes_on_unless_overtaken_or_too_many) {
  lane.sending = 1;
  EXPECT_TRUE(lane.may_go_on({kNow, DeliveryId{5}}));
  lane.window.put(row(4, -1s));
  EXPECT_TRUE(lane.may_go_on({kNow, DeliveryId{5}}));
  order();
  EXPECT_FALSE(lane.may_go_on({kNow, DeliveryId{5}}));
  EXPECT_TRUE(lane.may_go_on({kNow - 2s, DeliveryId{3}}));
  lane.window.set_beyond({kNow - 3s, DeliveryId{2}});
  EXPECT_FALSE(lane.may_go_on({kNow - 2s, DeliveryId{3}}));
  lane.sending = 2;
  EXPECT_FALSE(lane.may_go_on({kNow - 4s, DeliveryId{1}}));
}

TEST_F(LaneTest, has_no_target_where_the_url_cannot_be_sent_to) {
  ASSERT_TRUE(lane.target());
  EXPECT_EQ(lane.target()->host, "receiver.test");
  change([](WebhookSpec& spec) { spec.url = "ftp://x"; });
  EXPECT_FALSE(lane.target());
}

}  // namespace
}  // namespace eventrelay
