#include "tests/sim/sim_process.h"

namespace eventrelay {

/// Tells the witness what a loop has been told.
class SimProcess::Ear final : public NewsSink {
 public:
  Ear(Witness& witness, NewsSink& sink) : witness_(witness), sink_(sink) {}
  void on_news(News news) override {
    witness_.on_news_taken(news);
    sink_.on_news(std::move(news));
  }

 private:
  Witness& witness_;
  NewsSink& sink_;
};

SimProcess::SimProcess(const SimWorld& world, Witness& witness, const SimProcessOptions& options, std::uint64_t seed) {
  Chance chance(seed);
  store_ = std::make_unique<SimStore>(world.time, world.database, hand_over_, witness, world.trace, options.weather,
                                      options.fault, chance.bits());
  std::vector<InProcessHandOver::Ear> ears;
  std::vector<Engine*> engines;
  WindowBudget window;
  window.entries_max = options.window_entries;
  window.lane_entries_max = options.lane_entries;
  window.lane_entries_few = options.lane_entries_few;
  window.payload_bytes_max = options.window_bytes;
  window.lane_payload_bytes_max = options.window_bytes / 2;
  for (std::size_t i = 0; i < options.loops; ++i) {
    EngineOptions engine_options;
    engine_options.dispatcher.loop_index = static_cast<int>(i);
    engine_options.dispatcher.loop_count = static_cast<int>(options.loops);
    engine_options.dispatcher.in_flight_max = options.in_flight_max;
    engine_options.dispatcher.window = window;
    engine_options.dispatcher.faults.keep_stale_rows = options.fault == SimFault::kStaleRefill;
    engine_options.dispatcher.faults.forget_overflow = options.fault == SimFault::kForgetOverflow;
    engine_options.runs_jobs = i == 0;
    Parts parts;
    parts.loop = std::make_unique<ManualLoop>(world.time, chance.bits());
    if (options.lag_us_max > 0) {
      parts.loop->set_lag(
          [lag = Chance(chance.bits()), most = options.lag_us_max]() mutable { return lag.us(0, most); });
    }
    parts.network =
        std::make_unique<SimNetwork>(world.time, *parts.loop, i, world.witness, world.receivers, chance.bits());
    parts.engine = std::make_unique<Engine>(engine_options, *parts.loop, *store_, *parts.network, world.metrics);
    parts.ear = std::make_unique<Ear>(witness, *parts.engine);
    ears.push_back({parts.loop.get(), parts.ear.get()});
    engines.push_back(parts.engine.get());
    parts_.push_back(std::move(parts));
  }
  hand_over_.set_ears(std::move(ears));
  witness.process_begins(std::move(engines), window, options.in_flight_max);
  const auto catalog = std::make_shared<Catalog>(*store_->load_catalog());
  for (Parts& parts : parts_) parts.loop->post([catalog, engine = parts.engine.get()] { engine->start(*catalog); });
}

SimProcess::~SimProcess() {
  // First nothing of it runs any more, then it goes.
  for (Parts& parts : parts_) parts.loop->end();
}

void SimProcess::drain(std::function<void()> done) {
  draining_ = true;
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
