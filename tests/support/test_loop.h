// A real event loop that the test's own thread runs while it waits. What stores, transports and pools post to it from
// their threads runs there, so a test needs no locks. Every wait has a deadline.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include "net/asio_event_loop.h"

namespace eventrelay {

/// Past it a wait throws, which fails the test.
inline constexpr auto kTestDeadline = std::chrono::seconds(60);

class TestLoop {
 public:
  EventLoop& loop() { return loop_; }
  boost::asio::io_context& context() { return context_; }

  /// Runs the loop until the condition holds.
  template <class Condition>
  void run_until(const Condition& holds) {
    const auto deadline = std::chrono::steady_clock::now() + kTestDeadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the test waited too long");
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(100));
    }
  }
  /// Runs what has been posted already.
  void run_ready() {
    context_.restart();
    context_.poll();
  }

  /// Calls start(completion) and waits for the completion's argument.
  template <class T, class Start>
  T wait(const Start& start) {
    std::optional<T> result;
    start([&result](T value) { result.emplace(std::move(value)); });
    run_until([&] { return result.has_value(); });
    return std::move(*result);
  }
  template <class T>
  T wait(boost::asio::awaitable<T> task) {
    std::optional<T> result;
    boost::asio::co_spawn(context_, std::move(task), [&result](const std::exception_ptr& fault, T value) {
      if (fault) std::rethrow_exception(fault);
      result.emplace(std::move(value));
    });
    run_until([&] { return result.has_value(); });
    return std::move(*result);
  }

 private:
  boost::asio::io_context context_{1};
  AsioEventLoop loop_{context_};
};

}  // namespace eventrelay
