// Threads that read, each with its own connection, so that no query stalls a commit. Any thread may ask.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ports/event_loop.h"
#include "ports/store_queries.h"
#include "storage/sqlite_db.h"
#include "storage/store_errors.h"

namespace eventrelay {

class SqliteReaders {
 public:
  SqliteReaders(std::string path, std::size_t threads);
  ~SqliteReaders() { stop(); }

  /// Runs the query on a reader inside one snapshot; it completes on the loop. kUnavailable: too many wait, or the
  /// database failed; kTimeout: with its time in the queue it took longer than kQueryTimeout.
  template <class T>
  void ask(EventLoop& loop, std::function<Result<T>(SqliteDb&)> query, Completion<Result<T>> done) {
    auto shared = std::make_shared<Completion<Result<T>>>(std::move(done));
    const auto answer = [&loop, shared](Result<T> result) {
      loop.post([shared, result = std::move(result)]() mutable { std::move (*shared)(std::move(result)); });
    };
    const bool queued = submit([query = std::move(query), answer, ends = ends_from_now()](SqliteDb* db) {
      if (!db) return answer(cannot_answer_now());
      Result<T> result = cannot_answer_now();
      if (auto fault = guarded(*db, ends, [&] { result = query(*db); })) {
        answer(std::move(*fault));
      } else {
        answer(std::move(result));
      }
    });
    if (!queued) answer(cannot_answer_now());
  }

  template <class T>
  Awaitable<Result<T>> ask(EventLoop& loop, std::function<Result<T>(SqliteDb&)> query) {
    auto result = co_await completion_of<Result<T>>(
        [&](auto done) { ask<T>(loop, std::move(query), Completion<Result<T>>(std::move(done))); });
    co_return result;
  }

  /// What is queued is answered with kUnavailable.
  void stop();

 private:
  using Task = std::function<void(SqliteDb*)>;
  using Deadline = std::chrono::steady_clock::time_point;

  static Deadline ends_from_now();
  /// Runs the body in a read transaction that ends at the deadline; the error that ended it, if one did.
  static std::optional<Error> guarded(SqliteDb& db, Deadline ends, const std::function<void()>& body);
  bool submit(Task task);
  void run();

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace eventrelay
