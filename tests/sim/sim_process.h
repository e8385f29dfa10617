// One life of the program in the simulation: its loops, engines, transports and store. Destroying it is a crash.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "queue/in_process.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_store.h"

namespace eventrelay {

struct SimProcessOptions {
  std::size_t loops = 1;
  std::size_t window_entries = 16;
  std::size_t lane_entries = 8;
  std::size_t lane_entries_few = 4;
  std::size_t window_bytes = 4'096;
  std::size_t in_flight_max = 4;
  std::int64_t lag_us_max = 0;
  StoreWeather weather;
  SimFault fault = SimFault::kNone;
};

struct SimWorld {
  VirtualTime& time;
  SimDatabase& database;
  Onlooker& witness;
  Trace& trace;
  SimReceivers& receivers;
  Metrics& metrics;
};

class SimProcess final : public Door {
 public:
  /// options: must outlive it.
  SimProcess(const SimWorld& world, Witness& witness, const SimProcessOptions& options, std::uint64_t seed);
  ~SimProcess() override;
  SimProcess(const SimProcess&) = delete;
  SimProcess& operator=(const SimProcess&) = delete;

  std::size_t loops() const override { return parts_.size(); }
  EventLoop& loop(std::size_t index) override { return *parts_[index].loop; }
  Store& store() override { return *store_; }
  void accept(std::size_t loop, std::vector<NewEvent> events, std::optional<IdempotencyClaim> claim,
              Completion<Result<IngestResult>> done) override {
    parts_[loop].engine->intake().accept(kFirstOrganization, std::move(events), std::move(claim), std::move(done));
  }
  void drain(std::function<void()> done);
  bool draining() const { return draining_; }

 private:
  class Ear;
  struct Parts {
    std::unique_ptr<ManualLoop> loop;
    std::unique_ptr<SimNetwork> network;
    std::unique_ptr<Engine> engine;
    std::unique_ptr<Ear> ear;
  };

  InProcessHandOver hand_over_;
  std::unique_ptr<SimStore> store_;
  std::vector<Parts> parts_;
  bool draining_ = false;
};

}  // namespace eventrelay
