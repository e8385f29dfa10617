#include "net/asio_event_loop.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <ctime>
#include <optional>
#include <utility>

namespace eventrelay {
namespace {

using Clock = std::chrono::steady_clock;
using LoopTimer =
    boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, boost::asio::io_context::executor_type>;

/// The part of an alarm that its timer's handler may outlive.
class AlarmState : public std::enable_shared_from_this<AlarmState> {
 public:
  AlarmState(boost::asio::io_context& context, std::function<void()> handler)
      : timer_(context.get_executor()), handler_(std::move(handler)) {}

  /// An alarm that is set again and again to later times costs nothing: the timer is armed anew when it fires.
  void set(SteadyTime at) {
    target_ = at;
    if (!armed_ || at < *armed_) arm(at);
  }

  void clear() {
    target_.reset();
    armed_.reset();
    ++round_;
    timer_.cancel();
  }

 private:
  void arm(SteadyTime at) {
    armed_ = at;
    timer_.expires_at(at);
    timer_.async_wait([self = shared_from_this(), round = ++round_](const boost::system::error_code&) {
      // A wait that was replaced may already have been queued as a success: the round tells.
      if (round == self->round_) self->fire();
    });
  }

  void fire() {
    armed_.reset();
    if (!target_) return;
    if (Clock::now() < *target_) return arm(*target_);
    target_.reset();
    handler_();
  }

  LoopTimer timer_;
  std::function<void()> handler_;
  std::optional<SteadyTime> target_;
  std::optional<SteadyTime> armed_;
  std::uint64_t round_ = 0;
};

class AsioAlarm final : public Alarm {
 public:
  explicit AsioAlarm(std::shared_ptr<AlarmState> state) : state_(std::move(state)) {}
  ~AsioAlarm() override { state_->clear(); }
  AsioAlarm(const AsioAlarm&) = delete;
  AsioAlarm& operator=(const AsioAlarm&) = delete;
  void set(SteadyTime at) override { state_->set(at); }
  void clear() override { state_->clear(); }

 private:
  std::shared_ptr<AlarmState> state_;
};

}  // namespace

void AsioEventLoop::post(Completion<> task) {
  boost::asio::post(context_, [task = std::move(task)]() mutable { std::move(task)(); });
}

SteadyTime AsioEventLoop::now() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(Clock::now());
}

SteadyTime boot_clock_now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  const auto since_boot = std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  return SteadyTime(std::chrono::duration_cast<std::chrono::microseconds>(since_boot));
}

WallTime AsioEventLoop::wall_now() const {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()) + milliseconds(wall_offset_ms_);
}

std::unique_ptr<Alarm> AsioEventLoop::make_alarm(std::function<void()> handler) {
  return std::make_unique<AsioAlarm>(std::make_shared<AlarmState>(context_, std::move(handler)));
}

double AsioEventLoop::random() {
  return static_cast<double>(chance_() >> 11) * 0x1.0p-53;
}

}  // namespace eventrelay
