#include "tests/support/manual_loop.h"

#include <algorithm>

namespace eventrelay {

namespace {

/// 2026-01-01T00:00:00Z: where the wall clock stands at the steady clock's zero.
constexpr WallTime kWallStart = from_unix_ms(1'767'225'600'000);

}  // namespace

WallTime VirtualTime::wall_now() const {
  return kWallStart + std::chrono::floor<milliseconds>(now_.time_since_epoch()) + wall_offset_;
}

VirtualTime::Ticket VirtualTime::at(SteadyTime moment, Completion<> task) {
  const Ticket ticket{std::max(moment, now_), inserted_++};
  tasks_.emplace(ticket, std::move(task));
  return ticket;
}

std::optional<SteadyTime> VirtualTime::next() const {
  if (tasks_.empty()) return std::nullopt;
  return tasks_.begin()->first.first;
}

bool VirtualTime::run_next() {
  if (tasks_.empty()) return false;
  auto node = tasks_.extract(tasks_.begin());
  now_ = node.key().first;
  std::move(node.mapped())();
  return true;
}

void VirtualTime::run_until(SteadyTime moment) {
  while (!tasks_.empty() && tasks_.begin()->first.first <= moment) run_next();
  now_ = std::max(now_, moment);
}

class ManualAlarm final : public Alarm {
 public:
  ManualAlarm(VirtualTime& time, std::shared_ptr<ManualLoop::State> loop, std::function<void()> handler)
      : time_(time), state_(std::make_shared<State>(State{time, std::move(loop), std::move(handler), {}})) {}
  ~ManualAlarm() override { clear(); }
  ManualAlarm(const ManualAlarm&) = delete;
  ManualAlarm& operator=(const ManualAlarm&) = delete;

  void set(SteadyTime at) override {
    if (state_->ticket && state_->ticket->first == at) return;
    clear();
    ring(state_, at);
  }
  void clear() override {
    if (state_->ticket) time_.cancel(*state_->ticket);
    state_->ticket.reset();
  }

 private:
  struct State {
    VirtualTime& time;
    std::shared_ptr<ManualLoop::State> loop;
    std::function<void()> handler;
    std::optional<VirtualTime::Ticket> ticket;
  };
  static void ring(const std::shared_ptr<State>& state, SteadyTime at) {
    state->ticket = state->time.at(at, [state] {
      state->ticket.reset();
      if (state->loop->ended) return;
      if (state->loop->paused_until > state->time.now()) return ring(state, state->loop->paused_until);
      state->handler();
    });
  }

  VirtualTime& time_;
  std::shared_ptr<State> state_;
};

ManualLoop::ManualLoop(VirtualTime& time, std::uint64_t seed) : time_(time), random_state_(seed) {}

void ManualLoop::run_at(SteadyTime at, VirtualTime& time, const std::shared_ptr<State>& state, Completion<> task) {
  time.at(at, [&time, state, task = std::move(task)]() mutable {
    if (state->ended) return;
    if (state->paused_until > time.now()) return run_at(state->paused_until, time, state, std::move(task));
    std::move(task)();
  });
}

SteadyTime ManualLoop::boot_now() const {
  return boot_by_wall_ ? SteadyTime(wall_now().time_since_epoch()) : time_.now();
}

WallTime ManualLoop::wall_now() const {
  return time_.wall_now() + (wall_offset_ ? wall_offset_() : milliseconds(0));
}

void ManualLoop::post(Completion<> task) {
  const SteadyTime arrival = time_.now() + (lag_ ? lag_() : std::chrono::microseconds(0));
  last_post_ = std::max(last_post_, arrival);
  run_at(last_post_, time_, state_, std::move(task));
}

std::unique_ptr<Alarm> ManualLoop::make_alarm(std::function<void()> handler) {
  return std::make_unique<ManualAlarm>(time_, state_, std::move(handler));
}

double ManualLoop::random() {
  // splitmix64: small, and the same everywhere.
  std::uint64_t z = (random_state_ += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

}  // namespace eventrelay
