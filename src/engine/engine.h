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
  bool runs_jobs = true;  ///< on exactly one loop of a process
};

class Engine final : public NewsSink {
 public:
  Engine(EngineOptions options, EventLoop& loop, Store& store, Transport& transport, Metrics& metrics);

  /// Once, before any news and on the loop's thread: what the store had when it was opened. Recovery then runs beside
  /// everything else, in slices.
  void start(const Catalog& catalog);
  void on_news(News news) override;
  /// As Dispatcher::drain; jobs begin no further slice.
  void drain(Completion<> done);

  Intake& intake() { return intake_; }
  const LoopCatalog& catalog() const { return catalog_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }

 private:
  LoopCatalog catalog_;
  Intake intake_;
  Dispatcher dispatcher_;
  std::unique_ptr<JobRunner> jobs_;  ///< nullptr on the other loops
};

}  // namespace eventrelay
