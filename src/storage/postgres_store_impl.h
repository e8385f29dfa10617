// The PostgreSQL store's parts and what runs them. For the store's own files.
#pragma once
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <optional>
#include <thread>

#include "storage/postgres_change_lane.h"
#include "storage/postgres_finish.h"
#include "storage/postgres_ingest.h"
#include "storage/postgres_messages.h"
#include "storage/postgres_reads.h"
#include "storage/postgres_store.h"

namespace eventrelay {

class PostgresStore::Impl {
 public:
  Impl(PostgresOptions options, HandOver& hand_over, Metrics& metrics)
      : options_(std::move(options)), hand_over_(hand_over), metrics_(metrics) {}
  ~Impl() { stop(); }

  Result<void> start();
  void end_by(std::chrono::steady_clock::time_point deadline);
  void stop();

  // Any thread, between start() and stop().
  PgReads& reads() { return *reads_; }
  PgMessageReads& messages() { return *messages_; }
  PgIngest& ingest(bool keyed) { return keyed ? *keyed_ : *ingest_; }
  PgFinish& finish() { return *finish_; }
  PgChangeLane& changes() { return *changes_; }
  std::int64_t process() const { return process_; }
  const std::string& name() const { return options_.name; }
  std::int64_t installation() const { return installation_; }
  milliseconds clock_offset() const { return milliseconds(clock_offset_ms_.load()); }
  WallTime now() const;
  /// The time to take for the server's, where a test sets one.
  std::optional<std::int64_t> at_ms() const {
    return options_.clock ? std::optional(unix_ms(options_.clock())) : std::nullopt;
  }
  /// Blocks. What changes from then on is published.
  Result<Catalog> take_catalog();
  void catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done);

 private:
  PgConnectOptions connect_options();
  /// Runs a coroutine on the store's loop and waits for it. Before anything else does.
  template <class T>
  Result<T> run_blocking(Awaitable<Result<T>> task);
  Awaitable<Result<std::int64_t>> register_process();
  Awaitable<Result<Catalog>> read_catalog();
  void make_parts();
  PgFinish::Hooks finish_hooks();
  Awaitable<void> tick();
  /// Says that the process lives; measures the clocks; shows what is pending, and what nobody works on.
  Awaitable<void> report();
  /// Folds the notes of what was counted, where no other process has of late.
  Awaitable<void> fold_counts();
  /// Reads what changed, unless that is under way; no marks: of all organizations.
  void look(std::vector<CatalogMark> marks);
  /// Something ended: when all lanes have, the store's loop may end.
  void lane_ended();
  void end();

  const PostgresOptions options_;
  HandOver& hand_over_;
  Metrics& metrics_;
  std::int64_t process_ = 0;
  std::int64_t installation_ = 0;
  std::atomic<std::int64_t> clock_offset_ms_{0};
  std::atomic<bool> has_listeners_{false};  ///< the catalog was taken: what changes later is published
  std::atomic<bool> stopping_{false};
  // The connections are destroyed before their context, and what they tell after them.
  PgPulse pulse_;
  std::chrono::steady_clock::time_point end_by_ = std::chrono::steady_clock::time_point::max();
  boost::asio::io_context context_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_ =
      boost::asio::make_work_guard(context_);
  std::unique_ptr<PgReads> reads_;
  std::unique_ptr<PgMessageReads> messages_;
  std::unique_ptr<PgCatalog> catalog_;
  PgNames names_;
  std::unique_ptr<PgIngest> ingest_, keyed_;
  std::unique_ptr<PgFinish> finish_;
  std::unique_ptr<PgChangeLane> changes_;
  std::unique_ptr<boost::asio::steady_timer> ticker_;
  int lanes_running_ = 0;
  bool looking_ = false;
  std::thread thread_;
};

}  // namespace eventrelay
