#include "storage/codec.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

TEST(LatencyHistogramTest, a_percentile_is_within_a_tenth) {
  for (const std::int64_t ms : {1, 7, 93, 1'500, 60'000, 86'400'000}) {
    LatencyHistogram histogram;
    for (int i = 0; i < 100; ++i) histogram.add(milliseconds(ms));
    const auto wanted = static_cast<double>(ms);
    EXPECT_NEAR(histogram.percentile(0.01), wanted, wanted / 10);
    EXPECT_NEAR(histogram.percentile(0.99), wanted, wanted / 10);
  }
}

TEST(LatencyHistogramTest, what_is_longer_than_any_delivery_is_counted_last) {
  LatencyHistogram histogram;
  histogram.add(milliseconds(std::int64_t{1} << 50));
  EXPECT_FALSE(histogram.empty());
  EXPECT_GT(histogram.percentile(0.5), 1e9);
}

TEST(LatencyHistogramTest, it_is_read_back_as_it_was_written) {
  LatencyHistogram histogram;
  histogram.add(milliseconds(0));
  for (int i = 0; i < 70'000; ++i) histogram.add(milliseconds(300));
  const LatencyHistogram again = LatencyHistogram::decode(histogram.encode());
  EXPECT_EQ(again.encode(), histogram.encode());
  EXPECT_EQ(again.percentile(0.5), histogram.percentile(0.5));
}

TEST(LatencyHistogramTest, a_sum_of_months_is_more_than_what_one_of_them_holds) {
  LatencyHistogram sum;
  for (int month = 0; month < 3; ++month) {
    sum.add(9, 2'000'000'000);
    sum.add(1, 1'000'000'000);
  }
  EXPECT_EQ(sum.count(9), 6'000'000'000U);
  EXPECT_LE(sum.percentile(0.3), LatencyHistogram::decode(std::string("\x01\x01\0\0\0", 5)).percentile(1));
}

TEST(LatencyHistogramTest, several_that_are_written_one_after_the_other_are_their_sum) {
  LatencyHistogram one;
  LatencyHistogram two;
  one.add(5, 1);
  one.add(9, 2);
  two.add(9, 3);
  LatencyHistogram sum = LatencyHistogram::decode(one.encode() + two.encode());
  EXPECT_EQ(sum.count(5), 1u);
  EXPECT_EQ(sum.count(9), 5u);
  sum.add(two.encode() + one.encode(), -1);
  EXPECT_TRUE(sum.empty());
}

}  // namespace
}  // namespace eventrelay
