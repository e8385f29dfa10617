// What people change in a lane: attempts by hand, what they cancel, disable, delete and test.
#include "engine/dispatcher.h"
#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct DispatcherPeopleTest : DispatcherFixture {};
using Bodies = std::vector<std::string>;

TEST_F(DispatcherPeopleTest, a_failed_attempt_by_hand_uses_up_nothing_of_the_schedule) {
  add_webhook();
  start();
  PendingDelivery asked = delivery(7, 20s);
  asked.attempts = asked.position = 1;
  asked.sort_at = loop.wall_now();
  asked.manual = true;
  hand_over(asked);
  ASSERT_EQ(transport.open(), 1u);
  answer(500);
  const FinishAttempt finish = *store.finishes.front();
  EXPECT_TRUE(finish.manual);
  EXPECT_EQ(finish.number, 2u);
  EXPECT_EQ(finish.position, 1u);
  EXPECT_EQ(finish.due, asked.due);
  EXPECT_EQ(finish.state, DeliveryState::kPending);
  commit();
  pass(20s);
  EXPECT_EQ(transport.bodies.size(), 2u);
}

TEST_F(DispatcherPeopleTest, a_delivery_asked_for_while_it_is_sent_is_read_again_at_its_end) {
  add_webhook();
  start();
  hand_over(delivery(7));
  PendingDelivery asked = delivery(7);
  asked.manual = true;
  hand_over(asked);
  EXPECT_EQ(transport.open(), 1u);
  answer(500);
  commit();
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_LE(store.due_reads.front().after_sort_at, asked.sort_at);
  asked.attempts = 1;
  store.due_reads.answer(DuePage{{asked}, {}});
  time.run_ready();
  EXPECT_EQ(transport.bodies.size(), 2u);
}

TEST_F(DispatcherPeopleTest, a_cancelled_delivery_is_not_sent) {
  add_webhook();
  start();
  hand_over(delivery(1, 5s));
  cancel(1);
  time.run_for(1min);
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(DispatcherPeopleTest, a_disabled_webhooks_deliveries_wait_in_the_store_until_it_is_enabled) {
  auto webhook = add_webhook();
  start();
  hand_over(delivery(1, 5s));
  auto disabled = std::make_shared<Webhook>(*webhook);
  disabled->spec.enabled = false;
  change_webhook(disabled);
  hand_over(delivery(2));
  time.run_for(1h);
  EXPECT_TRUE(transport.bodies.empty());
  EXPECT_TRUE(store.due_reads.empty());
  EXPECT_EQ(dispatcher->window().entries, 0u);
  change_webhook(webhook);
  ASSERT_EQ(store.due_reads.size(), 1u);
  store.due_reads.answer(DuePage{{delivery(1, -1h), delivery(2, -1h)}, {}});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
}

TEST_F(DispatcherPeopleTest, a_test_is_sent_once_though_its_webhook_is_disabled) {
  auto webhook = webhook_of(1);
  webhook->spec.enabled = false;
  webhook->spec.ordered = true;
  catalog.put(webhook);
  start({{WebhookId{1}, loop.wall_now() - 1h}});
  hand_over(delivery(1));
  PendingDelivery test = delivery(2);
  test.is_test = true;
  hand_over(test);
  EXPECT_EQ(transport.bodies, (Bodies{"2"})) << "nothing else of it";
  answer(500);
  commit(DeliveryState::kPending);
  time.run_for(1h);
  EXPECT_EQ(transport.bodies, (Bodies{"2"})) << "the rest of its schedule waits";
  EXPECT_TRUE(store.due_reads.empty());
  auto enabled = std::make_shared<Webhook>(*webhook);
  enabled->spec.enabled = true;
  change_webhook(enabled);
  ASSERT_EQ(store.due_reads.size(), 1u);
  store.due_reads.answer(DuePage{{delivery(1, -1h), delivery(2, -1h)}, {}});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"2", "1"}));
}

TEST_F(DispatcherPeopleTest, a_test_of_a_deleted_webhook_is_not_sent) {
  auto webhook = add_webhook();
  start();
  auto deleted = std::make_shared<Webhook>(*webhook);
  deleted->deleted = true;
  change_webhook(deleted);
  PendingDelivery test = delivery(1);
  test.is_test = true;
  hand_over(test);
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(DispatcherPeopleTest, a_test_whose_payload_is_not_at_hand_is_read_and_sent) {
  auto webhook = webhook_of(1);
  webhook->spec.enabled = false;
  catalog.put(webhook);
  start();
  PendingDelivery test = delivery(1);
  test.is_test = true;
  test.message.reset();
  hand_over(test);
  load();
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherPeopleTest, a_deleted_webhooks_lane_ends_when_its_last_attempt_is_committed) {
  auto webhook = add_webhook();
  start();
  hand_over(delivery(1));
  hand_over(delivery(2, 5s));
  auto deleted = std::make_shared<Webhook>(*webhook);
  deleted->deleted = true;
  change_webhook(deleted);
  answer(500);
  commit(DeliveryState::kCancelled);
  hand_over(delivery(3));
  time.run_for(1h);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  EXPECT_EQ(dispatcher->window().entries, 0u);
}

}  // namespace
}  // namespace eventrelay
