// Changes into PostgreSQL, one after the other on a connection of their own, and how they reach this process's loops.
// submit() from any thread; the rest belongs to the store's loop.
#pragma once
#include <functional>

#include "base/metrics.h"
#include "storage/postgres_catalog.h"
#include "storage/postgres_changes.h"
#include "storage/postgres_commit.h"
#include "storage/postgres_finish.h"
#include "storage/postgres_link.h"

namespace eventrelay {

/// A change with its completion; or the health of a webhook, with the attempt's end that waits for it.
struct PgChangeItem {
  EventLoop* loop = nullptr;
  Change change;
  Completion<Result<ChangeResult>> done;
  FinishAttemptPtr health;
  Completion<Result<FinishResult>> finished;
  std::optional<FinishResult> finish_result;
  std::size_t bytes = 0;
  std::chrono::steady_clock::time_point submitted{};
  bool is_sent = false;  ///< to the database
};

class PgChangeLane {
 public:
  struct Options {
    std::int64_t writer = 0;
    std::function<WallTime()> clock;  ///< empty: the server's
    int retention_days = 0;           ///< where the settings do not say; 0: everything is kept
  };
  PgChangeLane(boost::asio::io_context& context, PgConnectOptions connect, Options options, PgCatalog& catalog,
               HandOver& hand_over, Metrics& metrics);

  void submit(PgChangeItem item);
  void close() { queue_.close(); }
  std::size_t waiting() const { return queue_.size(); }
  /// Answers what people have waited for while the server said nothing: kUnavailable what was not sent, and is not;
  /// kUnknown what was: should it be done yet, it is told as any other. A server that answers may be held up by a lock:
  /// what has been queued for kChangeTimeout is kUnavailable then. Called again and again.
  void answer_overdue(const PgPulse& pulse);
  boost::asio::awaitable<void> run();

 private:
  boost::asio::awaitable<void> apply(PgChangeItem item);
  boost::asio::awaitable<PgResult<ChangeOutcome>> commit(PgChangeItem& item);
  /// Keeps house; true: there may be more to do at once.
  boost::asio::awaitable<bool> keep_house(PgConnection& db, std::optional<std::int64_t> at_ms);
  boost::asio::awaitable<bool> retire_partition(PgConnection& db, std::optional<std::int64_t> at_ms);
  boost::asio::awaitable<void> publish(News news, Completion<> applied);
  static void answer(PgChangeItem item, Result<ChangeResult> result);

  PgLink link_;
  const Options options_;
  PgCatalog& catalog_;
  HandOver& hand_over_;
  Metrics& metrics_;
  CommitQueue<PgChangeItem> queue_;
  PgChangeItem* in_commit_ = nullptr;
};

}  // namespace eventrelay
