// Waits for what happens outside of the test's own loop: in a server, in another thread. Any thread.
#pragma once
#include <chrono>
#include <stdexcept>
#include <thread>

namespace eventrelay::test {

/// Asks again and again until the condition holds; throws after the limit, which fails the test.
template <class Condition>
void wait_for(const Condition& holds, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the test waited too long");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

}  // namespace eventrelay::test
