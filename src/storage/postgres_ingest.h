// Events into PostgreSQL: what waits becomes one commit, a call of the database's function `ingest`, then the next.
// Requests with an idempotency key may wait for one another, and have a lane of their own.
// submit() from any thread; the rest belongs to the store's loop.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "ports/store.h"
#include "storage/postgres_catalog.h"
#include "storage/postgres_commit_lane.h"
#include "storage/postgres_names.h"

namespace eventrelay {

struct PgIngestItem {
  EventLoop* loop = nullptr;
  IngestIntent intent;
  Completion<Result<IngestResult>> done;  ///< empty once answered
  std::size_t bytes = 0;
  std::chrono::steady_clock::time_point answer_by{};
  int stale = 0;       ///< tries that a change of webhooks came before
  bool alone = false;  ///< a commit of its own: in one with others something failed
};

class PgIngest {
 public:
  struct Options {
    std::int64_t writer = 0;          ///< whose counters
    std::function<WallTime()> clock;  ///< empty: the server's
  };

  PgIngest(boost::asio::io_context& context, PgConnectOptions connect, Options options, PgCatalog& catalog,
           PgNames& names, HandOver& hand_over, Metrics& metrics);

  /// Beyond the queue's limits it is answered with kUnavailable.
  void submit(PgIngestItem item) { lane_.submit(std::move(item)); }
  /// Takes nothing more in; run() ends when what is queued has been answered.
  void close() { lane_.queue.close(); }
  std::size_t waiting() const { return lane_.queue.size(); }
  boost::asio::awaitable<void> run();
  /// Answers what has waited past its time: kUnavailable where it was not sent, else kUnknown. Called again and again.
  void answer_overdue();

 private:
  struct Batch;
  using Items = std::vector<PgIngestItem>;

  boost::asio::awaitable<void> commit(Items items);
  boost::asio::awaitable<PgResult<PgRows>> try_commit(PgConnection& db, Batch& batch);
  /// Keeps changes of these organizations' webhooks away until let_go(), whatever it answers.
  boost::asio::awaitable<std::optional<PgFault>> hold_webhooks(PgConnection& db, const Items& items);
  static void let_go(PgConnection& db);
  boost::asio::awaitable<PgResult<PgRows>> send(PgConnection& db, Batch& batch);
  PgNames::Missing missing_names(const Batch& batch);
  /// Afterwards the batch's names are known, until something is waited for.
  boost::asio::awaitable<std::optional<PgFault>> resolve_names(PgConnection& db, const Batch& batch,
                                                               PgConnection::Deadline deadline);
  /// Fills what the batch sends; items that cannot be taken in are answered. The names are known.
  void fill(Batch& batch);
  std::optional<Error> settle_targets(IngestIntent& intent) const;
  void take_result(Batch& batch, const PgRows& rows);
  void take_fault(Items items, const PgFault& fault);
  void answer(PgIngestItem& item, Result<IngestResult> result);

  Options options_;
  CommitLane<PgIngestItem, IngestResult> lane_;
  PgCatalog& catalog_;
  PgNames& names_;
  HandOver& hand_over_;
  Metrics& metrics_;
  Items* in_commit_ = nullptr;
  bool is_sent_ = false;  ///< what is in the commit, to the database: it may be done
};

}  // namespace eventrelay
