// The ends of attempts into PostgreSQL: what waits becomes one commit, a call of the database's function `finish`.
// submit() from any thread; the rest belongs to the store's loop.
#pragma once
#include <functional>
#include <vector>

#include "ports/leases.h"
#include "ports/store.h"
#include "storage/codec.h"
#include "storage/postgres_commit_lane.h"

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

  void submit(PgFinishItem item) { lane_.submit(std::move(item)); }
  void close() { lane_.queue.close(); }
  std::size_t waiting() const { return lane_.queue.size(); }
  boost::asio::awaitable<void> run();

 private:
  using Items = std::vector<PgFinishItem>;
  boost::asio::awaitable<void> commit_all(Items items);
  /// Of one token.
  boost::asio::awaitable<void> commit(Items items);
  boost::asio::awaitable<PgResult<PgRows>> send(PgConnection& db, const Items& items);
  void take_result(Items items, const PgRows& rows);
  void fail(Items items, const Error& error);

  CommitLane<PgFinishItem, FinishResult> lane_;
  const std::int64_t writer_;
  std::function<WallTime()> clock_;
  Hooks hooks_;
  Metrics& metrics_;
};

}  // namespace eventrelay
