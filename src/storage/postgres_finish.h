// The ends of attempts into PostgreSQL: what waits becomes one commit, a call of the database's function `finish`.
// submit() from any thread; the rest belongs to the store's loop.
#pragma once
#include <functional>
#include <vector>

#include "base/metrics.h"
#include "ports/leases.h"
#include "ports/store.h"
#include "storage/codec.h"
#include "storage/postgres_commit.h"
#include "storage/postgres_link.h"

namespace eventrelay {

struct PgFinishItem {
  EventLoop* loop = nullptr;
  EncodedAttempt attempt;
  WorkerToken token;  ///< the intent's
  Completion<Result<FinishResult>> done;
  std::size_t bytes = 0;
};

class PgFinish {
 public:
  struct Hooks {
    /// The attempt is committed and says something of its webhook's health: commits that, then answers.
    std::function<void(PgFinishItem, Result<FinishResult>)> health;
    /// Organizations are at these versions.
    std::function<void(std::vector<CatalogMark>)> versions;
  };

  PgFinish(boost::asio::io_context& context, PgConnectOptions connect, std::int64_t writer,
           std::function<WallTime()> clock, Hooks hooks, Metrics& metrics);

  void submit(PgFinishItem item);
  void close() { queue_.close(); }
  boost::asio::awaitable<void> run();

 private:
  using Items = std::vector<PgFinishItem>;
  boost::asio::awaitable<void> commit(Items items);
  boost::asio::awaitable<PgResult<PgRows>> send(PgConnection& db, const Items& items);
  void take_result(Items items, const PgRows& rows);
  void fail(Items items, const Error& error);

  PgLink link_;
  const std::int64_t writer_;
  std::function<WallTime()> clock_;
  Hooks hooks_;
  Metrics& metrics_;
  CommitQueue<PgFinishItem> queue_;
  CommitPace pace_;
  Answers<FinishResult> answers_;
  bool refusing_ = false;
};

}  // namespace eventrelay
