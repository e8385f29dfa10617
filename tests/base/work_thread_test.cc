#include "base/work_thread.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace eventrelay {
namespace {

struct WorkThreadTest : testing::Test {
  /// Its work holds the thread up until `go_on`.
  void begin() {
    thread.run([this](bool) {
      begun.release();
      go_on.acquire();
    });
    begun.acquire();
  }

  std::binary_semaphore begun{0};
  std::binary_semaphore go_on{0};
  WorkThread thread{2};
};

TEST_F(WorkThreadTest, work_is_done_on_one_thread_in_its_order) {
  begin();
  std::vector<int> done;
  std::binary_semaphore last{0};
  thread.run([&](bool on_thread) { done.push_back(on_thread ? 1 : -1); });
  thread.run([&](bool on_thread) {
    done.push_back(on_thread ? 2 : -2);
    last.release();
  });
  go_on.release();
  last.acquire();
  EXPECT_EQ(done, (std::vector{1, 2}));
}

TEST_F(WorkThreadTest, what_has_no_room_is_given_back_at_once) {
  begin();
  for (int i = 0; i < 2; ++i) thread.run([](bool) {});
  bool given_back = false;
  thread.run([&](bool on_thread) { given_back = !on_thread; });
  EXPECT_TRUE(given_back);
  go_on.release();
}

/// Holds the thread up until nothing more is taken: only by handing something in can one see that.
void hold_until_it_ends(WorkThread& thread) {
  const auto begun = std::make_shared<std::binary_semaphore>(0);
  thread.run([&thread, begun](bool) {
    begun->release();
    const auto ended = std::make_shared<bool>(false);
    for (int i = 0; i < 10'000 && !*ended; ++i) {
      thread.run([ended](bool on_thread) { *ended = *ended || !on_thread; });
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  begun->acquire();
}

TEST(WorkThreadEnd, what_waits_is_given_back_and_so_is_what_comes) {
  WorkThread thread{20'000};
  hold_until_it_ends(thread);
  int given_back = 0;
  thread.run([&](bool on_thread) { given_back += on_thread ? 0 : 1; });
  thread.stop();
  EXPECT_EQ(given_back, 1);
  thread.run([&](bool on_thread) { given_back += on_thread ? 0 : 1; });
  EXPECT_EQ(given_back, 2);
}

TEST(WorkThreadEnd, without_a_stop_what_waits_is_never_called) {
  bool called = false;
  {
    WorkThread thread{20'000};
    hold_until_it_ends(thread);
    thread.run([&](bool) { called = true; });
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace eventrelay
