#include "net/deadline_wheel.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <utility>

namespace eventrelay {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

/// Outlives the wheel while a wait is queued.
class DeadlineWheel::Timer : public std::enable_shared_from_this<Timer> {
 public:
  Timer(boost::asio::io_context& loop, DeadlineWheel& wheel) : timer_(loop.get_executor()), wheel_(&wheel) {}

  bool armed() const { return armed_; }
  void arm(SteadyTime at) {
    armed_ = true;
    timer_.expires_at(at);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
      self->armed_ = false;
      if (self->wheel_) self->wheel_->tick();
    });
  }
  void disarm() {
    wheel_ = nullptr;
    timer_.cancel();
  }
  bool detached() const { return !wheel_; }

 private:
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::io_context::executor_type>
      timer_;
  DeadlineWheel* wheel_;
  bool armed_ = false;
};

DeadlineWheel::DeadlineWheel(boost::asio::io_context& loop) : timer_(std::make_shared<Timer>(loop, *this)) {
  for (Head& head : slots_) head.next_ = head.previous_ = &head;
}

DeadlineWheel::~DeadlineWheel() {
  timer_->disarm();
  for (Head& head : slots_) {
    while (head.next_ != &head) head.next_->unlink();
    head.next_ = nullptr;
  }
}

void DeadlineWheel::link(Deadline& deadline, Head& head) {
  deadline.previous_ = head.previous_;
  deadline.next_ = &head;
  head.previous_->next_ = &deadline;
  head.previous_ = &deadline;
}

void DeadlineWheel::set(Deadline& deadline, SteadyTime at) {
  deadline.unlink();
  deadline.at_ = at;
  // The tick after the one that it falls into: whoever finds it there finds it due.
  std::int64_t tick = tick_of(at) + 1;
  if (!timer_->armed() && !ticking_) {
    const SteadyTime now = steady_now();
    done_ = tick_of(now);
    timer_->arm(SteadyTime{(done_ + 1) * kWheelTick});
  }
  if (tick <= done_) tick = done_ + 1;
  link(deadline, slots_[static_cast<std::size_t>(tick) % kWheelSlots]);
}

void DeadlineWheel::tick() {
  const auto timer = timer_;  // this wheel may be destroyed by what it calls
  const SteadyTime now = steady_now();
  const std::int64_t last = tick_of(now);
  // After a long stop of the process each slot needs to be looked at once only.
  if (last - done_ > static_cast<std::int64_t>(kWheelSlots)) done_ = last - static_cast<std::int64_t>(kWheelSlots);
  ticking_ = true;
  while (done_ < last) {
    turn(++done_, now);
    if (timer->detached()) return;
  }
  ticking_ = false;
  if (!empty()) timer->arm(SteadyTime{(done_ + 1) * kWheelTick});
}

void DeadlineWheel::turn(std::int64_t tick, SteadyTime now) {
  const auto timer = timer_;
  Head& slot = slots_[static_cast<std::size_t>(tick) % kWheelSlots];
  if (slot.next_ == &slot) return;
  // Moved to a list of its own, for what is set meanwhile must not be met in this turn.
  Head due;
  due.next_ = slot.next_;
  due.previous_ = slot.previous_;
  due.next_->previous_ = due.previous_->next_ = &due;
  slot.next_ = slot.previous_ = &slot;
  while (due.next_ != &due) {
    Deadline& deadline = *due.next_;
    deadline.unlink();
    if (deadline.at_ > now) {
      link(deadline, slot);  // of a later turn of the wheel
      continue;
    }
    deadline.on_deadline();
    if (timer->detached()) break;
  }
  while (due.next_ != &due) due.next_->unlink();
  due.next_ = nullptr;
}

bool DeadlineWheel::empty() const {
  for (const Head& head : slots_) {
    if (head.next_ != &head) return false;
  }
  return true;
}

}  // namespace eventrelay
