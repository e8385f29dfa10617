#include "engine/shares.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

struct SharesTest : testing::Test {
  void workers(std::initializer_list<WorkerId> ids) {
    for (const WorkerId id : ids) view.workers.push_back({id, 1, false});
  }
  void give(WorkerId worker, std::size_t from, std::size_t count) {
    for (std::size_t p = from; p < from + count; ++p) view.owners[p] = worker;
  }
  LeaseView view;
};

TEST_F(SharesTest, are_as_even_as_possible_and_make_up_the_whole) {
  workers({3, 5, 9});
  EXPECT_EQ(share_of(view, 3), 86u);
  EXPECT_EQ(share_of(view, 5), 85u);
  EXPECT_EQ(share_of(view, 9), 85u);
  EXPECT_EQ(share_of(view, 4), 0u);
}

TEST_F(SharesTest, the_draining_have_none) {
  workers({3, 5});
  view.workers[0].draining = true;
  EXPECT_EQ(share_of(view, 3), 0u);
  EXPECT_EQ(share_of(view, 5), 256u);
  give(3, 0, 100);
  EXPECT_EQ(to_claim(view, 3).count(), 0u);
}

TEST_F(SharesTest, a_newcomer_claims_what_is_nobodys_in_steps) {
  workers({3, 5});
  give(3, 0, 128);
  EXPECT_EQ(to_claim(view, 5).count(), 64u);
  EXPECT_EQ((to_claim(view, 5) & owned_by(view, 3)).count(), 0u);
  give(5, 128, 100);
  EXPECT_EQ(to_claim(view, 5).count(), 28u);
  EXPECT_TRUE(to_claim(view, 3).none());
}

TEST_F(SharesTest, two_that_claim_at_a_time_want_different_ones) {
  workers({3, 5});
  EXPECT_TRUE((to_claim(view, 3) & to_claim(view, 5)).none());
}

TEST_F(SharesTest, what_is_beyond_a_share_is_released_only_for_one_below_its_own) {
  workers({3});
  give(3, 0, 256);
  EXPECT_TRUE(to_release(view, 3, {}).none());
  workers({5});
  EXPECT_EQ(to_release(view, 3, {}).count(), 64u);
  EXPECT_TRUE(to_release(view, 5, {}).none());
  EXPECT_TRUE(to_release(view, 3, {5}).none());
}

TEST_F(SharesTest, nothing_is_released_while_enough_is_nobodys) {
  workers({3, 5});
  give(3, 0, 192);
  EXPECT_TRUE(to_release(view, 3, {}).none());
  give(0, 172, 20);
  give(3, 172, 84);  // all
  view.owners[0] = 0;
  EXPECT_EQ(to_release(view, 3, {}).count(), 63u);
}

TEST_F(SharesTest, releasing_and_claiming_end_even_and_then_rest) {
  workers({1});
  give(1, 0, 256);
  workers({2, 3});
  for (int round = 0; round < 20; ++round) {
    for (const WorkerId id : {1, 2, 3}) {
      const PartitionSet given = to_release(view, id, {});
      const PartitionSet taken = to_claim(view, id);
      for (std::size_t p = 0; p < kPartitions; ++p) {
        if (given.test(p)) view.owners[p] = 0;
        if (taken.test(p)) view.owners[p] = id;
      }
    }
  }
  EXPECT_EQ(owned_by(view, 1).count(), 86u);
  EXPECT_EQ(owned_by(view, 2).count(), 85u);
  EXPECT_EQ(owned_by(view, 3).count(), 85u);
  for (const WorkerId id : {1, 2, 3}) EXPECT_TRUE((to_release(view, id, {}) | to_claim(view, id)).none());
}

}  // namespace
}  // namespace eventrelay
