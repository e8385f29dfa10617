// The engine of one event loop: its view of webhooks and keys, its intake, its lanes and, on one loop, the jobs.
// What the program runs on Asio and the simulation in virtual time. Belongs to its loop's thread.
#pragma once
#include <memory>

#include "engine/catalog.h"
#include "engine/dispatcher.h"
#include "engine/intake.h"
#include "engine/job_runner.h"

namespace eventrelay {

struct EngineOptions {
  DispatcherOptions dispatcher;
  bool runs_jobs = true;  ///< on exactly one loop of a process; of several processes, the loop of partition 0
  /// Several processes work on the store: partitions come by own(), not by start().
  bool shared_store = false;
};

class Engine final : public NewsSink {
 public:
  Engine(EngineOptions options, EventLoop& loop, Store& store, Transport& transport, Metrics& metrics);

  /// Once, before any news and on the loop's thread: what the store had when it was opened. Recovery then runs beside
  /// everything else, in slices.
  void start(const Catalog& catalog);
  void on_news(News news) override;

  // As the dispatcher's, which see. The jobs are run while partition 0 is owned.
  void own(const PartitionSet& gained, const std::vector<HandedDelivery>& handed);
  void disown(const PartitionSet& lost);
  std::vector<HandedDelivery> under_way(const PartitionSet& partitions) const {
    return dispatcher_.under_way(partitions);
  }
  void set_handed(const std::vector<HandedDelivery>& handed) { dispatcher_.set_handed(handed); }
  void set_lease(WorkerToken token, SteadyTime valid_until) { dispatcher_.set_lease(token, valid_until); }
  void rescan(const PartitionSet& partitions) { dispatcher_.rescan(partitions); }

  /// As Dispatcher::drain; jobs begin no further slice.
  void drain(Completion<> done);

  Intake& intake() { return intake_; }
  const LoopCatalog& catalog() const { return catalog_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }

 private:
  const bool shared_store_;
  LoopCatalog catalog_;
  Intake intake_;
  Dispatcher dispatcher_;
  std::unique_ptr<JobRunner> jobs_;  ///< nullptr on the other loops
};

}  // namespace eventrelay
