// Deadlines of one event loop at a cost that does not depend on their number: setting and clearing relink a list node,
// and one timer ticks while any is set. Belongs to its loop's thread.
#pragma once
#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "base/time.h"

namespace eventrelay {

/// What deadlines are compared with.
inline SteadyTime steady_now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::steady_clock::now());
}

/// A tick is the most that a deadline fires late, apart from a busy loop.
inline constexpr std::chrono::milliseconds kWheelTick{16};
inline constexpr std::size_t kWheelSlots = 2'048;  ///< with the tick: one turn is longer than kAttemptTimeoutMax

/// Something with at most one deadline. Unlinks itself when destroyed.
class Deadline {
 public:
  Deadline() = default;
  virtual ~Deadline() { unlink(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void clear_deadline() { unlink(); }

 protected:
  /// Called once, at or soon after the deadline, never before. May destroy this object, set it again, clear others.
  virtual void on_deadline() = 0;

 private:
  friend class DeadlineWheel;
  void unlink() {
    if (!next_) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

  Deadline* next_ = nullptr;
  Deadline* previous_ = nullptr;
  SteadyTime at_{};
};

class DeadlineWheel {
 public:
  explicit DeadlineWheel(boost::asio::io_context& loop);
  /// Calls nobody. What is still linked is unlinked.
  ~DeadlineWheel();
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  /// Replaces what was set.
  void set(Deadline& deadline, SteadyTime at);

 private:
  struct Head final : Deadline {
    void on_deadline() override {}
  };
  class Timer;

  static std::int64_t tick_of(SteadyTime time) { return time.time_since_epoch() / kWheelTick; }
  void link(Deadline& deadline, Head& head);
  void tick();
  void turn(std::int64_t tick, SteadyTime now);
  bool empty() const;

  std::array<Head, kWheelSlots> slots_;
  std::int64_t done_ = 0;  ///< the last tick that was looked at
  bool ticking_ = false;   ///< tick() arms the timer when it is through
  std::shared_ptr<Timer> timer_;
};

}  // namespace eventrelay
