#include "engine/lane_window.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

PendingDelivery row(std::int64_t id, std::int64_t at_ms, std::size_t bytes = 0) {
  PendingDelivery delivery;
  delivery.id = DeliveryId{id};
  delivery.sort_at = from_unix_ms(at_ms);
  if (bytes > 0) delivery.message = std::make_shared<const Message>(Message{EventId{id}, "", std::string(bytes, 'x')});
  return delivery;
}
LaneKey place(std::int64_t at_ms, std::int64_t id) {
  return {from_unix_ms(at_ms), DeliveryId{id}};
}
const auto kNobodyBusy = [](const PendingDelivery&) { return false; };

struct LaneWindowTest : testing::Test {
  DueQuery begin_refill() { return window.begin_refill(kFirstOrganization, WebhookId{1}, from_unix_ms(1'000'000)); }
  std::vector<std::int64_t> drain() {
    std::vector<std::int64_t> ids;
    while (!window.empty()) ids.push_back(window.pop_front().id.value);
    return ids;
  }

  WindowBudget budget{
      .entries_max = 100, .payload_bytes_max = 1'000, .lane_entries_max = 3, .lane_payload_bytes_max = 100};
  LaneWindow window{budget, {}};
};
using Ids = std::vector<std::int64_t>;

TEST_F(LaneWindowTest, runs_in_the_order_of_time_then_id) {
  window.put(row(3, 10));
  window.put(row(1, 20));
  window.put(row(2, 10));
  EXPECT_EQ(drain(), (Ids{2, 3, 1}));
}

TEST_F(LaneWindowTest, a_delivery_that_comes_again_replaces_itself) {
  window.put(row(1, 10));
  window.put(row(1, 30));
  window.put(row(2, 20));
  EXPECT_EQ(drain(), (Ids{2, 1}));
}

TEST_F(LaneWindowTest, what_does_not_fit_is_remembered_as_being_in_the_store) {
  for (int id = 1; id <= 3; ++id) window.put(row(id, id));
  window.put(row(5, 5));
  window.put(row(4, 4));
  EXPECT_EQ(window.size(), 3u);
  EXPECT_EQ(window.beyond(), place(4, 4));
}

TEST_F(LaneWindowTest, an_earlier_one_pushes_the_last_out_to_the_store) {
  for (int id = 1; id <= 3; ++id) window.put(row(id, 10 * id));
  window.put(row(4, 5));
  EXPECT_EQ(window.beyond(), place(30, 3));
  EXPECT_EQ(drain(), (Ids{4, 1, 2}));
}

TEST_F(LaneWindowTest, a_refill_asks_from_the_first_row_that_may_be_missing) {
  window.set_beyond(place(40, 4));
  window.set_beyond(place(30, 7));
  const DueQuery query = begin_refill();
  EXPECT_EQ(query.after_sort_at, from_unix_ms(30));
  EXPECT_EQ(query.after_id, DeliveryId{6});
  EXPECT_EQ(query.limit, 3u);
  EXPECT_FALSE(window.beyond());
  EXPECT_EQ(window.missing_from(), place(30, 7));
}

TEST_F(LaneWindowTest, a_refill_without_more_behind_it_leaves_nothing_beyond) {
  window.set_beyond(place(0, 0));
  begin_refill();
  window.end_refill(DuePage{{row(1, 1), row(2, 2)}, {}}, kNobodyBusy);
  EXPECT_FALSE(window.beyond());
  EXPECT_FALSE(window.refilling());
  EXPECT_EQ(drain(), (Ids{1, 2}));
}

TEST_F(LaneWindowTest, a_refill_that_ends_within_a_millisecond_goes_on_after_its_last_row) {
  window.set_beyond(place(0, 0));
  begin_refill();
  window.end_refill(DuePage{{row(1, 5), row(2, 5)}, from_unix_ms(5)}, kNobodyBusy);
  EXPECT_EQ(window.beyond(), place(5, 3));
}

TEST_F(LaneWindowTest, a_refill_drops_what_the_window_holds) {
  window.set_beyond(place(0, 0));
  begin_refill();
  window.put(row(1, 50));  // changed, and handed over, after it was asked for
  window.end_refill(DuePage{{row(1, 10)}, {}}, kNobodyBusy);
  EXPECT_EQ(window.front().sort_at, from_unix_ms(50));
  EXPECT_EQ(window.size(), 1u);
}

TEST_F(LaneWindowTest, a_refill_drops_what_is_under_way) {
  window.set_beyond(place(0, 0));
  begin_refill();
  window.end_refill(DuePage{{row(1, 10), row(2, 20)}, {}},
                    [](const PendingDelivery& d) { return d.id == DeliveryId{1}; });
  EXPECT_EQ(drain(), (Ids{2}));
}

TEST_F(LaneWindowTest, a_refill_drops_what_was_sent_and_committed_since_it_was_asked_for) {
  window.put(row(1, 10));
  window.set_beyond(place(10, 0));
  begin_refill();
  window.pop_front();           // begins
  window.touch(DeliveryId{1});  // committed as succeeded
  window.end_refill(DuePage{{row(1, 10)}, {}}, kNobodyBusy);
  EXPECT_TRUE(window.empty());
}

TEST_F(LaneWindowTest, of_a_shared_store_the_newer_of_a_row_and_an_entry_is_kept) {
  PendingDelivery tried = row(1, 50);
  tried.attempts = 1;
  window.put(tried);
  window.put(row(2, 40));
  window.set_beyond(place(0, 0));
  begin_refill();
  PendingDelivery asked_for = row(2, 20);
  asked_for.manual = true;
  window.end_refill(DuePage{{row(1, 10), asked_for}, {}, ReadPoint{8, 8, {}}}, kNobodyBusy);
  EXPECT_EQ(window.front().sort_at, from_unix_ms(20));
  EXPECT_EQ(drain(), (Ids{2, 1}));
}

TEST_F(LaneWindowTest, of_a_shared_store_what_may_be_older_or_newer_than_what_happened_is_read_again) {
  window.put(row(1, 10));
  window.set_beyond(place(10, 0));
  begin_refill();
  window.pop_front();
  window.touch(DeliveryId{1});  // its attempt's end is committed
  window.end_refill(DuePage{{row(1, 10)}, {}, ReadPoint{8, 8, {}}}, kNobodyBusy);
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.beyond(), place(10, 1));
}

TEST_F(LaneWindowTest, the_next_refill_takes_again_what_an_earlier_one_had_to_drop) {
  window.set_beyond(place(0, 0));
  begin_refill();
  window.touch(DeliveryId{1});
  window.end_refill(DuePage{{row(1, 10)}, {}}, kNobodyBusy);
  window.set_beyond(place(10, 1));
  begin_refill();
  window.end_refill(DuePage{{row(1, 10)}, {}}, kNobodyBusy);
  EXPECT_EQ(drain(), (Ids{1}));
}

TEST_F(LaneWindowTest, what_is_let_go_during_a_refill_stays_beyond_after_it) {
  for (int id = 1; id <= 3; ++id) window.put(row(id, 10 * id));
  window.set_beyond(place(100, 9));
  begin_refill();
  window.put(row(4, 5));
  window.end_refill(DuePage{}, kNobodyBusy);
  EXPECT_EQ(window.beyond(), place(30, 3));
}

TEST_F(LaneWindowTest, a_failed_refill_is_missing_as_before) {
  window.set_beyond(place(7, 7));
  begin_refill();
  window.fail_refill();
  EXPECT_EQ(window.beyond(), place(7, 7));
  EXPECT_FALSE(window.refilling());
}

TEST_F(LaneWindowTest, rows_past_its_room_stay_in_the_store_with_their_place) {
  window.put(row(1, 10));
  window.set_beyond(place(20, 0));
  begin_refill();
  window.put(row(9, 15));
  window.put(row(8, 16));
  window.end_refill(DuePage{{row(2, 20), row(3, 30)}, {}}, kNobodyBusy);
  EXPECT_EQ(window.size(), 3u);
  EXPECT_EQ(window.beyond(), place(20, 2));
}

TEST_F(LaneWindowTest, a_lane_has_room_for_two_whatever_the_others_hold) {
  budget.entries_max = 3;
  LaneWindow other(budget, {});
  for (int id = 1; id <= 3; ++id) other.put(row(id, id));
  for (int id = 4; id <= 6; ++id) window.put(row(id, id));
  EXPECT_EQ(window.size(), 2u);
  EXPECT_EQ(window.beyond(), place(6, 6));
  EXPECT_EQ(budget.entries, 5u);
}

TEST_F(LaneWindowTest, lanes_with_many_leave_half_of_the_room_to_those_with_few) {
  budget.lane_entries_max = 100;
  budget.lane_entries_few = 10;
  LaneWindow hanging(budget, {});
  for (int id = 1; id <= 100; ++id) hanging.put(row(id, id));
  EXPECT_EQ(hanging.size(), 50u);
  window.set_beyond(place(0, 0));
  EXPECT_TRUE(window.wants_more());
  EXPECT_EQ(begin_refill().limit, 10u);
  for (int id = 101; id <= 120; ++id) window.put(row(id, id));
  EXPECT_EQ(window.size(), 10u);
}

TEST_F(LaneWindowTest, is_not_filled_up_row_by_row) {
  budget.lane_entries_max = 20;
  for (int id = 1; id <= 10; ++id) window.put(row(id, id));
  EXPECT_FALSE(window.wants_more());
  window.pop_front();
  EXPECT_TRUE(window.wants_more());
}

TEST_F(LaneWindowTest, payloads_past_its_bytes_are_left_in_the_store_but_for_the_next_few) {
  window.put(row(1, 1, 90));
  window.put(row(2, 2, 90));
  window.put(row(3, 3, 90));
  EXPECT_TRUE(window.pop_front().message);
  EXPECT_TRUE(window.pop_front().message);
  EXPECT_FALSE(window.pop_front().message);
}

TEST_F(LaneWindowTest, a_refill_asks_for_no_more_payload_than_there_is_room_for) {
  window.put(row(1, 1, 70));
  window.set_beyond(place(2, 2));
  EXPECT_EQ(begin_refill().payload_bytes, 30u);
}

TEST_F(LaneWindowTest, payloads_past_the_bytes_of_all_lanes_are_left_in_the_store_even_of_the_next_few) {
  budget.payload_bytes_max = 200;
  LaneWindow other(budget, {});
  other.put(row(1, 1, 90));
  window.put(row(2, 2, 90));
  EXPECT_FALSE(window.front().message);
  EXPECT_EQ(budget.payload_bytes, 90u);
}

TEST_F(LaneWindowTest, what_refills_may_bring_counts_until_they_are_answered) {
  budget.payload_bytes_max = 200;
  LaneWindow other(budget, {});
  window.set_beyond(place(0, 0));
  other.set_beyond(place(0, 0));
  EXPECT_EQ(begin_refill().payload_bytes, 25u);
  EXPECT_EQ(other.begin_refill(kFirstOrganization, WebhookId{2}, {}).payload_bytes, 18u);
  EXPECT_EQ(budget.payload_bytes, 43u);
  window.end_refill(DuePage{{row(1, 1, 20)}, {}}, kNobodyBusy);
  other.fail_refill();
  EXPECT_EQ(budget.payload_bytes, 20u);
}

TEST_F(LaneWindowTest, letting_go_of_all_gives_back_the_budget_and_remembers_the_first) {
  window.put(row(1, 10, 50));
  window.put(row(2, 20, 40));
  window.spill();
  EXPECT_TRUE(window.empty());
  EXPECT_EQ(window.beyond(), place(10, 1));
  EXPECT_EQ(budget.entries, 0u);
  EXPECT_EQ(budget.payload_bytes, 0u);
}

TEST_F(LaneWindowTest, the_budget_is_given_back_by_each_way_out) {
  {
    LaneWindow other(budget, {});
    for (int id = 1; id <= 3; ++id) other.put(row(id, id, 10));
    other.pop_front();
    other.erase(DeliveryId{2});
    EXPECT_EQ(budget.entries, 1u);
    EXPECT_EQ(budget.payload_bytes, 10u);
  }
  EXPECT_EQ(budget.entries, 0u);
  EXPECT_EQ(budget.payload_bytes, 0u);
}

}  // namespace
}  // namespace eventrelay
