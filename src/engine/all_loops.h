// The engines of a process, one a loop, and how one loop asks them all: by a post to each and a latch.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "engine/engine.h"

namespace eventrelay {

/// Both outlive the posts made to them.
struct LoopEngine {
  EventLoop* loop = nullptr;
  Engine* engine = nullptr;
};

/// Runs `task(engine)` on each one's loop; then `done(results)` on `home`, the results in the order of the engines.
/// Any thread. A loop that hangs or has ended keeps `done` from running.
template <class Result, class Task, class Done>
void ask_all(EventLoop& home, const std::vector<LoopEngine>& engines, Task task, Done done) {
  struct Latch {
    explicit Latch(std::size_t count, Done then) : results(count), left(count), done(std::move(then)) {}
    std::vector<Result> results;
    std::atomic<std::size_t> left;
    Done done;
  };
  auto latch = std::make_shared<Latch>(engines.size(), std::move(done));
  for (std::size_t i = 0; i < engines.size(); ++i) {
    engines[i].loop->post([&home, engine = engines[i].engine, i, task, latch] {
      latch->results[i] = task(*engine);
      if (latch->left.fetch_sub(1) == 1) home.post([latch] { latch->done(std::move(latch->results)); });
    });
  }
}

/// Runs `task(engine)` on each one's loop, and lets it be.
template <class Task>
void tell_all(const std::vector<LoopEngine>& engines, Task task) {
  for (const LoopEngine& one : engines) one.loop->post([engine = one.engine, task] { task(*engine); });
}

}  // namespace eventrelay
