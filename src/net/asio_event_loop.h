// The engine's event loop over an Asio io_context: real time, real alarms, chance from a seed.
// post() from any thread; everything else on the thread that runs the context.
#pragma once
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>

#include "ports/event_loop.h"

namespace eventrelay {

class AsioEventLoop final : public EventLoop {
 public:
  /// context: outlives this loop and its alarms, and is run by one thread.
  explicit AsioEventLoop(boost::asio::io_context& context, std::uint64_t seed = std::random_device{}())
      : context_(context), chance_(seed) {}

  void post(Completion<> task) override;
  SteadyTime now() const override;
  SteadyTime boot_now() const override;
  WallTime wall_now() const override;
  std::unique_ptr<Alarm> make_alarm(std::function<void()> handler) override;
  double random() override;

  boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context& context_;
  std::mt19937_64 chance_;
};

}  // namespace eventrelay
