// News of a store that several processes share: late, twice, out of order, beside reads that may have seen them.
#include "engine/dispatcher.h"
#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

using Bodies = std::vector<std::string>;

struct DispatcherArrivalsTest : DispatcherFixture {
  /// Has seen all commits up to that one.
  static ReadPoint up_to(std::uint64_t commit) { return {commit + 1, commit + 1, {}}; }

  void begin(std::vector<LaneStart> lanes = {}, std::uint64_t seen = 10) {
    dispatcher = std::make_unique<Dispatcher>(options, loop, store, transport, catalog, metrics);
    dispatcher->own(all_partitions(), {});
    store.lane_reads.answer(LanePage{std::move(lanes), true, up_to(seen)});
    time.run_ready();
  }
  /// A lane whose store is to be read from its start.
  void begin_reading() {
    begin({{WebhookId{1}, loop.wall_now() - 1h}});
    ASSERT_EQ(store.due_reads.size(), 1u);
  }
  PendingDelivery row(std::int64_t id, std::uint64_t commit, milliseconds due_in = 0ms) {
    PendingDelivery made = delivery(id, due_in);
    made.commit = commit;
    return made;
  }
  /// As its attempt by the schedule left it.
  PendingDelivery asked_for(PendingDelivery was, std::uint64_t commit) {
    was.manual = true;
    was.sort_at = loop.wall_now();
    was.commit = commit;
    return was;
  }
  void answer_read(std::vector<PendingDelivery> rows, std::uint64_t seen, std::optional<WallTime> next = {}) {
    store.due_reads.answer(DuePage{std::move(rows), next, up_to(seen)});
    time.run_ready();
  }
  std::shared_ptr<Webhook> ordered_webhook() {
    auto webhook = webhook_of(1);
    webhook->spec.ordered = true;
    catalog.put(webhook);
    return webhook;
  }
};

// ---- What a read has seen ------------------------------------------------------------------------------------------

TEST_F(DispatcherArrivalsTest, what_no_read_has_seen_is_sent_at_once) {
  add_webhook();
  begin();
  hand_over(row(1, 11));
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
  EXPECT_TRUE(store.due_reads.empty());
}

TEST_F(DispatcherArrivalsTest, what_a_read_has_loaded_is_not_sent_again_by_its_late_news) {
  add_webhook();
  begin_reading();
  answer_read({row(1, 20)}, 20);
  deliver();
  hand_over(row(1, 20));
  hand_over(row(2, 21));
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
}

TEST_F(DispatcherArrivalsTest, what_was_over_when_its_partition_was_scanned_is_not_sent_by_its_late_news) {
  add_webhook();
  begin({}, 10);
  hand_over(row(1, 10));
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(DispatcherArrivalsTest, what_was_over_when_its_lane_was_found_is_not_sent_by_its_late_news) {
  add_webhook();
  begin({{WebhookId{1}, loop.wall_now() + 10min}}, 10);
  hand_over(row(1, 10));
  hand_over(row(2, 11));
  EXPECT_EQ(transport.bodies, (Bodies{"2"}));
}

TEST_F(DispatcherArrivalsTest, news_that_come_again_do_not_undo_an_attempt) {
  add_webhook();
  begin();
  hand_over(row(1, 11));
  answer(500);
  commit();
  hand_over(row(1, 11));
  EXPECT_EQ(transport.bodies.size(), 1u);
  pass(1s);
  ASSERT_EQ(transport.bodies.size(), 2u);
  answer(500);
  EXPECT_EQ(store.finishes.front()->number, 2u);
}

TEST_F(DispatcherArrivalsTest, what_a_read_left_in_the_store_is_read_in_its_turn_not_taken_from_the_news) {
  auto webhook = webhook_of(1);
  webhook->spec.max_in_flight = 1;
  catalog.put(webhook);
  begin_reading();
  answer_read({row(1, 20), row(2, 20), row(3, 20), row(4, 20)}, 20, loop.wall_now());
  hand_over(row(5, 20));
  hand_over(row(6, 21));  // behind what is in the store: read there too
  EXPECT_EQ(dispatcher->window().entries, 3u);
  for (int i = 0; i < 2; ++i) deliver();
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_id, DeliveryId{4});
  answer_read({row(5, 20), row(6, 21)}, 22);
  for (int i = 0; i < 4; ++i) deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "3", "4", "5", "6"}));
}

TEST_F(DispatcherArrivalsTest, news_before_the_place_of_a_read_are_taken_whatever_it_has_seen) {
  add_webhook();
  begin({{WebhookId{1}, loop.wall_now() + 10s}}, 10);
  answer_read({row(9, 5, 10s)}, 20);
  dispatcher->rescan(all_partitions());
  store.lane_reads.answer(LanePage{{}, true, {}});
  time.run_ready();
  hand_over(row(1, 11));
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

// ---- While a read is under way -------------------------------------------------------------------------------------

TEST_F(DispatcherArrivalsTest, news_during_a_read_that_has_seen_them_are_sent_once) {
  add_webhook();
  begin_reading();
  hand_over(row(1, 20));
  EXPECT_TRUE(transport.bodies.empty());
  answer_read({row(1, 20)}, 20);
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherArrivalsTest, news_during_a_read_that_saw_them_to_be_over_are_not_sent) {
  add_webhook();
  begin_reading();
  hand_over(row(1, 20));
  answer_read({}, 25);
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(DispatcherArrivalsTest, news_during_a_read_that_has_not_seen_them_are_sent_after_it) {
  add_webhook();
  begin_reading();
  hand_over(row(2, 21));
  answer_read({row(1, 20)}, 20);
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
}

TEST_F(DispatcherArrivalsTest, news_during_a_read_that_fails_are_found_by_the_next) {
  add_webhook();
  begin_reading();
  hand_over(row(1, 20));
  store.due_reads.fail(ErrorCode::kUnavailable);
  time.run_for(200ms);
  answer_read({row(1, 20)}, 20);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherArrivalsTest, what_is_cancelled_while_it_waits_for_a_read_is_not_sent) {
  add_webhook();
  begin_reading();
  hand_over(row(1, 21));
  cancel(1);
  answer_read({}, 20);
  EXPECT_TRUE(transport.bodies.empty());
}

TEST_F(DispatcherArrivalsTest, more_news_than_may_wait_for_a_read_are_read_from_the_store) {
  add_webhook();
  begin_reading();
  for (int id = 1; id <= 65; ++id) hand_over(row(id, 21));
  answer_read({}, 20);
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_LE(store.due_reads.front().after_id, DeliveryId{64});
}

TEST_F(DispatcherArrivalsTest, what_waits_for_a_read_counts_for_the_budget_of_payloads) {
  options.window.payload_bytes_max = 300;
  add_webhook();
  begin_reading();
  const std::size_t asked = dispatcher->window().payload_bytes;
  for (int id = 1; id <= 3; ++id) {
    PendingDelivery large = row(id, 21);
    large.message = message_of(EventId{id}, std::string(60, 'x'));
    hand_over(large);
  }
  EXPECT_EQ(dispatcher->window().payload_bytes, asked + 60);
  answer_read({}, 30);
  EXPECT_EQ(dispatcher->window().payload_bytes, 0u);
}

// ---- What people ask for again -------------------------------------------------------------------------------------

TEST_F(DispatcherArrivalsTest, a_request_is_read_from_the_store_and_replaces_what_the_window_holds) {
  add_webhook();
  begin();
  PendingDelivery later = row(1, 11, 20s);
  hand_over(later);
  const PendingDelivery asked = asked_for(later, 12);
  hand_over(asked);
  EXPECT_TRUE(transport.bodies.empty());
  answer_read({asked}, 12);
  ASSERT_EQ(transport.bodies, (Bodies{"1"}));
  answer(200);
  EXPECT_TRUE(store.finishes.front()->manual);
}

TEST_F(DispatcherArrivalsTest, a_request_that_a_read_saw_before_its_news_came_is_done) {
  add_webhook();
  begin();
  PendingDelivery later = row(1, 11, 20s);
  hand_over(later);
  PendingDelivery other = row(2, 12);
  other.attempts = 1;
  hand_over(other);  // reads
  const PendingDelivery asked = asked_for(later, 13);
  answer_read({asked, other}, 13);
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
  hand_over(asked);
  deliver();
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
  EXPECT_TRUE(store.due_reads.empty());
}

TEST_F(DispatcherArrivalsTest, a_read_older_than_what_the_window_holds_changes_nothing) {
  add_webhook();
  begin({{WebhookId{1}, loop.wall_now()}});
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer_read({row(1, 5)}, 10);
  PendingDelivery other = row(2, 11);
  other.attempts = 1;
  hand_over(other);
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer(500);
  commit();
  answer_read({row(1, 5)}, 10);  // taken before the end of the attempt
  for (; !store.due_reads.empty(); time.run_ready()) answer_read({}, 12);
  pass(1s);
  ASSERT_EQ(transport.bodies.size(), 2u);
  answer(500);
  EXPECT_EQ(store.finishes.front()->number, 2u);
}

TEST_F(DispatcherArrivalsTest, a_request_seen_while_its_delivery_was_under_way_is_read_at_its_end) {
  add_webhook();
  begin();
  hand_over(row(5, 11));
  PendingDelivery other = row(2, 12);
  other.attempts = 1;
  hand_over(other);
  PendingDelivery asked = asked_for(row(5, 11), 13);
  answer_read({asked, other}, 13);
  EXPECT_EQ(transport.bodies, (Bodies{"5", "2"}));
  answer(500);
  commit();
  hand_over(asked);  // late: the read has seen it
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_LE(store.due_reads.front().after_sort_at, asked.sort_at);
}

TEST_F(DispatcherArrivalsTest, a_request_whose_news_come_after_the_attempts_end_is_found_standing) {
  add_webhook();
  begin();
  hand_over(row(1, 11));
  const PendingDelivery asked = asked_for(row(1, 11), 12);
  answer(500);
  commit();
  hand_over(asked);
  ASSERT_EQ(store.due_reads.size(), 1u);
  PendingDelivery standing = asked;
  standing.attempts = standing.position = 1;
  answer_read({standing}, 13);
  load();
  ASSERT_EQ(transport.bodies.size(), 2u);
  answer(500);
  EXPECT_EQ(store.finishes.front()->number, 2u);
  EXPECT_TRUE(store.finishes.front()->manual);
}

TEST_F(DispatcherArrivalsTest, news_that_come_again_while_their_delivery_is_under_way_cost_no_read) {
  add_webhook();
  begin();
  hand_over(row(1, 11));
  hand_over(row(1, 11));
  answer(500);
  commit();
  EXPECT_TRUE(store.due_reads.empty());
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

// ---- Order ---------------------------------------------------------------------------------------------------------

TEST_F(DispatcherArrivalsTest, an_ordered_lane_is_only_woken_and_sends_the_lowest_that_is_pending) {
  ordered_webhook();
  begin();
  hand_over(row(5, 12));
  EXPECT_TRUE(transport.bodies.empty());
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
  answer_read({row(4, 11), row(5, 12)}, 12);
  hand_over(row(4, 11));
  hand_over(row(5, 12));
  EXPECT_EQ(transport.bodies, (Bodies{"4"}));
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"4", "5"}));
  EXPECT_TRUE(store.due_reads.empty());
}

TEST_F(DispatcherArrivalsTest, an_ordered_lane_looks_again_once_the_one_before_is_final) {
  ordered_webhook();
  begin();
  hand_over(row(3, 12));
  answer_read({row(3, 12), row(6, 12)}, 12);
  hand_over(row(5, 13));
  EXPECT_TRUE(store.due_reads.empty());
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"3"}));
  ASSERT_EQ(store.due_reads.size(), 1u);
  EXPECT_EQ(store.due_reads.front().after_sort_at, WallTime{});
  EXPECT_LE(store.due_reads.front().limit, 16u);
  answer_read({row(5, 13), row(6, 12)}, 13);
  EXPECT_EQ(transport.bodies, (Bodies{"3", "5"}));
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"3", "5", "6"}));
}

TEST_F(DispatcherArrivalsTest, an_ordered_lane_gets_on_however_often_it_is_woken_while_it_looks) {
  ordered_webhook();
  begin();
  hand_over(row(1, 11));
  for (int id = 1; id <= 5; ++id) {
    ASSERT_EQ(store.due_reads.size(), 1u);
    hand_over(row(id + 1, static_cast<std::uint64_t>(11 + id)));  // not seen by the look under way
    answer_read({row(id, static_cast<std::uint64_t>(10 + id))}, static_cast<std::uint64_t>(10 + id));
    deliver();
  }
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "3", "4", "5"}));
}

TEST_F(DispatcherArrivalsTest, an_ordered_lane_that_waits_long_for_its_turn_looks_again_and_keeps_its_place) {
  options.in_flight_max = 1;
  ordered_webhook();
  for (const std::int64_t other : {2, 3}) catalog.put(webhook_of(other));
  begin_reading();
  answer_read({}, 20);
  PendingDelivery elsewhere = row(50, 21);
  elsewhere.webhook = WebhookId{2};
  hand_over(elsewhere);
  ASSERT_EQ(transport.bodies, (Bodies{"50"}));
  const PendingDelivery later = row(7, 22), earlier = row(4, 24, -10ms);
  hand_over(later);
  answer_read({later}, 22);
  elsewhere = row(51, 23);
  elsewhere.webhook = WebhookId{3};
  hand_over(elsewhere);  // behind it
  hand_over(earlier);    // before it, a moment after the look
  EXPECT_TRUE(store.due_reads.empty()) << "one look is good for a while";
  pass(1s);
  ASSERT_EQ(store.due_reads.size(), 1u) << "its turn has not come: it looks again";
  answer_read({earlier, later}, 24);
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"50", "4"}));
}

TEST_F(DispatcherArrivalsTest, a_look_brings_few_rows_and_the_rest_is_not_sent_before_it_is_read) {
  ordered_webhook();
  begin();
  hand_over(row(1, 11));
  answer_read({row(1, 11), row(2, 11), row(3, 11)}, 11);
  hand_over(row(4, 12));
  deliver();
  answer_read({row(2, 11)}, 12, loop.wall_now());  // more from here on
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
  ASSERT_TRUE(store.due_reads.size() <= 1u);
  deliver();
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2"}));
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer_read({row(3, 11), row(4, 12)}, 12);
  EXPECT_EQ(transport.bodies, (Bodies{"1", "2", "3"}));
}

TEST_F(DispatcherArrivalsTest, a_disabled_ordered_lane_that_was_woken_looks_when_it_is_enabled) {
  auto webhook = ordered_webhook();
  begin();
  auto disabled = std::make_shared<Webhook>(*webhook);
  disabled->spec.enabled = false;
  change_webhook(disabled);
  hand_over(row(1, 11));
  EXPECT_TRUE(store.due_reads.empty());
  change_webhook(webhook);
  ASSERT_EQ(store.due_reads.size(), 1u);
  answer_read({row(1, 11)}, 11);
  EXPECT_EQ(transport.bodies, (Bodies{"1"}));
}

TEST_F(DispatcherArrivalsTest, a_test_is_sent_though_its_webhook_is_disabled_and_holds_much) {
  auto webhook = ordered_webhook();
  auto disabled = std::make_shared<Webhook>(*webhook);
  disabled->spec.enabled = false;
  catalog.put(disabled);
  begin({{WebhookId{1}, loop.wall_now() - 1h}});
  PendingDelivery seen = row(1, 9);
  seen.is_test = true;
  hand_over(seen);
  EXPECT_TRUE(transport.bodies.empty()) << "the store has told of it already: it may be over";
  PendingDelivery test = row(2, 11);
  test.is_test = true;
  hand_over(row(3, 11));
  hand_over(test);
  hand_over(test);
  EXPECT_EQ(transport.bodies, (Bodies{"2"}));
  EXPECT_TRUE(store.due_reads.empty());
}

}  // namespace
}  // namespace eventrelay
