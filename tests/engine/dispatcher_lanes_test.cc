// What a lane sends and when: order, the store behind the window, bounds.
#include "engine/dispatcher.h"
#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct DispatcherLanesTest : DispatcherFixture {
  std::shared_ptr<Webhook> ordered_webhook() {
    auto webhook = webhook_of(1);
    webhook->spec.ordered = true;
    catalog.put(webhook);
    return webhook;
  }
};
using Bodies = std::vector<std::string>;

// ---- Order ---------------------------------------------------------------------------------------------------------

TEST_F(DispatcherLanesTest, an_ordered_webhook_gets_the_next_when_the_one_before_is_committed) {
  ordered_webhook();
  start();
  hand_over(delivery(1));
  hand_over(delivery(2));
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  answer(200);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  commit();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
}

TEST_F(DispatcherLanesTest, an_ordered_webhooks_retries_come_before_what_is_behind_them) {
  ordered_webhook();
  start();
  hand_over(delivery(1));
  hand_over(delivery(2));
  answer(500);
  commit();
  pass(1s);
  EXPECT_EQ(transport.bodies, (Bodies{"1", "1"}));
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "1", "2"}));
}

TEST_F(DispatcherLanesTest, a_change_of_order_reads_the_lane_again_and_ignores_what_was_asked_before) {
  auto webhook = add_webhook();
  start({{WebhookId{1}, loop.wall_now()}});
  ASSERT_EQ(store.due_reads.size(), 1u);
  auto ordered = std::make_shared<Webhook>(*webhook);
  ordered->spec.ordered = true;
  change_webhook(ordered);
  ASSERT_EQ(store.due_reads.size(), 2u);
  store.due_reads.answer(DuePage{{delivery(2)}, {}});
  time.run_ready();
  EXPECT_TRUE(transport.bodies.empty());
  store.due_reads.answer(DuePage{{delivery(1), delivery(2)}, {}});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherLanesTest, a_delivery_that_its_commit_then_put_into_order_has_its_place_by_that) {
  // One commit: a person asks for it, then the webhook becomes ordered. Webhooks' news come first.
  ordered_webhook();
  start();
  PendingDelivery scheduled = delivery(1, 20s);
  scheduled.sort_at = loop.wall_now() - 1s;  // where the request alone had put it
  scheduled.manual = true;
  hand_over(scheduled);
  hand_over(delivery(2));
  EXPECT_EQ(transport.bodies, (Bodies{"2"}));
}

TEST_F(DispatcherLanesTest, what_waits_for_its_payload_lets_an_earlier_one_go_first_where_order_is_asked) {
  ordered_webhook();
  start();
  PendingDelivery bare = delivery(5);
  bare.message.reset();
  hand_over(bare);
  ASSERT_EQ(store.message_reads.size(), 1u);
  hand_over(delivery(1, -1s));  // opened again by a person
  store.message_reads.answer(std::vector<MessagePtr>{message_of(EventId{5}, "5")});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "5"}));
}

// ---- The store behind the window -----------------------------------------------------------------------------------

TEST_F(DispatcherLanesTest, the_start_finds_lanes_slice_by_slice_and_reads_what_is_due) {
  add_webhook(1);
  add_webhook(2);
  dispatcher = std::make_unique<Dispatcher>(options, loop, store, transport, catalog, metrics);
  dispatcher->own(all_partitions(), {});
  EXPECT_EQ(store.lane_reads.front().after, WebhookId{});
  store.lane_reads.answer(LanePage{{{WebhookId{1}, loop.wall_now() - 1h}}, false});
  time.run_ready();
  ASSERT_EQ(store.lane_reads.size(), 1u);
  EXPECT_EQ(store.lane_reads.front().after, WebhookId{1});
  store.lane_reads.answer(LanePage{{{WebhookId{2}, loop.wall_now() + 10min}}, true});
  time.run_ready();
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().webhook, WebhookId{1});
  store.due_reads.answer(DuePage{{delivery(1)}, {}});
  time.run_for(10min);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().webhook, WebhookId{2});
}

TEST_F(DispatcherLanesTest, a_read_that_fails_is_made_again_after_a_while) {
  add_webhook();
  dispatcher = std::make_unique<Dispatcher>(options, loop, store, transport, catalog, metrics);
  dispatcher->own(all_partitions(), {});
  store.lane_reads.fail(ErrorCode::kTimeout);
  time.run_for(200ms);
  ASSERT_EQ(store.lane_reads.size(), 1u);
  store.lane_reads.answer(LanePage{{{WebhookId{1}, loop.wall_now()}}, true});
  time.run_ready();
  store.due_reads.fail(ErrorCode::kUnavailable);
  time.run_for(199ms);
  EXPECT_TRUE(store.due_reads.empty());
  time.run_for(1ms);
  ASSERT_EQ(store.due_reads.size(), 1u);
  PendingDelivery bare = delivery(1);
  bare.message.reset();
  store.due_reads.answer(DuePage{{bare}, {}});
  time.run_ready();
  store.message_reads.fail(ErrorCode::kTimeout);
  time.run_ready();
  EXPECT_TRUE(store.message_reads.empty());
  time.run_for(200ms);
  EXPECT_EQ(store.due_reads.size(), 1u);
}

TEST_F(DispatcherLanesTest, a_hand_over_before_the_scan_has_ended_reads_what_may_be_before_it) {
  ordered_webhook();
  dispatcher = std::make_unique<Dispatcher>(options, loop, store, transport, catalog, metrics);
  dispatcher->own(all_partitions(), {});
  hand_over(delivery(2));
  EXPECT_TRUE(transport.bodies.empty());
  ASSERT_EQ(store.due_reads.size(), 1u);
  store.due_reads.answer(DuePage{{delivery(1), delivery(2)}, {}});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherLanesTest, a_change_of_order_during_the_scan_counts_more_than_the_scans_older_page) {
  auto webhook = add_webhook();
  dispatcher = std::make_unique<Dispatcher>(options, loop, store, transport, catalog, metrics);
  dispatcher->own(all_partitions(), {});
  auto ordered = std::make_shared<Webhook>(*webhook);
  ordered->spec.ordered = true;
  change_webhook(ordered);
  store.lane_reads.answer(LanePage{{{WebhookId{1}, loop.wall_now() + 1h}}, true});
  time.run_ready();
  hand_over(delivery(2));
  EXPECT_TRUE(transport.bodies.empty());
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
}

TEST_F(DispatcherLanesTest, what_did_not_fit_the_window_is_read_when_there_is_room) {
  auto webhook = webhook_of(1);
  webhook->spec.max_in_flight = 1;
  catalog.put(webhook);
  start();
  std::vector<PendingDelivery> all;
  for (int id = 1; id <= 7; ++id) {
    all.push_back(delivery(id));
    hand_over(all.back());
  }
  EXPECT_EQ(dispatcher->window().entries, 4u);
  for (int id = 1; id <= 3; ++id) deliver();
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_id, DeliveryId{5});
  store.due_reads.answer(DuePage{{all[5], all[6]}, {}});
  time.run_ready();
  for (int id = 4; id <= 7; ++id) deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "3", "4", "5", "6", "7"}));
  EXPECT_TRUE(store.due_reads.empty());
}

TEST_F(DispatcherLanesTest, what_comes_due_bit_by_bit_is_read_in_batches) {
  add_webhook();
  options.window.lane_entries_max = kLaneEntriesMax;
  std::vector<PendingDelivery> stored;
  for (int id = 1; id <= 120; ++id) stored.push_back(delivery(id, id * 1s));
  start({{WebhookId{1}, stored.front().sort_at}});
  int reads = 0;
  for (int second = 0; second < 130; ++second) {
    for (; !store.due_reads.empty(); time.run_ready()) {
      const DueQuery query = store.due_reads.front();
      DuePage page;
      for (const PendingDelivery& row : stored) {
        if (row.sort_at <= query.after_sort_at) continue;
        if (row.sort_at <= query.until) page.rows.push_back(row);
        if (row.sort_at > query.until && !page.next_sort_at) page.next_sort_at = row.sort_at;
      }
      store.due_reads.answer(page);
      reads += 1;
    }
    time.run_for(1s);
  }
  EXPECT_EQ(transport.bodies.size(), 32u);  // as many as may be under way
  EXPECT_LE(reads, 10);
}

TEST_F(DispatcherLanesTest, a_page_that_was_read_before_a_commit_brings_back_nothing_that_is_over) {
  add_webhook();
  start();
  hand_over(delivery(1));
  dispatcher->on_pending(delivery(9, 1h));  // beyond the horizon: in the store alone
  dispatcher->pump();
  hand_over([&] {
    PendingDelivery asked = delivery(1);
    asked.manual = true;
    return asked;
  }());
  answer(200);
  commit();
  ASSERT_EQ(store.due_reads.size(), 1u);  // for the request by hand
  hand_over(delivery(2));
  const PendingDelivery stale = delivery(2);
  deliver();
  store.due_reads.answer(DuePage{{stale}, {}});
  time.run_ready();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
}

TEST_F(DispatcherLanesTest, what_is_cancelled_while_its_payload_is_read_is_not_sent) {
  add_webhook();
  start();
  PendingDelivery bare = delivery(5);
  bare.message.reset();
  hand_over(bare);
  cancel(5);
  store.message_reads.answer(std::vector<MessagePtr>{message_of(EventId{5})});
  time.run_ready();
  EXPECT_TRUE(transport.bodies.empty());
  EXPECT_EQ(dispatcher->in_flight(), 0u);
}

// ---- Bounds and isolation ------------------------------------------------------------------------------------------

TEST_F(DispatcherLanesTest, a_lane_with_few_under_way_has_half_of_the_cap_for_itself) {
  options.in_flight_max = 4;
  add_webhook(1);
  add_webhook(2);
  options.window.lane_entries_max = 16;
  start();
  for (int id = 1; id <= 6; ++id) hand_over(delivery(id, 0ms, 1));
  EXPECT_EQ(transport.open(), 2u);
  hand_over(delivery(11, 0ms, 2));
  hand_over(delivery(12, 0ms, 2));
  EXPECT_EQ(transport.open(), 4u);
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "11", "12"}));
}

TEST_F(DispatcherLanesTest, a_payload_counts_until_its_attempt_has_ended) {
  add_webhook();
  start();
  PendingDelivery large = delivery(1);
  large.message = message_of(EventId{1}, std::string(100, 'x'));
  hand_over(large);
  PendingDelivery bare = delivery(2);
  bare.message.reset();
  hand_over(bare);
  store.message_reads.answer(std::vector<MessagePtr>{message_of(EventId{2}, std::string(50, 'x'))});
  time.run_ready();
  ASSERT_EQ(transport.open(), 2u);
  EXPECT_EQ(dispatcher->window().payload_bytes, 150u);
  answer(200);
  EXPECT_EQ(dispatcher->window().payload_bytes, 50u);
  answer(500);
  EXPECT_EQ(dispatcher->window().payload_bytes, 0u);
}

TEST_F(DispatcherLanesTest, lanes_that_send_wait_while_payloads_fill_the_budget_and_others_may_send_one) {
  options.window.payload_bytes_max = 180;
  add_webhook(1);
  add_webhook(2);
  start();
  for (int id = 1; id <= 4; ++id) {
    PendingDelivery large = delivery(id, 0ms, id == 4 ? 2 : 1);
    large.message = message_of(EventId{id}, std::string(90, 'x'));
    hand_over(large);
    if (store.message_reads.empty()) continue;
    store.message_reads.answer(std::vector<MessagePtr>{message_of(EventId{id}, std::string(90, 'x'))});
    time.run_ready();
  }
  std::vector<EventId> sent;
  for (std::size_t i = 0; i < transport.open(); ++i) sent.push_back(transport.request(i).message->event);
  EXPECT_EQ(sent, (std::vector{EventId{1}, EventId{2}, EventId{4}}));
  EXPECT_EQ(dispatcher->window().payload_bytes, 270u);
  answer(200);
  EXPECT_TRUE(store.message_reads.empty());
  answer(200);
  EXPECT_EQ(store.message_reads.size(), 1u);
}

TEST_F(DispatcherLanesTest, lanes_take_turns) {
  options.in_flight_max = 1;
  add_webhook(1);
  add_webhook(2);
  start();
  hand_over(delivery(1, 0ms, 1));
  hand_over(delivery(2, 0ms, 1));
  hand_over(delivery(3, 0ms, 1));
  hand_over(delivery(11, 0ms, 2));
  for (int i = 0; i < 4; ++i) deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "11", "2", "3"}));
}

TEST_F(DispatcherLanesTest, a_lane_keeps_its_turn_however_much_comes_for_it) {
  options.in_flight_max = 1;
  add_webhook(1);
  add_webhook(2);
  add_webhook(3);
  start();
  hand_over(delivery(1, 0ms, 1));
  hand_over(delivery(11, 0ms, 2));
  hand_over(delivery(21, 0ms, 3));
  hand_over(delivery(12, 0ms, 2));
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "11"}));
}

TEST_F(DispatcherLanesTest, another_loops_webhooks_are_left_to_it) {
  options.loop_count = 2;
  options.loop_index = 1 - partition_of(WebhookId{1}) % 2;
  add_webhook(1);
  start({{WebhookId{1}, loop.wall_now()}});
  hand_over(delivery(1));
  EXPECT_TRUE(transport.bodies.empty());
  EXPECT_TRUE(store.due_reads.empty());
}

TEST_F(DispatcherLanesTest, the_gauges_are_the_sum_of_all_loops) {
  add_webhook(1);
  start();
  hand_over(delivery(1));
  hand_over(delivery(2, 5s));
  EXPECT_EQ(metrics.attempts_in_flight.Value(), 1);
  EXPECT_EQ(metrics.window_entries.Value(), 1);
  FakeStore its_store;
  Dispatcher other(options, loop, its_store, transport, catalog, metrics);
  other.own(all_partitions(), {});
  other.on_pending(delivery(3));
  other.pump();
  EXPECT_EQ(metrics.attempts_in_flight.Value(), 2);
  EXPECT_EQ(metrics.window_entries.Value(), 1);
  dispatcher.reset();
  EXPECT_EQ(metrics.attempts_in_flight.Value(), 1);
  EXPECT_EQ(metrics.window_entries.Value(), 0);
}

}  // namespace
}  // namespace eventrelay
