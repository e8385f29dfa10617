// One process's store in the simulation: groups intents into commits of the simulated database, and decides what comes
// of each: done, refused, done or not done and nobody knows, late. Dies with its process; the database stays.
#pragma once
#include <deque>
#include <memory>
#include <vector>

#include "ports/store.h"
#include "tests/sim/chance.h"
#include "tests/sim/witness.h"

namespace eventrelay {

/// Chances in percent.
struct StoreWeather {
  int unavailable = 0;   ///< a commit does nothing
  int unknown_done = 0;  ///< a commit is done, and nobody knows
  int unknown_lost = 0;  ///< a commit is not done, and nobody knows
  int late = 0;          ///< a commit takes long
  int refused = 0;       ///< an intent finds the queue full
  int read_fails = 0;
  int read_late = 0;
};

class SimStore final : public Store {
 public:
  SimStore(VirtualTime& time, SimDatabase& database, HandOver& hand_over, Witness& witness, Trace& trace,
           const StoreWeather& weather, SimFault fault, std::uint64_t seed);
  /// A crash: what was not committed is lost, completions are destroyed.
  ~SimStore() override;

  void ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) override;
  void finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) override;
  void change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) override;
  void read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) override;
  void read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                  Completion<Result<LanePage>> done) override;
  void read_messages(EventLoop& loop, std::vector<EventId> events,
                     Completion<Result<std::vector<MessagePtr>>> done) override;
  void read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) override;
  Result<Catalog> load_catalog() override { return database_.open(); }

 private:
  /// An intent on its way.
  class Work {
   public:
    virtual ~Work() = default;
    virtual void apply(SimStore& store) = 0;
    virtual void fail(ErrorCode code) = 0;
    virtual void complete() = 0;
    EventLoop* loop = nullptr;
    bool awaits_news = false;
  };
  template <class Intent, class T>
  class TypedWork;
  using Works = std::vector<std::unique_ptr<Work>>;

  void submit(std::unique_ptr<Work> work);
  void begin_commit();
  void commit(Works works);
  void publish(Works works);
  static void post_all(Works works);
  /// Runs later, unless the process has crashed by then.
  void later(std::chrono::microseconds time, std::function<void()> task);
  /// Takes the snapshot in a while, answers in another while.
  template <class T, class Snapshot>
  void read(EventLoop& loop, Completion<Result<T>> done, Snapshot snapshot);
  std::chrono::microseconds commit_time();

  void spoil(DuePage& page, WebhookId webhook);
  bool swallows(const FinishAttempt& finish);

  VirtualTime& time_;
  SimDatabase& database_;
  HandOver& hand_over_;
  Witness& witness_;
  Trace& trace_;
  const StoreWeather& weather_;
  SimFault fault_;
  Chance chance_;
  ManualLoop loop_;  ///< the writer's and the readers' time
  Works queue_;
  bool committing_ = false;
  std::vector<EventId> unsynced_;  ///< answered, and gone if the process crashes now: a planted fault
  std::shared_ptr<SimStore*> self_;
};

}  // namespace eventrelay
