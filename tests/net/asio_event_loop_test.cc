#include "net/asio_event_loop.h"

#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <thread>
#include <vector>

namespace eventrelay {
namespace {

struct LoopTest : testing::Test {
  boost::asio::io_context context{1};
  AsioEventLoop loop{context, 1};
};

TEST_F(LoopTest, posts_of_another_thread_run_in_their_order) {
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&seen, i] { seen.push_back(i); });
  });
  other.join();
  context.run();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST_F(LoopTest, a_task_is_destroyed_unrun_when_the_loop_ends_before_it) {
  auto token = std::make_shared<int>(0);
  bool ran = false;
  {
    boost::asio::io_context ending{1};
    AsioEventLoop other{ending, 1};
    other.post([token, &ran] { ran = true; });
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(LoopTest, an_alarm_rings_once_and_not_before_its_time) {
  int rings = 0;
  const auto begun = loop.now();
  auto alarm = loop.make_alarm([&] { ++rings; });
  alarm->set(begun + std::chrono::milliseconds(20));
  context.run();
  EXPECT_EQ(rings, 1);
  EXPECT_GE(loop.now() - begun, std::chrono::milliseconds(20));
}

TEST_F(LoopTest, setting_an_alarm_again_replaces_its_time) {
  std::vector<SteadyTime> rings;
  const auto begun = loop.now();
  auto alarm = loop.make_alarm([&] { rings.push_back(loop.now()); });
  alarm->set(begun + std::chrono::milliseconds(5));
  alarm->set(begun + std::chrono::milliseconds(40));
  context.run();
  ASSERT_EQ(rings.size(), 1u);
  EXPECT_GE(rings[0] - begun, std::chrono::milliseconds(40));

  context.restart();
  const auto again = loop.now();
  alarm->set(again + std::chrono::hours(1));
  alarm->set(again + std::chrono::milliseconds(5));
  context.run();
  ASSERT_EQ(rings.size(), 2u);
  EXPECT_LT(rings[1] - again, std::chrono::seconds(10));
}

TEST_F(LoopTest, a_cleared_alarm_and_a_destroyed_one_stay_silent) {
  int rings = 0;
  auto cleared = loop.make_alarm([&] { ++rings; });
  auto destroyed = loop.make_alarm([&] { ++rings; });
  cleared->set(loop.now());
  destroyed->set(loop.now());
  // Both are due already: their handlers may be queued when they are called off.
  cleared->clear();
  destroyed.reset();
  context.run();
  EXPECT_EQ(rings, 0);
}

TEST_F(LoopTest, an_alarm_may_be_set_and_destroyed_by_its_own_handler) {
  int rings = 0;
  std::unique_ptr<Alarm> alarm;
  alarm = loop.make_alarm([&] {
    if (++rings < 3) return alarm->set(loop.now());
    alarm.reset();
  });
  alarm->set(loop.now());
  context.run();
  EXPECT_EQ(rings, 3);
  EXPECT_EQ(alarm, nullptr);
}

TEST_F(LoopTest, leases_are_measured_with_the_clock_that_counts_sleep) {
  const auto read = [] {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1'000;
  };
  const std::int64_t before = read();
  const std::int64_t shown = loop.boot_now().time_since_epoch().count();
  EXPECT_LE(before, shown);
  EXPECT_LE(shown, read());
}

TEST_F(LoopTest, the_same_seed_gives_the_same_numbers_within_the_unit_interval) {
  AsioEventLoop same{context, 1};
  AsioEventLoop different{context, 2};
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const double value = loop.random();
    EXPECT_GE(value, 0.0);
    EXPECT_LT(value, 1.0);
    EXPECT_EQ(value, same.random());
    differs |= value != different.random();
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace eventrelay
