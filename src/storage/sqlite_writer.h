// The thread that writes: takes everything that waits, makes it one transaction, tells the loops, then takes what has
// come meanwhile. submit() from any thread; the rest by the owner.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "ports/event_loop.h"
#include "ports/queue.h"
#include "storage/sqlite_checkpointer.h"
#include "storage/sqlite_session.h"

namespace eventrelay {

/// An intent on its way through the writer, with its completion.
class SqliteWork {
 public:
  virtual ~SqliteWork() = default;
  /// Inside a transaction; may be called again after a rollback.
  virtual void run(SqliteSession& session) = 0;
  virtual void fail(Error error) = 0;
  /// On the loop's thread.
  virtual void complete() = 0;

  EventLoop* loop = nullptr;
  std::size_t bytes = 0;
  bool awaits_news = false;  ///< completed only when every loop has taken the commit's news in
};

class SqliteWriter {
 public:
  SqliteWriter(std::unique_ptr<SqliteSession> session, const std::string& path, HandOver& hand_over, Metrics& metrics,
               std::function<WallTime()> clock);
  ~SqliteWriter() { stop(); }

  /// Beyond the queue's limits the work is failed with kUnavailable.
  void submit(std::unique_ptr<SqliteWork> work);
  /// Commits what is queued, then ends; later submits fail.
  void stop();

 private:
  using Group = std::vector<std::unique_ptr<SqliteWork>>;

  void run();
  void commit_group(Group group);
  enum class Outcome { kCommitted, kRolledBack, kRefused };
  /// kRolledBack: perhaps for one item alone. kRefused: all of it has failed.
  Outcome try_group(Group& group);
  void publish(Group group);
  void note_commit(std::size_t items, std::chrono::steady_clock::duration took);

  std::unique_ptr<SqliteSession> session_;
  SqliteCheckpointer checkpointer_;
  HandOver& hand_over_;
  Metrics& metrics_;
  std::function<WallTime()> clock_;

  std::mutex mutex_;
  std::condition_variable woken_;
  Group queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  bool refusing_ = false;  ///< the last commit failed: said once
  std::thread thread_;
};

}  // namespace eventrelay
