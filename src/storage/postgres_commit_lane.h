// A lane of commits: what waits becomes one commit on the lane's connection, then the next. Of the hot writes: events,
// the ends of attempts. submit() from any thread; the rest belongs to the store's loop.
#pragma once
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "storage/postgres_commit.h"
#include "storage/postgres_link.h"

namespace eventrelay {

/// Item has `loop`, `done` and `bytes`, and may have `alone`: then it is committed with no other. T is what it is
/// answered with.
template <class Item, class T>
class CommitLane {
 public:
  using Items = std::vector<Item>;

  /// takes: what the lane takes, for the log; setup: of its connection. Literals.
  CommitLane(boost::asio::io_context& context, PgConnectOptions connect, std::chrono::milliseconds interval,
             const char* takes, Metrics& metrics, const char* setup = kHotSetup)
      : queue(context),
        link(context, std::move(connect), setup),
        pace_(context, interval),
        takes_(takes),
        metrics_(metrics) {}

  /// Beyond the queue's limits it is answered with kUnavailable.
  void submit(Item item) {
    if (queue.push(item)) return;
    Answers<T> refused;
    refused.add(*item.loop, std::move(item.done), too_much_waits());
    refused.post();
  }
  /// commit: awaitable<void>(Items), which leaves its answers in `answers`. Ends when the queue is done.
  template <class Commit>
  boost::asio::awaitable<void> run(Commit commit) {
    while (true) {
      auto waiting = queue.wait();
      co_await std::move(waiting);
      if (queue.is_done()) co_return link.close();
      auto pausing = pace_.wait(queue.size());
      co_await std::move(pausing);
      Items items = queue.take(kCommitItemsMax, kCommitBytesMax, is_alone);
      pace_.note(items.size());
      if (items.empty()) continue;
      auto committing = commit(std::move(items));
      co_await std::move(committing);
      answers.post();
    }
  }
  /// One's fault must not fail the others.
  template <class Commit>
  boost::asio::awaitable<void> run_each_alone(Items& items, Commit commit) {
    for (Item& item : items) {
      if (!item.done) continue;  // answered meanwhile
      Items alone;
      alone.push_back(std::move(item));
      auto committing = commit(std::move(alone));
      co_await std::move(committing);
      answers.post();
    }
  }

  void note_commit(std::size_t items, std::chrono::steady_clock::time_point begun) {
    if (std::exchange(refusing_, false)) spdlog::info("the store takes {} again", takes_);
    metrics_.commit_items.Observe(static_cast<double>(items));
    metrics_.commit_seconds.Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  }
  /// Said once, until a commit succeeds.
  void note_fault(const Error& why) {
    if (!std::exchange(refusing_, true)) spdlog::error("the store takes no {}: {}", takes_, why.message);
  }

  CommitQueue<Item> queue;
  PgLink link;
  Answers<T> answers;

 private:
  static bool is_alone(const Item& item) {
    if constexpr (requires { item.alone; }) return item.alone;
    return false;
  }

  CommitPace pace_;
  const char* const takes_;
  Metrics& metrics_;
  bool refusing_ = false;
};

}  // namespace eventrelay
