#include "engine/wall_clock.h"

#include <gtest/gtest.h>

#include "tests/support/manual_loop.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct WallClockTest : testing::Test {
  VirtualTime time;
  ManualLoop loop{time};
  SteadyWallClock clock{loop};
};

TEST_F(WallClockTest, follows_the_wall_clock_forward) {
  time.step_wall(1h);
  EXPECT_EQ(clock.now(), loop.wall_now());
}

TEST_F(WallClockTest, goes_on_from_where_it_was_when_the_wall_clock_is_set_back) {
  const WallTime before = clock.now();
  time.step_wall(-1h);
  EXPECT_EQ(clock.now(), before);
  time.run_for(5s);
  EXPECT_EQ(clock.now(), before + 5s);
}

TEST_F(WallClockTest, time_that_passed_unseen_is_not_counted_again_when_a_time_is_observed) {
  time.run_for(1h);
  clock.observe(loop.wall_now());
  EXPECT_EQ(clock.now(), loop.wall_now());
}

TEST_F(WallClockTest, an_observed_time_ahead_counts_and_time_goes_on_from_there) {
  const WallTime ahead = loop.wall_now() + 10min;
  clock.observe(ahead);
  EXPECT_EQ(clock.now(), ahead);
  time.run_for(3s);
  EXPECT_EQ(clock.now(), ahead + 3s);
}

TEST_F(WallClockTest, an_observed_time_of_the_past_changes_nothing) {
  time.run_for(1h);
  clock.observe(loop.wall_now() - 30min);
  EXPECT_EQ(clock.now(), loop.wall_now());
}

TEST_F(WallClockTest, is_never_ahead_by_the_fractions_of_milliseconds) {
  for (const auto step : {850us, 950us, 950us, 50us, 999us, 1us, 950us}) {
    time.run_for(step);
    EXPECT_EQ(clock.now(), loop.wall_now());
  }
}

TEST_F(WallClockTest, loses_no_fraction_while_it_stands_in_for_a_clock_that_was_set_back) {
  const WallTime before = clock.now();
  time.step_wall(-1h);
  for (int i = 0; i < 1'000; ++i) {
    time.run_for(900us);
    clock.now();
  }
  EXPECT_EQ(clock.now(), before + 900ms);
}

}  // namespace
}  // namespace eventrelay
