// Virtual time, and event loops that live in it. A test or the simulation moves time; nothing waits for real.
// Single-threaded, and the same calls give the same order every time.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "ports/event_loop.h"

namespace eventrelay {

/// Tasks at moments, run in the order of (moment, insertion).
class VirtualTime {
 public:
  using Ticket = std::pair<SteadyTime, std::uint64_t>;

  SteadyTime now() const { return now_; }
  WallTime wall_now() const;
  /// Steps the wall clock, forward or back; steady time goes on as it was.
  void step_wall(milliseconds by) { wall_offset_ += by; }

  /// Moments that have passed count as now.
  Ticket at(SteadyTime moment, Completion<> task);
  void cancel(const Ticket& ticket) { tasks_.erase(ticket); }
  /// The moment of the next task.
  std::optional<SteadyTime> next() const;
  /// Runs the next task, moving time to it; false when there is none.
  bool run_next();
  /// Runs all tasks up to that moment, then stands there.
  void run_until(SteadyTime moment);
  void run_for(std::chrono::microseconds time) { run_until(now_ + time); }
  /// Runs what can run without moving time.
  void run_ready() { run_until(now_); }

 private:
  SteadyTime now_{std::chrono::hours(1)};
  milliseconds wall_offset_{0};
  std::map<Ticket, Completion<>> tasks_;
  std::uint64_t inserted_ = 0;
};

class ManualLoop final : public EventLoop {
 public:
  explicit ManualLoop(VirtualTime& time, std::uint64_t seed = 1);
  ~ManualLoop() override { end(); }
  ManualLoop(const ManualLoop&) = delete;
  ManualLoop& operator=(const ManualLoop&) = delete;

  /// Nothing that was posted or set runs any more.
  void end() { state_->ended = true; }
  /// The machine sleeps, or the process is stopped: until then nothing runs, afterwards all that was due, in its order.
  void pause_until(SteadyTime moment) { state_->paused_until = std::max(state_->paused_until, moment); }
  /// How far this machine's wall clock is ahead of the others'.
  void set_wall_offset(std::function<milliseconds()> offset) { wall_offset_ = std::move(offset); }
  /// A planted fault: the boot clock goes with the wall clock.
  void set_boot_by_wall() { boot_by_wall_ = true; }
  /// How long each post takes to arrive; they stay in their order. Default: no time.
  void set_lag(std::function<std::chrono::microseconds()> lag) { lag_ = std::move(lag); }

  void post(Completion<> task) override;
  SteadyTime now() const override { return time_.now(); }
  SteadyTime boot_now() const override;
  WallTime wall_now() const override;
  std::unique_ptr<Alarm> make_alarm(std::function<void()> handler) override;
  double random() override;

 private:
  friend class ManualAlarm;
  struct State {
    bool ended = false;
    SteadyTime paused_until{};
  };
  /// Then, or when the loop goes on.
  static void run_at(SteadyTime at, VirtualTime& time, const std::shared_ptr<State>& state, Completion<> task);

  VirtualTime& time_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  std::function<milliseconds()> wall_offset_;
  bool boot_by_wall_ = false;
  std::function<std::chrono::microseconds()> lag_;
  SteadyTime last_post_{};
  std::uint64_t random_state_;
};

}  // namespace eventrelay
