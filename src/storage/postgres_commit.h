// What the lanes of commits share: queues that any thread fills, and answers that go back to the loops that asked.
#pragma once
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/completion.h"
#include "base/result.h"
#include "ports/event_loop.h"
#include "storage/commit_limits.h"
#include "storage/store_errors.h"

namespace eventrelay {

/// A request has its answer within a second where the database says nothing: an event and a read after this long
/// whatever the reason, a change where nothing at all was heard from the server for this long. (A change may have much
/// to do. The server is asked something every kLookEvery: one that only takes long over the change answers that.)
inline constexpr auto kAnswerWithin = std::chrono::milliseconds(900);
/// A commit that takes longer ends its connection.
inline constexpr auto kCommitTimeout = std::chrono::seconds(10);
/// Under load a commit begins this long after the one before at the earliest: a call of the database costs as much as
/// twenty of the items in it. Senders wait for ingest, nobody for the ends of attempts.
inline constexpr auto kIngestInterval = std::chrono::milliseconds(3);
inline constexpr auto kFinishInterval = std::chrono::milliseconds(6);
/// From so many items in the last commit on there is load.
inline constexpr std::size_t kCommitItemsOfLoad = 6;

/// Plans of hot statements: rows by index, whatever the statistics of a young table say; no compilation.
inline constexpr const char* kHotSetup =
    "SELECT set_config('jit', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false),"
    " set_config('enable_seqscan', 'off', false), set_config('enable_hashjoin', 'off', false),"
    " set_config('enable_mergejoin', 'off', false), set_config('lock_timeout', '1s', false)";

inline Error store_unavailable() {
  return unavailable("The store cannot take this now");
}
inline Error outcome_unknown() {
  return Error{ErrorCode::kUnknown, "The database did not say whether this was done", {}};
}

/// Results on their way to the loops that asked: one post a loop.
template <class T>
class Answers {
 public:
  void add(EventLoop& loop, Completion<Result<T>> done, Result<T> result) {
    by_loop_[&loop].push_back({std::move(done), std::move(result)});
  }
  void post() {
    for (auto& [loop, share] : by_loop_) {
      loop->post([share = std::move(share)]() mutable {
        for (auto& [done, result] : share) std::move(done)(std::move(result));
      });
    }
    by_loop_.clear();
  }

 private:
  std::map<EventLoop*, std::vector<std::pair<Completion<Result<T>>, Result<T>>>> by_loop_;
};

/// Wakes a coroutine of the store's loop. set() on that loop.
class Wake {
 public:
  explicit Wake(boost::asio::io_context& context) : timer_(context) {}
  void set() {
    is_set_ = true;
    timer_.cancel();
  }
  /// Until set(), or that long.
  boost::asio::awaitable<void> wait(std::chrono::steady_clock::duration most = std::chrono::hours(24)) {
    if (!is_set_) {
      timer_.expires_after(most);
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    is_set_ = false;
  }

 private:
  boost::asio::steady_timer timer_;
  bool is_set_ = false;
};

/// Items from any thread for a coroutine of the store's loop, bounded in count and bytes. Item has `bytes`.
template <class Item>
class CommitQueue {
 public:
  explicit CommitQueue(boost::asio::io_context& context) : context_(context), wake_(context) {}

  /// Any thread. False: full or closed; the item is untouched.
  bool push(Item& item) {
    const std::lock_guard lock(mutex_);
    if (closed_ || items_.size() >= kCommitQueueItemsMax || bytes_ + item.bytes > kCommitQueueBytesMax) return false;
    bytes_ += item.bytes;
    items_.push_back(std::move(item));
    if (!woken_) {
      woken_ = true;
      boost::asio::post(context_, [this] { wake_.set(); });
    }
    return true;
  }
  /// Any thread: later pushes fail; what is queued stays.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    boost::asio::post(context_, [this] { wake_.set(); });
  }

  // On the store's loop.

  /// Until there is something, or the queue is closed.
  boost::asio::awaitable<void> wait() {
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        if (!items_.empty() || closed_) co_return;
        woken_ = false;
      }
      auto waiting = wake_.wait();
      co_await std::move(waiting);
    }
  }
  std::vector<Item> take(std::size_t items_max, std::size_t bytes_max) {
    return take(items_max, bytes_max, [](const Item&) { return false; });
  }
  /// One for which is_alone says true comes with no other.
  template <class Alone>
  std::vector<Item> take(std::size_t items_max, std::size_t bytes_max, const Alone& is_alone) {
    const std::lock_guard lock(mutex_);
    std::vector<Item> taken;
    for (std::size_t bytes = 0; !items_.empty() && taken.size() < items_max && bytes < bytes_max;) {
      const bool alone = is_alone(std::as_const(items_.front()));
      if (alone && !taken.empty()) break;
      if (alone) items_max = 1;
      bytes += items_.front().bytes;
      bytes_ -= items_.front().bytes;
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return taken;
  }
  /// To the front, in their order; beyond the limits too.
  void put_back(std::vector<Item> items) {
    const std::lock_guard lock(mutex_);
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
      bytes_ += item->bytes;
      items_.push_front(std::move(*item));
    }
  }
  /// Takes out those for which it says true.
  template <class Expired>
  std::vector<Item> take_if(const Expired& expired) {
    const std::lock_guard lock(mutex_);
    std::vector<Item> taken;
    if (std::none_of(items_.begin(), items_.end(), expired)) return taken;
    std::deque<Item> left;  // completions cannot be assigned: nothing is moved within the queue
    for (Item& item : items_) {
      if (!expired(std::as_const(item))) {
        left.push_back(std::move(item));
        continue;
      }
      bytes_ -= item.bytes;
      taken.push_back(std::move(item));
    }
    items_.swap(left);
    return taken;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }
  bool is_done() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }

 private:
  boost::asio::io_context& context_;
  Wake wake_;
  mutable std::mutex mutex_;
  std::deque<Item> items_;
  std::size_t bytes_ = 0;
  bool woken_ = false;  ///< a post is on its way, or the coroutine is not waiting
  bool closed_ = false;
};

/// Spaces commits under load.
class CommitPace {
 public:
  CommitPace(boost::asio::io_context& context, std::chrono::milliseconds interval)
      : timer_(context), interval_(interval) {}
  /// Before a commit. waiting: items in the queue.
  boost::asio::awaitable<void> wait(std::size_t waiting) {
    const auto next = begun_ + interval_;
    if (last_items_ >= kCommitItemsOfLoad && waiting < kCommitItemsMax && std::chrono::steady_clock::now() < next) {
      timer_.expires_at(next);
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    begun_ = std::chrono::steady_clock::now();
  }
  void note(std::size_t items) { last_items_ = items; }

 private:
  boost::asio::steady_timer timer_;
  const std::chrono::milliseconds interval_;
  std::chrono::steady_clock::time_point begun_{};
  std::size_t last_items_ = 0;
};

}  // namespace eventrelay
