#include "storage/sqlite_readers.h"

#include "base/limits.h"
#include "base/log.h"

namespace eventrelay {

namespace {

constexpr std::size_t kQueriesWaitingMax = 4'096;
/// SQLite's steps between two looks at the clock.
constexpr int kStepsPerClockLook = 10'000;

using Clock = std::chrono::steady_clock;

int is_past(void* deadline) {
  return Clock::now() > *static_cast<Clock::time_point*>(deadline) ? 1 : 0;
}

}  // namespace

SqliteReaders::SqliteReaders(std::string path, std::size_t threads) : path_(std::move(path)) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

SqliteReaders::Deadline SqliteReaders::ends_from_now() {
  return Clock::now() + kQueryTimeout;
}

std::optional<Error> SqliteReaders::guarded(SqliteDb& db, Deadline ends, const std::function<void()>& body) {
  if (is_past(&ends)) return Error{ErrorCode::kTimeout, "Too many queries wait before this one; try again", {}};
  sqlite3_progress_handler(db.handle(), kStepsPerClockLook, is_past, &ends);
  std::optional<Error> error;
  try {
    db.use("BEGIN").run();
    body();
  } catch (const SqliteError& fault) {
    if (fault.code == SQLITE_INTERRUPT) {
      error = Error{ErrorCode::kTimeout, "The query took too long; narrow the filters", {}};
    } else {
      spdlog::error("a query failed: {}", fault.what());
      error = cannot_answer_now();
    }
  } catch (const std::exception& fault) {
    spdlog::error("a query failed: {}", fault.what());
    error = cannot_answer_now();
  }
  sqlite3_progress_handler(db.handle(), 0, nullptr, nullptr);
  try {
    if (sqlite3_get_autocommit(db.handle()) == 0) db.use("COMMIT").run();
  } catch (const SqliteError& fault) {
    spdlog::error("a query's transaction did not end: {}", fault.what());
  }
  return error;
}

bool SqliteReaders::submit(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= kQueriesWaitingMax) return false;
    queue_.push_back(std::move(task));
  }
  woken_.notify_one();
  return true;
}

void SqliteReaders::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void SqliteReaders::run() {
  std::unique_ptr<SqliteDb> db;
  while (true) {
    Task task;
    bool stopping = false;
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      stopping = stopping_;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      if (!db && !stopping) db = std::make_unique<SqliteDb>(path_, SqliteDb::Mode::kReader);
    } catch (const SqliteError& fault) {
      spdlog::error("a reader cannot open the database: {}", fault.what());
    }
    task(stopping ? nullptr : db.get());
  }
}

}  // namespace eventrelay
