#include "tests/sim/sim_member.h"

namespace eventrelay {

SimMember::SimMember(const SimWorld& world, SimServer& server, ClusterWitness& witness, SimStreams* streams,
                     const SharedStoreOptions& store, const SimMemberOptions& options, std::uint64_t seed) {
  Chance chance(seed);
  *wall_offset_ = options.wall_offset;
  if (streams) appender_ = std::make_unique<SimAppender>(*streams);
  hand_over_ = std::make_unique<StreamHandOver>(
      local_, ledger_, [this] { return owned_; }, appender_.get());
  store_ = std::make_unique<SharedSimStore>(world.time, server, *hand_over_, witness, store, chance.bits());
  const SimProcessOptions& process = options.process;
  WindowBudget window;
  window.entries_max = process.window_entries;
  window.lane_entries_max = process.lane_entries;
  window.lane_entries_few = process.lane_entries_few;
  window.payload_bytes_max = process.window_bytes;
  window.lane_payload_bytes_max = process.window_bytes / 2;
  std::vector<InProcessHandOver::Ear> ears;
  std::vector<Engine*> engines;
  for (std::size_t i = 0; i < process.loops; ++i) {
    EngineOptions engine_options;
    engine_options.dispatcher.loop_index = static_cast<int>(i);
    engine_options.dispatcher.loop_count = static_cast<int>(process.loops);
    engine_options.dispatcher.in_flight_max = process.in_flight_max;
    engine_options.dispatcher.window = window;
    engine_options.dispatcher.faults.forget_reads = store.fault == SimFault::kCoverageOff;
    engine_options.runs_jobs = i == 0;
    engine_options.shared_store = true;
    Parts parts;
    parts.loop = std::make_unique<ManualLoop>(world.time, chance.bits());
    parts.loop->set_wall_offset([offset = wall_offset_] { return *offset; });
    if (store.fault == SimFault::kLeaseByWallClock) parts.loop->set_boot_by_wall();
    if (process.lag_us_max > 0) {
      parts.loop->set_lag(
          [lag = Chance(chance.bits()), most = process.lag_us_max]() mutable { return lag.us(0, most); });
    }
    const std::size_t number = static_cast<std::size_t>(store_->process()) * kLoopsMax + i;
    parts.network =
        std::make_unique<SimNetwork>(world.time, *parts.loop, number, world.witness, world.receivers, chance.bits());
    if (store.fault == SimFault::kLateWrite) parts.network->set_heedless();
    parts.engine = std::make_unique<Engine>(engine_options, *parts.loop, *store_, *parts.network, world.metrics);
    ears.push_back({parts.loop.get(), parts.engine.get()});
    engines.push_back(parts.engine.get());
    parts_.push_back(std::move(parts));
  }
  local_.set_ears(std::move(ears));
  witness.process_begins(store_->process(), options.works, *parts_.front().loop, std::move(engines),
                         [this] { return store_->token(); });
  const auto catalog = std::make_shared<Catalog>(*store_->load_catalog());
  for (Parts& parts : parts_) parts.loop->post([catalog, engine = parts.engine.get()] { engine->start(*catalog); });
  if (options.works) start_working(streams, world.metrics);
}

void SimMember::start_working(SimStreams* streams, Metrics& metrics) {
  std::vector<LoopEngine> engines;
  for (Parts& parts : parts_) engines.push_back({parts.loop.get(), parts.engine.get()});
  ManualLoop& loop = *parts_.front().loop;
  if (streams) feed_ = std::make_unique<SimFeed>(*streams, loop);
  follower_ = std::make_unique<Follower>(
      loop, *store_, feed_.get(), engines, parts_.front().engine->catalog(),
      [this](std::uint64_t commit, const PartitionSet& partitions) { return ledger_.claim(commit, partitions); });
  MembershipHooks hooks;
  hooks.follow = [this](const PartitionSet& partitions, std::function<void()> then) {
    follower_->follow(partitions, std::move(then));
  };
  hooks.changed = [this](const PartitionSet& owned) { owned_ = owned; };
  membership_ = std::make_unique<Membership>(loop, *store_, std::move(engines), std::move(hooks), metrics);
  loop.post([this] {
    follower_->start();
    membership_->start();
  });
}

SimMember::~SimMember() {
  // First nothing of it runs any more, then it goes.
  for (Parts& parts : parts_) parts.loop->end();
  membership_.reset();
  follower_.reset();
  feed_.reset();
}

void SimMember::pause_until(SteadyTime moment) {
  paused_until_ = moment;
  for (Parts& parts : parts_) parts.loop->pause_until(moment);
  store_->pause_until(moment);
}

void SimMember::drain(std::function<void()> done) {
  draining_ = true;
  if (membership_) {
    parts_.front().loop->post([this, done = std::move(done)] { membership_->drain([done] { done(); }); });
    return;
  }
  auto left = std::make_shared<std::size_t>(parts_.size());
  for (Parts& parts : parts_) {
    parts.loop->post([engine = parts.engine.get(), left, done] {
      engine->drain([left, done] {
        if (--*left == 0) done();
      });
    });
  }
}

}  // namespace eventrelay
