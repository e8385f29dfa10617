#include "storage/sqlite_checkpointer.h"

#include <chrono>

#include "base/log.h"

namespace eventrelay {

namespace {

constexpr std::int64_t kCheckpointBytes = 8 * 1024 * 1024;
/// Past this the writer waits for the second thread before it goes on.
constexpr std::int64_t kLogBytesMax = 256 * 1024 * 1024;
constexpr auto kSlowedFor = std::chrono::milliseconds(100);

/// A checkpoint whose sync failed must not be followed by one that succeeds: the log would then be thrown away.
void checkpoint(SqliteDb& db) {
  const int result = sqlite3_wal_checkpoint_v2(db.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (result != SQLITE_OK) end_if_fatal(result & 0xff, sqlite3_errmsg(db.handle()));
}

}  // namespace

SqliteCheckpointer::SqliteCheckpointer(std::string path, SqliteDb& writer) : path_(std::move(path)), writer_(writer) {
  auto size = writer_.use("PRAGMA page_size");
  if (size.step()) page_bytes_ = size.integer(0);
  sqlite3_wal_hook(
      writer_.handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteCheckpointer*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  thread_ = std::thread([this] { run(); });
}

std::int64_t SqliteCheckpointer::after_commit() {
  const std::int64_t bytes = log_pages_ * page_bytes_;
  if (bytes < kCheckpointBytes) return bytes;
  bool mine = false;
  {
    std::unique_lock lock(mutex_);
    if (turn_ == Turn::kNobody) {
      turn_ = alone_ ? Turn::kWriter : Turn::kThread;
      changed_.notify_all();
    }
    if (bytes > kLogBytesMax) changed_.wait_for(lock, kSlowedFor, [&] { return turn_ != Turn::kThread || stopping_; });
    mine = turn_ == Turn::kWriter;
  }
  if (!mine) return bytes;
  checkpoint(writer_);
  const std::lock_guard lock(mutex_);
  turn_ = Turn::kNobody;
  return bytes;
}

void SqliteCheckpointer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SqliteCheckpointer::run() {
  try {
    SqliteDb db(path_, SqliteDb::Mode::kWriter);
    db.use("SELECT value FROM meta").run();  // only a connection that has read can checkpoint
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || turn_ == Turn::kThread; });
      if (stopping_) return;
      lock.unlock();
      checkpoint(db);
      lock.lock();
      turn_ = Turn::kWriter;
      changed_.notify_all();
    }
  } catch (const SqliteError& error) {
    spdlog::critical("the checkpoint's connection failed: {}", error.what());
    const std::lock_guard lock(mutex_);
    alone_ = true;
    turn_ = Turn::kWriter;
    changed_.notify_all();
  }
}

}  // namespace eventrelay
