// The seam between the engine and the thread that runs it: time, posting, alarms, chance. Real: Asio. In tests and the
// simulation: virtual time. The engine uses no other clock, timer, thread or source of chance.
#pragma once
#include <functional>
#include <memory>

#include "base/completion.h"
#include "base/time.h"

namespace eventrelay {

/// One pending wake-up. Belongs to its loop's thread; destroying it cancels.
class Alarm {
 public:
  virtual ~Alarm() = default;
  /// Replaces what was set. The handler runs once, at or soon after `at`.
  virtual void set(SteadyTime at) = 0;
  virtual void clear() = 0;
};

class EventLoop {
 public:
  virtual ~EventLoop() = default;
  /// Runs the task on the loop, in the order of posting. Any thread. After the loop has ended the task is destroyed
  /// unrun.
  virtual void post(Completion<> task) = 0;

  // The rest: only on the loop's thread.
  virtual SteadyTime now() const = 0;
  /// Goes on while the machine sleeps: what leases are measured with. Compares with itself only.
  virtual SteadyTime boot_now() const = 0;
  virtual WallTime wall_now() const = 0;
  virtual std::unique_ptr<Alarm> make_alarm(std::function<void()> handler) = 0;
  /// Uniform in [0, 1).
  virtual double random() = 0;
};

}  // namespace eventrelay
