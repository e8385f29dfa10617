// One process's front to the server that the simulation's processes share: what PostgresStore is. Three writing
// connections (events, ends of attempts, changes), reads, the commit log and the leases. Dies with its process.
#pragma once
#include <array>
#include <memory>
#include <vector>

#include "tests/sim/cluster_witness.h"
#include "tests/sim/sim_server.h"
#include "tests/sim/sim_store.h"

namespace eventrelay {

struct SharedStoreOptions {
  StoreWeather weather;
  int never = 0;        ///< percent: a commit is answered after its time-out, as unknown
  int lease_fails = 0;  ///< percent of the calls
  SimFault fault = SimFault::kNone;
};

class SharedSimStore final : public Store, public CommitLog, public Leases {
 public:
  /// options: must outlive it. REQUIRES: the server is up.
  SharedSimStore(VirtualTime& time, SimServer& server, HandOver& hand_over, ClusterWitness& witness,
                 const SharedStoreOptions& options, std::uint64_t seed);
  ~SharedSimStore() override;

  WorkerId process() const { return process_; }
  /// Of the last join.
  WorkerToken token() const { return token_; }
  void pause_until(SteadyTime moment) { thread_.pause_until(moment); }

  void ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) override;
  void finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) override;
  void change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) override;
  void read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) override;
  void read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                  Completion<Result<LanePage>> done) override;
  void read_messages(EventLoop& loop, std::vector<EventId> events,
                     Completion<Result<std::vector<MessagePtr>>> done) override;
  void read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) override;
  Result<Catalog> load_catalog() override;

  void read_commits(EventLoop& loop, ReadPoint since, Completion<Result<CommitPage>> done) override;
  void read_news(EventLoop& loop, std::vector<std::uint64_t> commits, PartitionSet partitions,
                 Completion<Result<CommitNews>> done) override;
  void catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) override;

  void join(EventLoop& loop, Completion<Result<WorkerToken>> done) override;
  void renew(EventLoop& loop, WorkerToken token, Completion<Result<LeaseView>> done) override;
  void fence(EventLoop& loop, WorkerToken token, WorkerId worker, std::uint64_t counter,
             Completion<Result<bool>> done) override;
  void claim(EventLoop& loop, WorkerToken token, PartitionSet wanted, Completion<Result<PartitionSet>> done) override;
  void release(EventLoop& loop, WorkerToken token, PartitionSet partitions, std::vector<HandedDelivery> handed,
               Completion<Result<void>> done) override;
  void set_draining(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) override;
  void leave(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) override;

 private:
  class Work;
  class IngestWork;
  class FinishWork;
  class ChangeWork;
  class HealthWork;
  using Works = std::vector<std::unique_ptr<Work>>;
  struct Group {
    Works works;
    News news;
  };
  struct Line {
    Works queue;
    bool busy = false;
  };
  enum LineIndex { kIngestLine, kFinishLine, kChangeLine, kLines };

  void submit(LineIndex line, std::unique_ptr<Work> work);
  void begin_commit(LineIndex line);
  void end_commit(LineIndex line, const std::shared_ptr<Group>& group, bool done, bool told);
  void fail(LineIndex line, Works works, ErrorCode code);
  void go_on(LineIndex line);
  void publish(LineIndex line, Group& group);
  void publish_change(News news, Completion<> applied);
  static void post_all(Works works);

  // The catalog of this front, as PgCatalog has it.
  void settle_targets(IngestIntent& intent) const;
  void look();
  void catch_up_then(bool any, std::function<void(bool done)> read, Completion<> applied);

  /// On the store's thread, unless the process has crashed by then.
  void later(std::chrono::microseconds time, std::function<void()> task);
  std::chrono::microseconds commit_time();
  template <class T, class Snapshot>
  void read(EventLoop& loop, Completion<Result<T>> done, Snapshot snapshot);
  template <class T, class Act>
  void ask_lease(EventLoop& loop, Completion<Result<T>> done, Act act);

  VirtualTime& time_;
  SimServer& server_;
  HandOver& hand_over_;
  ClusterWitness& witness_;
  const SharedStoreOptions& options_;
  Chance chance_;
  ManualLoop thread_;
  const WorkerId process_;
  WorkerToken token_;
  std::array<Line, kLines> lines_;
  WebhookIndex index_;
  std::uint64_t known_ = 0;  ///< version of the organization's webhooks
  bool looking_ = false;
  std::unique_ptr<Alarm> look_alarm_;
  std::shared_ptr<SharedSimStore*> self_;
};

}  // namespace eventrelay
