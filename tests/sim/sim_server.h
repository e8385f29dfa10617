// The database server that several processes of the simulation share, around one SimDatabase: transactions with
// numbers, what their readers see, the notes of commits, and leases, as src/storage/postgres_migrations has them. What
// a transaction does, it does at its end; its number, its ids and its hold on a worker's row it has from its beginning.
// Single-threaded; outlives the processes.
#pragma once
#include <functional>
#include <map>
#include <set>

#include "ports/commit_log.h"
#include "ports/leases.h"
#include "tests/sim/chance.h"
#include "tests/sim/sim_database.h"
#include "tests/sim/trace.h"

namespace eventrelay {

class SimServer {
 public:
  using ProcessId = WorkerId;
  /// done: it is committed; else nothing of it is.
  using Answer = std::function<void(bool done)>;

  SimServer(VirtualTime& time, SimDatabase& database, Trace& trace, SimFault fault, std::uint64_t seed)
      : time_(time), database_(database), trace_(trace), fault_(fault), chance_(seed) {}

  SimDatabase& database() { return database_; }
  WallTime now() const { return time_.wall_now(); }

  // ---- Up and down.
  bool is_up() const { return time_.now() >= down_until_; }
  /// What is in flight breaks.
  void go_down(std::chrono::microseconds time);

  // ---- Processes.
  ProcessId add_process() { return ++processes_made_; }
  /// The process is gone: what it has in flight still ends, or breaks.
  void on_crash(ProcessId process);
  /// Some of what it has in flight is half sent: it ends when the process goes on.
  void on_pause(ProcessId process, SteadyTime until);
  /// Called at the end of each commit, before anybody hears of it.
  void watch_commits(std::function<void(ProcessId)> watch) { watch_ = std::move(watch); }

  // ---- Transactions. REQUIRES: is_up().
  /// Does `apply` (given the number) and answers, after that time. token: its worker's row is held until then. ids: so
  /// many are drawn now.
  void run(ProcessId process, WorkerToken token, std::size_t ids, std::chrono::microseconds time,
           std::function<void(std::uint64_t)> apply, Answer answer);
  /// As run(), but it comes to nothing.
  void run_broken(ProcessId process, WorkerToken token, std::chrono::microseconds time, Answer answer);
  ReadPoint snapshot() const;
  /// In a transaction's end: the note of what it changed, where it changed deliveries or webhooks.
  void note(const News& news);

  // ---- Counters, kept by the ends of attempts.
  struct Counters {
    std::uint64_t attempts = 0;
    std::uint64_t succeeded = 0;
  };
  /// In a transaction's end.
  Result<FinishResult> finish(const FinishAttempt& intent);
  const Counters& counters() const { return counters_; }

  // ---- The commit log.
  CommitPage read_commits(const ReadPoint& since) const;
  CommitNews read_news(const std::vector<std::uint64_t>& commits, const PartitionSet& partitions) const;

  // ---- Leases.
  bool holds(WorkerToken token) const;
  WorkerToken join(ProcessId process);
  Result<LeaseView> renew(WorkerToken token);
  void fence(WorkerToken token, WorkerId worker, std::uint64_t counter, std::function<void(Result<bool>)> answer);
  Result<PartitionSet> claim(WorkerToken token, const PartitionSet& wanted);
  Result<void> release(WorkerToken token, const PartitionSet& partitions, const std::vector<HandedDelivery>& handed);
  Result<void> set_draining(WorkerToken token);
  Result<void> leave(WorkerToken token);
  /// By a transaction in flight, that a fence must wait for.
  bool is_held(WorkerId worker) const;
  const std::array<WorkerId, kPartitions>& owners() const { return owners_; }

 private:
  struct Transaction {
    ProcessId process = 0;
    WorkerToken token;
    std::int64_t drawn = 0;
    bool half_sent = false;
    std::function<void(std::uint64_t)> apply;  ///< empty: it comes to nothing
    Answer answer;
  };
  struct Worker {
    std::int64_t epoch = 0;
    bool is_worker = false;
    bool fenced = false;
    bool draining = false;
    std::uint64_t counter = 0;
  };
  struct Note {
    PartitionSet partitions;
    std::vector<DeliveryId> deliveries;
  };
  void end(std::uint64_t number);
  void break_off(std::uint64_t number);
  void end_connections(ProcessId process);
  void free_partitions(WorkerId worker);

  VirtualTime& time_;
  SimDatabase& database_;
  Trace& trace_;
  SimFault fault_;
  Chance chance_;
  SteadyTime down_until_{};
  std::function<void(ProcessId)> watch_;
  std::map<std::uint64_t, Transaction> open_;
  std::uint64_t last_number_ = 700;
  std::uint64_t ending_ = 0;
  std::map<std::uint64_t, Note> notes_;
  Counters counters_;
  ProcessId processes_made_ = 0;
  std::map<WorkerId, Worker> workers_;
  std::array<WorkerId, kPartitions> owners_{};
  struct Handed {
    WorkerId owner = 0;
    HandedDelivery delivery;
  };
  std::map<DeliveryId, Handed> handed_;
};

}  // namespace eventrelay
