#include "engine/lane_reads.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

LaneKey at(std::int64_t at_ms, std::int64_t id = 0) {
  return {from_unix_ms(at_ms), DeliveryId{id}};
}
ReadPoint up_to(std::uint64_t commit) {
  return {commit + 1, commit + 1, {}};
}

TEST(LaneReads, a_read_has_seen_what_was_committed_before_it_from_its_place_on) {
  LaneReads reads;
  EXPECT_FALSE(reads.saw(at(10), 1));
  reads.note(at(10, 5), ReadPoint{4, 8, {4, 6}});
  EXPECT_TRUE(reads.saw(at(10, 5), 3));
  EXPECT_TRUE(reads.saw(at(11), 5));
  EXPECT_FALSE(reads.saw(at(10, 4), 3));
  EXPECT_FALSE(reads.saw(at(11), 6));
  EXPECT_FALSE(reads.saw(at(11), 8));
}

TEST(LaneReads, an_older_read_still_counts_for_what_a_newer_one_did_not_ask_for) {
  LaneReads reads;
  reads.note(at(0), up_to(10));
  reads.note(at(50), up_to(20));
  EXPECT_TRUE(reads.saw(at(40), 10));
  EXPECT_FALSE(reads.saw(at(40), 11));
  EXPECT_TRUE(reads.saw(at(50), 20));
}

TEST(LaneReads, the_oldest_are_forgotten_and_those_that_a_newer_one_covers_count_for_nothing) {
  LaneReads reads;
  reads.note(at(0), up_to(10));
  for (int i = 1; i <= 7; ++i) reads.note(at(100), up_to(10 + static_cast<std::uint64_t>(i)));
  EXPECT_TRUE(reads.saw(at(40), 10));
  for (int i = 1; i <= 7; ++i) reads.note(at(100 + i), up_to(20 + static_cast<std::uint64_t>(i)));
  EXPECT_FALSE(reads.saw(at(40), 10));
  EXPECT_TRUE(reads.saw(at(100), 17));
}

TEST(LaneReads, what_a_forgotten_read_may_have_seen_is_known_until_a_newer_one_covers_it) {
  LaneReads reads;
  for (int i = 0; i < 8; ++i) reads.note(at(10 * i), up_to(10 + static_cast<std::uint64_t>(i)));
  EXPECT_FALSE(reads.may_have_seen(at(5), 10));
  reads.note(at(100), up_to(30));
  EXPECT_FALSE(reads.saw(at(5), 10));
  EXPECT_TRUE(reads.may_have_seen(at(5), 10));
  EXPECT_FALSE(reads.may_have_seen(at(5), 11));
  EXPECT_FALSE(reads.may_have_seen(at(-1), 10));
  reads.note(at(0), up_to(40));
  EXPECT_FALSE(reads.may_have_seen(at(5), 10));
  EXPECT_TRUE(reads.saw(at(5), 10));
}

TEST(LaneReads, a_read_that_is_noted_late_does_not_take_away_what_a_newer_one_saw) {
  LaneReads reads;
  reads.note(at(50), up_to(20));
  reads.note(at(0), up_to(10));  // a page of a scan that was asked for before
  EXPECT_TRUE(reads.saw(at(50), 20));
  EXPECT_TRUE(reads.saw(at(40), 10));
  EXPECT_FALSE(reads.saw(at(40), 20));
  reads.note(at(60), ReadPoint{15, 21, {15}});  // nor one that has seen as far, but not all
  EXPECT_TRUE(reads.saw(at(60), 15));
  reads.note(at(0), up_to(30));
  EXPECT_TRUE(reads.saw(at(40), 20));
}

TEST(LaneReads, what_was_forgotten_stays_so_where_the_read_from_before_it_is_older) {
  LaneReads reads;
  for (int i = 0; i < 9; ++i) reads.note(at(10 * i), up_to(10 + static_cast<std::uint64_t>(i)));
  ASSERT_TRUE(reads.may_have_seen(at(5), 10));
  reads.note(at(0), up_to(5));
  EXPECT_TRUE(reads.may_have_seen(at(5), 10));
}

TEST(LaneReads, a_store_that_numbers_nothing_has_seen_nothing) {
  LaneReads reads;
  reads.note(at(0), ReadPoint{});
  EXPECT_FALSE(reads.saw(at(1), 0));
}

}  // namespace
}  // namespace eventrelay
