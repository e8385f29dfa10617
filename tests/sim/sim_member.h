// One process among several in the simulation, put together as app/shared_store does: an API process, or one that works
// too. Destroying it is a crash, unless it was drained.
#pragma once
#include <memory>
#include <vector>

#include "engine/follower.h"
#include "engine/membership.h"
#include "queue/in_process.h"
#include "queue/stream_hand_over.h"
#include "tests/sim/shared_sim_store.h"
#include "tests/sim/sim_process.h"
#include "tests/sim/sim_streams.h"

namespace eventrelay {

struct SimMemberOptions {
  bool works = true;
  SimProcessOptions process;  ///< but for its store
  milliseconds wall_offset{0};
};

class SimMember final : public Door {
 public:
  /// streams: nullptr for none. store, options: must outlive it.
  SimMember(const SimWorld& world, SimServer& server, ClusterWitness& witness, SimStreams* streams,
            const SharedStoreOptions& store, const SimMemberOptions& options, std::uint64_t seed);
  ~SimMember() override;

  std::size_t loops() const override { return parts_.size(); }
  EventLoop& loop(std::size_t index) override { return *parts_[index].loop; }
  Store& store() override { return *store_; }
  void accept(std::size_t loop, std::vector<NewEvent> events, std::optional<IdempotencyClaim> claim,
              Completion<Result<IngestResult>> done) override {
    parts_[loop].engine->intake().accept(kFirstOrganization, std::move(events), std::move(claim), std::move(done));
  }

  WorkerId id() const { return store_->process(); }
  bool works() const { return membership_ != nullptr; }
  bool draining() const { return draining_; }
  SteadyTime paused_until() const { return paused_until_; }
  void pause_until(SteadyTime moment);
  void set_wall_offset(milliseconds offset) { *wall_offset_ = offset; }
  void drain(std::function<void()> done);

 private:
  struct Parts {
    std::unique_ptr<ManualLoop> loop;
    std::unique_ptr<SimNetwork> network;
    std::unique_ptr<Engine> engine;
  };
  void start_working(SimStreams* streams, Metrics& metrics);

  std::shared_ptr<milliseconds> wall_offset_ = std::make_shared<milliseconds>(0);
  InProcessHandOver local_;
  CommitLedger ledger_;
  PartitionSet owned_;
  std::unique_ptr<SimAppender> appender_;
  std::unique_ptr<StreamHandOver> hand_over_;
  std::unique_ptr<SharedSimStore> store_;
  std::vector<Parts> parts_;
  std::unique_ptr<SimFeed> feed_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<Membership> membership_;
  bool draining_ = false;
  SteadyTime paused_until_{};
};

}  // namespace eventrelay
