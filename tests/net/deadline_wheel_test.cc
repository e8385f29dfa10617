#include "net/deadline_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <vector>

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

SteadyTime now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::steady_clock::now());
}

struct Bell final : Deadline {
  explicit Bell(std::function<void()> handler) : handler_(std::move(handler)) {}
  void on_deadline() override { handler_(); }
  std::function<void()> handler_;
};

struct DeadlineWheelTest : testing::Test {
  boost::asio::io_context loop{1};
  std::unique_ptr<DeadlineWheel> wheel = std::make_unique<DeadlineWheel>(loop);
  int rings = 0;
};

TEST_F(DeadlineWheelTest, a_deadline_passes_once_not_before_its_time_and_then_the_loop_is_idle) {
  const auto begun = now();
  Bell bell([&] {
    ++rings;
    EXPECT_GE(now(), begun + 40ms);
  });
  wheel->set(bell, begun + 40ms);
  loop.run();
  EXPECT_EQ(rings, 1);
  EXPECT_LT(now(), begun + 5s);
}

TEST_F(DeadlineWheelTest, setting_again_replaces_and_clearing_silences) {
  const auto begun = now();
  Bell moved([&] {
    ++rings;
    EXPECT_GE(now(), begun + 60ms);
  });
  Bell cleared([&] { FAIL(); });
  auto destroyed = std::make_unique<Bell>([&] { FAIL(); });
  wheel->set(moved, begun + 5ms);
  wheel->set(moved, begun + 60ms);
  wheel->set(cleared, begun + 5ms);
  wheel->set(*destroyed, begun + 5ms);
  cleared.clear_deadline();
  destroyed.reset();
  loop.run();
  EXPECT_EQ(rings, 1);
}

TEST_F(DeadlineWheelTest, one_that_is_past_already_rings_soon_but_not_from_inside) {
  Bell bell([&] { ++rings; });
  wheel->set(bell, now() - 1h);
  EXPECT_EQ(rings, 0);
  loop.run();
  EXPECT_EQ(rings, 1);
}

TEST_F(DeadlineWheelTest, one_that_is_further_off_than_a_turn_of_the_wheel_does_not_ring_early) {
  Bell far([&] { FAIL(); });
  Bell near([&] {
    ++rings;
    far.clear_deadline();
  });
  const auto begun = now();
  wheel->set(far, begun + kWheelTick * kWheelSlots + 30ms);  // the same slots, one turn later
  wheel->set(near, begun + 100ms);
  loop.run();
  EXPECT_EQ(rings, 1);
}

TEST_F(DeadlineWheelTest, a_handler_may_set_its_own_and_destroy_others_and_the_wheel) {
  const auto begun = now();
  auto other = std::make_unique<Bell>([&] { FAIL(); });
  Bell bell([&] {
    other.reset();
    if (++rings < 3) return wheel->set(bell, now() + 5ms);
    wheel.reset();
  });
  Bell left([&] { FAIL(); });
  wheel->set(bell, begun);
  wheel->set(*other, begun);
  wheel->set(left, begun + 10s);
  loop.run();
  EXPECT_EQ(rings, 3);
}

TEST_F(DeadlineWheelTest, many_deadlines_ring_in_the_order_of_their_ticks) {
  std::vector<int> order;
  std::vector<std::unique_ptr<Bell>> bells;
  const auto begun = now();
  for (int i = 0; i < 10; ++i) {
    bells.push_back(std::make_unique<Bell>([&order, i] { order.push_back(i); }));
    wheel->set(*bells.back(), begun + (9 - i) * 2 * kWheelTick);
  }
  loop.run();
  EXPECT_EQ(order, (std::vector{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
}

}  // namespace
}  // namespace eventrelay
