// The engine's event loop over an Asio io_context: real time, real alarms, chance from a seed.
// post() from any thread; everything else on the thread that runs the context.
#pragma once
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>

#include "ports/event_loop.h"

namespace eventrelay {

/// EventLoop::boot_now. Any thread.
SteadyTime boot_clock_now();

class AsioEventLoop final : public EventLoop {
 public:
  /// context: outlives this loop and its alarms, and is run by one thread.
  explicit AsioEventLoop(boost::asio::io_context& context, std::uint64_t seed = std::random_device{}())
      : context_(context), chance_(seed) {}

  void post(Completion<> task) override;
  SteadyTime now() const override;
  SteadyTime boot_now() const override { return boot_clock_now(); }
  WallTime wall_now() const override;
  std::unique_ptr<Alarm> make_alarm(std::function<void()> handler) override;
  double random() override;

  boost::asio::io_context& context() { return context_; }
  /// wall_now() is the machine's clock and this. Any thread.
  void set_wall_offset(milliseconds offset) { wall_offset_ms_ = offset.count(); }

 private:
  boost::asio::io_context& context_;
  std::mt19937_64 chance_;
  std::atomic<std::int64_t> wall_offset_ms_{0};
};

}  // namespace eventrelay
