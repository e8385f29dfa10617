#include "api/activity_ring.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

constexpr std::int64_t kEpoch = 0x7fff'ffff'ffff'fff1;
const SteadyTime kRingNow{std::chrono::hours(5)};

ActivityBatch batch_of(std::int64_t number, int records, std::int64_t epoch = kEpoch) {
  ActivityBatch batch{{epoch, number}, milliseconds(0), {}};
  for (int i = 0; i < records; ++i)
    batch.records.push_back({"job.progress", R"({"n":)" + std::to_string(number + i) + "}"});
  return batch;
}

ActivityRing ring_of(int records) {
  ActivityRing ring;
  ring.begin({kEpoch, 0});
  if (records > 0) ring.append(batch_of(1, records), kRingNow);
  return ring;
}

TEST(ActivityRing, a_record_is_an_event_of_a_stream_that_begins_with_its_id) {
  EXPECT_EQ(stream_text({0x2a, 0x1f}, "event.created", R"({"at":"x"})"),
            "id: 2a-1f\nevent: event.created\ndata: {\"id\":\"2a-1f\",\"at\":\"x\"}\n\n");
  EXPECT_EQ(stream_text({1, 2}, "gap", "{}"), "id: 1-2\nevent: gap\ndata: {\"id\":\"1-2\"}\n\n");
}

TEST(ActivityRing, an_id_is_read_back_and_nothing_else_is_one) {
  const ActivityPlace place{kEpoch, 17};
  EXPECT_EQ(parse_place(id_of(place)), place);
  for (const char* text : {"", "-", "1", "1-", "-1", "1--1", "-1-1", "g-1", "1-1 ", "1-1-1", " 1-1",
                           "8000000000000000-1", "11111111111111111-1"})
    EXPECT_EQ(parse_place(text), std::nullopt) << text;
}

TEST(ActivityRing, gives_each_record_after_a_place_in_order) {
  const ActivityRing ring = ring_of(3);
  EXPECT_EQ(ring.last(), (ActivityPlace{kEpoch, 3}));
  ASSERT_TRUE(ring.next({kEpoch, 0}));
  EXPECT_NE(ring.next({kEpoch, 0})->find(R"("n":1)"), std::string::npos);
  EXPECT_NE(ring.next({kEpoch, 2})->find(R"("n":3)"), std::string::npos);
  EXPECT_EQ(ring.next({kEpoch, 3}), nullptr);
}

TEST(ActivityRing, knows_what_it_has_all_after) {
  ActivityRing ring = ring_of(3);
  for (std::int64_t number : {0, 1, 3}) EXPECT_TRUE(ring.has_all_after({kEpoch, number}));
  EXPECT_FALSE(ring.has_all_after({kEpoch, 4}));
  EXPECT_FALSE(ring.has_all_after({kEpoch, -1}));
  EXPECT_FALSE(ring.has_all_after({kEpoch - 1, 1}));
  ring.halve();  // two of the three
  EXPECT_FALSE(ring.has_all_after({kEpoch, 1}));
  EXPECT_TRUE(ring.has_all_after({kEpoch, 2}));
}

TEST(ActivityRing, keeps_the_newest_and_none_for_long) {
  ActivityRing ring = ring_of(static_cast<int>(kActivityRecordsKept));
  ring.append(batch_of(static_cast<std::int64_t>(kActivityRecordsKept) + 1, 2), kRingNow + std::chrono::minutes(1));
  ring.trim(kRingNow);
  EXPECT_FALSE(ring.has_all_after({kEpoch, 1}));
  EXPECT_TRUE(ring.has_all_after({kEpoch, 2}));
  ring.trim(kRingNow + kActivityKept + milliseconds(1));
  EXPECT_FALSE(ring.has_all_after({kEpoch, static_cast<std::int64_t>(kActivityRecordsKept) - 1}));
  EXPECT_TRUE(ring.has_all_after({kEpoch, static_cast<std::int64_t>(kActivityRecordsKept)}));
  ring.trim(kRingNow + kActivityKept + std::chrono::minutes(2));
  EXPECT_EQ(ring.bytes(), 0U);
  // Nothing has come after it: a reader that has seen the last one has missed nothing.
  EXPECT_TRUE(ring.has_all_after(ring.last()));
  EXPECT_EQ(ring.next(ring.last()), nullptr);
}

TEST(ActivityRing, begins_anew_where_records_do_not_follow_on_its_own) {
  ActivityRing ring = ring_of(3);
  ring.append(batch_of(2, 2), kRingNow);  // it has them
  EXPECT_EQ(ring.last().number, 3);
  EXPECT_TRUE(ring.has_all_after({kEpoch, 0}));
  ring.append(batch_of(6, 1), kRingNow);
  EXPECT_FALSE(ring.has_all_after({kEpoch, 3}));
  EXPECT_TRUE(ring.has_all_after({kEpoch, 5}));
  ring.append(batch_of(7, 1, 5), kRingNow);
  EXPECT_FALSE(ring.has_all_after({kEpoch, 6}));
  EXPECT_TRUE(ring.has_all_after({5, 6}));
}

TEST(ActivityRing, offsets_count_the_bytes_of_what_comes_before) {
  ActivityRing ring = ring_of(2);
  const std::size_t first = ring.next({kEpoch, 0})->size();
  EXPECT_EQ(ring.offset_after({kEpoch, 0}), 0U);
  EXPECT_EQ(ring.offset_after({kEpoch, 1}), first);
  EXPECT_EQ(ring.offset_after({kEpoch, 2}), ring.end());
  ring.halve();
  EXPECT_EQ(ring.offset_after({kEpoch, 1}), first);
  EXPECT_EQ(ring.bytes(), ring.end() - first);
}

TEST(ActivityRing, a_reader_that_was_dropped_is_known_by_the_ids_it_may_have) {
  ActivityRing ring = ring_of(5);
  ring.append({{kEpoch, 6}, milliseconds(0), {{std::string(kDroppedKind), ActivityRing::range_text(2, 4)}}}, kRingNow);
  EXPECT_FALSE(ring.was_dropped_at({kEpoch, 1}));
  EXPECT_TRUE(ring.was_dropped_at({kEpoch, 2}));
  EXPECT_TRUE(ring.was_dropped_at({kEpoch, 4}));
  EXPECT_FALSE(ring.was_dropped_at({kEpoch, 5}));
  EXPECT_FALSE(ring.was_dropped_at({kEpoch - 1, 3}));
  EXPECT_EQ(*ring.next({kEpoch, 5}), "") << "nobody is sent it";
  ring.trim(kRingNow + kActivityKept + milliseconds(1));
  EXPECT_FALSE(ring.was_dropped_at({kEpoch, 3}));
}

}  // namespace
}  // namespace eventrelay
