#include "queue/stream_budget.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

StreamBudget::Time at(std::chrono::milliseconds time) {
  return StreamBudget::Time{} + 1h + time;
}

TEST(StreamBudgetTest, streams_share_the_budget_by_what_they_get) {
  StreamBudget budget;
  std::size_t busy = 0;
  std::size_t quiet = 0;
  for (int i = 0; i < 10'000; ++i) {
    for (int k = 0; k < 9; ++k) busy = budget.entries_max(1, 10'000, at(0ms));
    quiet = budget.entries_max(2, 10'000, at(0ms));
  }
  const auto budget_entries = static_cast<double>(kStreamsBytesBudget) / 10'064;
  EXPECT_NEAR(static_cast<double>(busy), budget_entries * 0.9, budget_entries * 0.01);
  EXPECT_NEAR(static_cast<double>(quiet), budget_entries * 0.1, budget_entries * 0.01);
}

TEST(StreamBudgetTest, all_partitions_alike_stay_within_the_budget) {
  StreamBudget budget;
  double bytes = 0;
  for (int round = 0; round < 100; ++round) {
    bytes = 0;
    for (int partition = 0; partition < kPartitions; ++partition)
      bytes += static_cast<double>(budget.entries_max(partition, 60'000, at(0ms))) * 60'000;
  }
  EXPECT_LE(bytes, static_cast<double>(kStreamsBytesBudget) * 1.05);
}

TEST(StreamBudgetTest, what_was_busy_once_loses_its_share) {
  StreamBudget budget;
  for (int i = 0; i < 10'000; ++i) budget.entries_max(1, 1'000, at(0ms));
  EXPECT_LT(budget.entries_max(2, 1'000, at(0ms)), 100u);
  std::size_t entries = 0;
  for (int i = 0; i < 1'000; ++i) entries = budget.entries_max(2, 1'000, at(60s));
  EXPECT_GT(entries, kStreamsBytesBudget / 1'064 / 2);
}

TEST(StreamBudgetTest, large_entries_shorten_a_stream_soon) {
  StreamBudget budget;
  std::size_t entries = 0;
  for (int i = 0; i < 1'000; ++i) entries = budget.entries_max(1, 100, at(0ms));
  EXPECT_EQ(entries, kStreamEntriesMax);
  for (int i = 0; i < 20; ++i) entries = budget.entries_max(1, 60'000, at(0ms));
  EXPECT_LT(entries * 60'000, 2 * kStreamsBytesBudget);
}

TEST(StreamBudgetTest, streams_left_alone_are_named_once) {
  StreamBudget budget;
  budget.appended(3, {10, 1}, at(0s));
  budget.appended(4, {20, 1}, at(20s));
  EXPECT_TRUE(budget.take_old(at(29s)).empty());
  const auto old = budget.take_old(at(40s));
  ASSERT_EQ(old.size(), 1u);
  EXPECT_EQ(old[0].partition, 3);
  EXPECT_EQ(old[0].before, (StreamId{10, 1}));
  EXPECT_EQ(budget.take_old(at(60s)).size(), 1u);
  EXPECT_TRUE(budget.take_old(at(120s)).empty());
}

}  // namespace
}  // namespace eventrelay
