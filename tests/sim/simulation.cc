#include "tests/sim/simulation.h"

#include <algorithm>

#include "tests/sim/crowd.h"

namespace eventrelay {

namespace {

/// After the world has healed everything must have ended so long after the last due time: jobs may go slowly.

class Simulation {
 public:
  Simulation(std::uint64_t seed, SimFault fault, std::size_t lines_kept);
  SimReport run();

 private:
  void draw_world(SimFault fault);
  void start_process();
  void end_process(bool drained);
  void begin_drain();
  void step();
  void act();
  void step_clock();
  /// Steps until that moment, or until `done` says so.
  template <class Done>
  void run_until(SteadyTime moment, bool disturbed, Done done);
  void disturb();
  void heal();
  SimReport report();

  Chance chance_;
  VirtualTime time_;
  Trace trace_;
  SimDatabase database_;
  Metrics metrics_;
  Witness witness_;
  SimReceivers receivers_;
  SimWorld world_;
  Crowd crowd_;
  SimProcessOptions options_;
  std::unique_ptr<SimProcess> process_;
  SteadyTime active_until_{};
  std::int64_t action_pause_us_ = 0;
  int crash_every_ = 0;  ///< steps; 0: never
  int drain_every_ = 0;
  bool clock_steps_ = false;
  SimReport report_;
};

Simulation::Simulation(std::uint64_t seed, SimFault fault, std::size_t lines_kept)
    : chance_(seed * 2 + 1),
      trace_(time_),
      database_(fault),
      witness_(database_, time_, trace_),
      world_{time_, database_, witness_, trace_, receivers_, metrics_},
      crowd_(world_, seed * 2 + 2) {
  trace_.keep(lines_kept);
  draw_world(fault);
}

void Simulation::draw_world(SimFault fault) {
  options_.fault = fault;
  options_.loops = static_cast<std::size_t>(chance_.one_in(2) ? 1 : chance_.between(1, 3));
  options_.window_entries = static_cast<std::size_t>(chance_.one_in(4) ? 2'000 : chance_.between(2, 16));
  options_.lane_entries = static_cast<std::size_t>(chance_.between(2, 16));
  options_.lane_entries_few = static_cast<std::size_t>(chance_.between(0, 8));
  options_.window_bytes = static_cast<std::size_t>(chance_.between(200, 8'000));
  options_.in_flight_max = static_cast<std::size_t>(chance_.between(1, 8));
  options_.lag_us_max = chance_.one_in(3) ? 0 : chance_.between(1, chance_.one_in(4) ? 100'000 : 2'000);
  // One seed in four has a calm store.
  if (!chance_.one_in(4)) {
    StoreWeather& weather = options_.weather;
    weather.unavailable = static_cast<int>(chance_.between(0, 8));
    weather.unknown_done = static_cast<int>(chance_.between(0, 6));
    weather.unknown_lost = static_cast<int>(chance_.between(0, 6));
    weather.late = static_cast<int>(chance_.between(0, 10));
    weather.refused = static_cast<int>(chance_.between(0, 4));
    weather.read_fails = static_cast<int>(chance_.between(0, 15));
    weather.read_late = static_cast<int>(chance_.between(0, 40));
  }
  if (!chance_.one_in(3)) crash_every_ = static_cast<int>(chance_.between(80, 2'500));
  if (chance_.one_in(3)) drain_every_ = static_cast<int>(chance_.between(300, 3'000));
  clock_steps_ = chance_.one_in(2);
  active_until_ = time_.now() + chance_.us(20'000'000, 400'000'000);
  action_pause_us_ = chance_.between(50'000, 1'500'000);
  report_.world = "loops " + std::to_string(options_.loops) + ", window " + std::to_string(options_.window_entries) +
                  "/" + std::to_string(options_.lane_entries) + "/" + std::to_string(options_.window_bytes) + ", cap " +
                  std::to_string(options_.in_flight_max) + ", lag " + std::to_string(options_.lag_us_max) + ", crash " +
                  std::to_string(crash_every_) + ", drain " + std::to_string(drain_every_) +
                  (clock_steps_ ? ", clock steps" : "");
}

// ---- Processes -----------------------------------------------------------------------------------------------------

void Simulation::start_process() {
  trace_.note("start");
  process_ = std::make_unique<SimProcess>(world_, witness_, options_, chance_.bits());
}

void Simulation::end_process(bool drained) {
  trace_.note(drained ? "end" : "crash");
  process_.reset();
  witness_.process_ends(drained);
  crowd_.process_ended();
  time_.at(time_.now() + (chance_.one_in(4) ? chance_.us(0, 30'000'000) : chance_.us(0, 300'000)),
           [this] { start_process(); });
}

void Simulation::begin_drain() {
  trace_.note("drain");
  report_.drains += 1;
  process_->drain([this] {
    witness_.on_drained();
    // Not in here: this runs in one of the process's own loops.
    time_.at(time_.now() + chance_.us(0, 50'000), [this, draining = process_.get()] {
      if (process_.get() == draining) end_process(true);
    });
  });
}

// ---- Time ----------------------------------------------------------------------------------------------------------

void Simulation::step() {
  time_.run_next();
  witness_.look();
  report_.steps += 1;
}

void Simulation::disturb() {
  if (!process_) return;
  if (crash_every_ > 0 && chance_.one_in(crash_every_)) {
    report_.crashes += 1;
    return end_process(false);
  }
  if (drain_every_ > 0 && !process_->draining() && chance_.one_in(drain_every_)) begin_drain();
}

template <class Done>
void Simulation::run_until(SteadyTime moment, bool disturbed, Done done) {
  while (!witness_.failure() && !done()) {
    const auto next = time_.next();
    if (!next || *next > moment) break;
    if (disturbed) disturb();
    step();
  }
}

void Simulation::act() {
  if (time_.now() > active_until_) return;
  if (process_ && !process_->draining()) crowd_.act(*process_);
  time_.at(time_.now() + chance_.us(0, action_pause_us_), [this] { act(); });
}

void Simulation::step_clock() {
  if (time_.now() > active_until_) return;
  time_.step_wall(chance_.one_in(2) ? chance_.ms(-2'000, 2'000) : chance_.ms(-200'000, 600'000));
  trace_.note("clock", unix_ms(time_.wall_now()));
  time_.at(time_.now() + chance_.us(1'000'000, 60'000'000), [this] { step_clock(); });
}

void Simulation::heal() {
  trace_.note("heal");
  options_.weather = {};
  receivers_.heal();
  // A process that was being drained or is down comes up again by itself.
  run_until(time_.now() + kDrainWithin, false, [this] { return process_ && !process_->draining(); });
  if (witness_.failure()) return;
  if (!process_ || process_->draining()) return witness_.fail("a drain did not end");
  // What people had asked for is answered before the last enabling.
  run_until(time_.now() + std::chrono::seconds(5), false, [] { return false; });
  crowd_.enable_webhooks(*process_);
  run_until(time_.now() + std::chrono::seconds(5), false, [] { return false; });
}

// ---- The run -------------------------------------------------------------------------------------------------------

SimReport Simulation::run() {
  start_process();
  for (auto i = chance_.between(1, 6); i > 0; --i) crowd_.create_webhook(*process_);
  act();
  if (clock_steps_) time_.at(time_.now() + chance_.us(0, 30'000'000), [this] { step_clock(); });
  run_until(active_until_, true, [] { return false; });
  if (witness_.failure()) return report();
  heal();
  if (witness_.failure()) return report();
  const SteadyTime rest_until = time_.now() + witness_.longest_wait() + kRestWithin;
  while (!witness_.failure() && witness_.unfinished() && time_.now() < rest_until) {
    const SteadyTime moment = time_.now() + std::chrono::seconds(5);
    run_until(moment, false, [] { return false; });
    time_.run_until(moment);
  }
  if (auto left = witness_.unfinished()) witness_.fail("the world does not come to rest: " + *left);
  bool drained = false;
  if (!witness_.failure()) {
    process_->drain([&drained] { drained = true; });
    run_until(time_.now() + kDrainWithin, false, [&] { return drained; });
    if (!drained) witness_.fail("the last drain does not end");
  }
  if (!witness_.failure()) {
    process_.reset();
    witness_.process_ends(true);
    witness_.look_at_the_end();
  }
  return report();
}

SimReport Simulation::report() {
  report_.failure = witness_.failure();
  report_.hash = trace_.hash();
  report_.events = database_.events().size();
  report_.deliveries = database_.deliveries().size();
  report_.sends = witness_.sends();
  if (report_.failure) report_.last_lines = trace_.last_lines();
  return report_;
}

}  // namespace

SimReport simulate(std::uint64_t seed, SimFault fault, std::size_t lines_kept) {
  return Simulation(seed, fault, lines_kept).run();
}

}  // namespace eventrelay
