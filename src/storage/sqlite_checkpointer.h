// Moves the write-ahead log into the database beside the writer: a second thread does the bulk, the writer the rest, so
// that no commit waits for it and the log begins anew. after_commit() and stop() on the writer's thread.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "storage/sqlite_db.h"

namespace eventrelay {

class SqliteCheckpointer {
 public:
  SqliteCheckpointer(std::string path, SqliteDb& writer);
  ~SqliteCheckpointer() { stop(); }

  /// Looks at the log's size, asks the second thread or does the writer's part; past kLogBytesMax it waits a moment,
  /// which slows what is taken in. Returns the log's size in bytes.
  std::int64_t after_commit();
  void stop();

 private:
  enum class Turn { kNobody, kThread, kWriter };
  void run();

  const std::string path_;
  SqliteDb& writer_;
  int log_pages_ = 0;
  std::int64_t page_bytes_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  Turn turn_ = Turn::kNobody;
  bool alone_ = false;  ///< the second thread has ended: the writer does all of it
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace eventrelay
