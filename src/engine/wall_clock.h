// Wall time that never steps back while the process runs: due times are compared with it, so that a clock set back
// delays nothing. One loop's; not thread-safe.
#pragma once
#include <algorithm>

#include "ports/event_loop.h"

namespace eventrelay {

class SteadyWallClock {
 public:
  explicit SteadyWallClock(EventLoop& loop) : loop_(loop), wall_(loop.wall_now()), steady_(loop.now()) {}

  /// The wall clock, or where it would be had it not been set back.
  WallTime now() {
    const SteadyTime steady = loop_.now();
    const auto passed = std::chrono::duration_cast<milliseconds>(steady - steady_);
    const WallTime read = loop_.wall_now();
    if (read >= wall_ + passed) {
      wall_ = read;
      steady_ = steady;
    } else {
      wall_ += passed;
      steady_ += passed;  // what is left of a millisecond counts next time
    }
    return wall_;
  }
  /// Something committed carries this time, so it has come.
  void observe(WallTime committed_at) { wall_ = std::max(now(), committed_at); }

 private:
  EventLoop& loop_;
  WallTime wall_;
  SteadyTime steady_;
};

}  // namespace eventrelay
