// Runs of several processes: API processes and workers on one server, with streams between them or without.
#include <algorithm>

#include "tests/sim/crowd.h"
#include "tests/sim/sim_member.h"
#include "tests/sim/simulation.h"

namespace eventrelay {

namespace {

/// After the world has healed everything must have ended so long after the last due time.
constexpr auto kClusterLookEvery = milliseconds(250);

class ClusterSimulation {
 public:
  ClusterSimulation(std::uint64_t seed, SimFault fault, std::size_t lines_kept);
  SimReport run();

 private:
  void draw_world(SimFault fault);
  void draw_weather();
  SimMemberOptions draw_member(bool works);
  // ---- Processes.
  void start_member(bool works);
  void start_soon(bool works);
  void crash(SimMember& member);
  void begin_drain(SimMember& member);
  void end_drained(SimMember* member);
  SimMember* some_member(bool any_state);
  std::size_t count(bool works, bool draining) const;
  // ---- Disturbances.
  void disturb();
  void disturb_once();
  void pause(SimMember& member, std::chrono::microseconds time);
  void step_clock();
  // ---- Time.
  void step();
  template <class Done>
  void run_until(SteadyTime moment, Done done);
  void run_for(std::chrono::microseconds time) {
    run_until(time_.now() + time, [] { return false; });
  }
  void act();
  void look();
  void heal();
  void drain_all();
  SimReport report();

  Chance chance_;
  VirtualTime time_;
  Trace trace_;
  SimDatabase database_;
  SimServer server_;
  Metrics metrics_;
  ClusterWitness witness_;
  SimReceivers receivers_;
  SimWorld world_;
  Crowd crowd_;
  StreamWeather stream_weather_;
  std::unique_ptr<SimStreams> streams_;
  SharedStoreOptions store_options_;
  std::vector<std::unique_ptr<SimMember>> members_;
  std::vector<std::unique_ptr<SimMemberOptions>> member_options_;
  std::size_t api_processes_ = 0;
  std::size_t workers_ = 0;
  std::size_t starting_apis_ = 0;
  std::size_t starting_workers_ = 0;
  WorkerId doomed_ = 0;  ///< dies at its next commit
  bool has_died_ = false;
  WorkerId tired_ = 0;  ///< stops while an end of an attempt of its own is in flight
  bool calm_ = false;   ///< processes come and go, and nothing else happens
  bool healing_ = false;
  SteadyTime active_until_{};
  std::int64_t action_pause_us_ = 0;
  std::int64_t disturbance_pause_us_ = 0;
  SimReport report_;
};

ClusterSimulation::ClusterSimulation(std::uint64_t seed, SimFault fault, std::size_t lines_kept)
    : chance_(seed * 4 + 3),
      trace_(time_),
      database_(fault),
      server_(time_, database_, trace_, fault, chance_.bits()),
      witness_(server_, time_, trace_),
      world_{time_, database_, witness_, trace_, receivers_, metrics_},
      crowd_(world_, seed * 4 + 4) {
  trace_.keep(lines_kept);
  draw_world(fault);
  server_.watch_commits([this](WorkerId process) { has_died_ = has_died_ || process == doomed_; });
}

void ClusterSimulation::draw_world(SimFault fault) {
  store_options_.fault = fault;
  api_processes_ = static_cast<std::size_t>(chance_.between(1, 3));
  workers_ = static_cast<std::size_t>(chance_.between(1, 4));
  calm_ = chance_.one_in(4);
  if (!calm_ && !chance_.one_in(3)) draw_weather();
  if (!chance_.one_in(5)) streams_ = std::make_unique<SimStreams>(time_, trace_, stream_weather_, chance_.bits());
  active_until_ = time_.now() + chance_.us(15'000'000, 60'000'000);
  action_pause_us_ = chance_.between(50'000, 800'000);
  disturbance_pause_us_ = chance_.between(2'000'000, 20'000'000);
  report_.world = std::to_string(api_processes_) + " API processes, " + std::to_string(workers_) + " workers" +
                  (calm_ ? ", calm" : "") + (streams_ ? "" : ", no streams");
}

void ClusterSimulation::draw_weather() {
  StoreWeather& weather = store_options_.weather;
  weather.unavailable = static_cast<int>(chance_.between(0, 6));
  weather.unknown_done = static_cast<int>(chance_.between(0, 5));
  weather.unknown_lost = static_cast<int>(chance_.between(0, 5));
  weather.late = static_cast<int>(chance_.between(0, 8));
  weather.refused = static_cast<int>(chance_.between(0, 3));
  weather.read_fails = static_cast<int>(chance_.between(0, 10));
  weather.read_late = static_cast<int>(chance_.between(0, 30));
  store_options_.never = chance_.one_in(3) ? 1 : 0;
  store_options_.lease_fails = chance_.one_in(2) ? 0 : static_cast<int>(chance_.between(1, 10));
  stream_weather_.lost = static_cast<int>(chance_.between(0, 20));
  stream_weather_.repeated = static_cast<int>(chance_.between(0, 20));
  stream_weather_.late = static_cast<int>(chance_.between(0, 20));
  witness_.set_in_force(milliseconds(8'000));
}

SimMemberOptions ClusterSimulation::draw_member(bool works) {
  SimMemberOptions options;
  options.works = works;
  SimProcessOptions& process = options.process;
  process.loops = static_cast<std::size_t>(chance_.between(1, 2));
  process.window_entries = static_cast<std::size_t>(chance_.one_in(4) ? 2'000 : chance_.between(2, 24));
  process.lane_entries = static_cast<std::size_t>(chance_.between(2, 16));
  process.lane_entries_few = static_cast<std::size_t>(chance_.between(0, 8));
  process.window_bytes = static_cast<std::size_t>(chance_.between(200, 8'000));
  process.in_flight_max = static_cast<std::size_t>(chance_.between(1, 8));
  process.lag_us_max = chance_.one_in(3) ? 0 : chance_.between(1, chance_.one_in(4) ? 30'000 : 2'000);
  if (!calm_) options.wall_offset = chance_.one_in(2) ? milliseconds(0) : chance_.ms(-20'000, 20'000);
  return options;
}

// ---- Processes -----------------------------------------------------------------------------------------------------

void ClusterSimulation::start_member(bool works) {
  if (!server_.is_up()) return start_soon(works);
  member_options_.push_back(std::make_unique<SimMemberOptions>(draw_member(works)));
  members_.push_back(std::make_unique<SimMember>(world_, server_, witness_, streams_.get(), store_options_,
                                                 *member_options_.back(), chance_.bits()));
  trace_.note(works ? "start worker" : "start API", members_.back()->id());
}

void ClusterSimulation::start_soon(bool works) {
  (works ? starting_workers_ : starting_apis_) += 1;
  time_.at(time_.now() + (chance_.one_in(4) ? chance_.us(0, 8'000'000) : chance_.us(0, 500'000)), [this, works] {
    (works ? starting_workers_ : starting_apis_) -= 1;
    start_member(works);
  });
}

void ClusterSimulation::crash(SimMember& member) {
  trace_.note("crash", member.id());
  const WorkerId id = member.id();
  const bool works = member.works();
  server_.on_crash(id);
  std::erase_if(members_, [&](const auto& one) { return one.get() == &member; });
  witness_.process_ends(id, true);
  crowd_.process_ended();
  report_.crashes += 1;
  if (!healing_) start_soon(works);
}

void ClusterSimulation::begin_drain(SimMember& member) {
  trace_.note("drain", member.id());
  report_.drains += 1;
  witness_.on_change_of_members();
  member.drain([this, draining = &member] {
    // Not in here: this runs in one of the process's own loops.
    time_.at(time_.now(), [this, draining] { end_drained(draining); });
  });
}

void ClusterSimulation::end_drained(SimMember* member) {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const auto& one) { return one.get() == member; });
  if (found == members_.end()) return;
  const WorkerId id = member->id();
  trace_.note("end", id);
  server_.on_crash(id);
  members_.erase(found);
  witness_.process_ends(id, false);
  crowd_.process_ended();
}

SimMember* ClusterSimulation::some_member(bool any_state) {
  std::vector<SimMember*> fit;
  for (const auto& member : members_)
    if (any_state || (!member->draining() && member->paused_until() <= time_.now())) fit.push_back(member.get());
  return fit.empty() ? nullptr : fit[chance_.below(fit.size())];
}

std::size_t ClusterSimulation::count(bool works, bool draining) const {
  const auto fits = [&](const auto& member) { return member->works() == works && member->draining() == draining; };
  return static_cast<std::size_t>(std::count_if(members_.begin(), members_.end(), fits));
}

// ---- Disturbances --------------------------------------------------------------------------------------------------

void ClusterSimulation::disturb() {
  if (time_.now() > active_until_) return;
  disturb_once();
  time_.at(time_.now() + chance_.us(0, disturbance_pause_us_), [this] { disturb(); });
}

void ClusterSimulation::disturb_once() {
  SimMember* member = some_member(false);
  const auto dice = chance_.between(0, calm_ ? 29 : 99);
  if (dice < 15) {  // rolling
    if (!member) return;
    const bool works = member->works();
    if (chance_.one_in(2)) start_member(works);
    begin_drain(*member);
    if (count(works, false) + (works ? starting_workers_ : starting_apis_) == 0) start_soon(works);
  } else if (dice < 20) {
    if (count(true, false) < 5) start_member(true);
  } else if (dice < 30) {
    if (streams_ && !calm_) streams_->go_down(chance_.us(100'000, 10'000'000), chance_.one_in(2));
  } else if (dice < 45) {
    if (SimMember* any = some_member(true)) crash(*any);
  } else if (dice < 60) {
    if (member) doomed_ = member->id();
  } else if (dice < 80) {
    if (member && chance_.one_in(2)) tired_ = member->id();
    if (member && tired_ == 0) pause(*member, chance_.us(500'000, 25'000'000));
  } else if (dice < 88) {
    const auto time = chance_.us(200'000, chance_.one_in(3) ? 15'000'000 : 2'000'000);
    trace_.note("database down", time.count());
    server_.go_down(time);
    witness_.on_trouble(time_.now() + time + std::chrono::seconds(1));
  } else {
    step_clock();
  }
}

void ClusterSimulation::pause(SimMember& member, std::chrono::microseconds time) {
  const SteadyTime until = time_.now() + time;
  trace_.note("pause", member.id(), until.time_since_epoch().count());
  server_.on_pause(member.id(), until);
  witness_.on_pause(member.id(), until);
  member.pause_until(until);
  // Clocks are set while it sleeps.
  if (chance_.one_in(3)) {
    witness_.on_trouble(time_.now() + std::chrono::seconds(3));
    member.set_wall_offset(chance_.ms(-100'000, 60'000));
  }
}

void ClusterSimulation::step_clock() {
  witness_.on_trouble(time_.now() + std::chrono::seconds(4));
  if (chance_.one_in(3)) {
    time_.step_wall(chance_.one_in(2) ? chance_.ms(-2'000, 2'000) : chance_.ms(-60'000, 60'000));
  } else if (SimMember* member = some_member(true)) {
    member->set_wall_offset(chance_.one_in(2) ? milliseconds(0) : chance_.ms(-60'000, 60'000));
  }
  trace_.note("clock", unix_ms(time_.wall_now()));
}

// ---- Time ----------------------------------------------------------------------------------------------------------

void ClusterSimulation::step() {
  time_.run_next();
  witness_.look();
  report_.steps += 1;
  if (tired_ != 0 && server_.is_held(tired_)) {
    const WorkerId id = std::exchange(tired_, 0);
    for (const auto& member : members_)
      if (member->id() == id && member->paused_until() <= time_.now())
        pause(*member, chance_.us(8'000'000, 30'000'000));
  }
  if (!has_died_) return;
  has_died_ = false;
  const WorkerId id = std::exchange(doomed_, 0);
  for (const auto& member : members_)
    if (member->id() == id) return crash(*member);
}

template <class Done>
void ClusterSimulation::run_until(SteadyTime moment, Done done) {
  while (!witness_.failure() && !done()) {
    const auto next = time_.next();
    if (!next || *next > moment) break;
    step();
  }
}

void ClusterSimulation::act() {
  if (time_.now() > active_until_) return;
  if (SimMember* member = some_member(false)) crowd_.act(*member);
  time_.at(time_.now() + chance_.us(0, action_pause_us_), [this] { act(); });
}

void ClusterSimulation::look() {
  witness_.look_at_owners();
  time_.at(time_.now() + kClusterLookEvery, [this] { look(); });
}

void ClusterSimulation::heal() {
  trace_.note("heal");
  healing_ = true;
  doomed_ = tired_ = 0;
  store_options_.weather = {};
  store_options_.never = store_options_.lease_fails = 0;
  stream_weather_ = {};
  receivers_.heal();
  witness_.on_change_of_members();
  const auto rests = [this] {
    return starting_apis_ + starting_workers_ == 0 && server_.is_up() &&
           std::none_of(members_.begin(), members_.end(), [this](const auto& member) {
             return member->draining() || member->paused_until() > time_.now();
           });
  };
  run_until(time_.now() + kDrainWithin, rests);
  if (!witness_.failure() && !rests()) return witness_.fail("a drain did not end");
  if (count(true, false) == 0) start_member(true);
  if (count(false, false) == 0) start_member(false);
  // What people had asked for is answered before the last enabling.
  run_for(std::chrono::seconds(12));
  if (witness_.failure()) return;
  crowd_.enable_webhooks(*some_member(false));
  run_for(std::chrono::seconds(5));
}

void ClusterSimulation::drain_all() {
  const std::size_t left = members_.size();
  for (const auto& member : members_) begin_drain(*member);
  report_.drains -= static_cast<int>(left);
  run_until(time_.now() + kDrainWithin, [this] { return members_.empty(); });
  if (!members_.empty()) witness_.fail("the last drains do not end");
}

// ---- The run -------------------------------------------------------------------------------------------------------

SimReport ClusterSimulation::run() {
  for (std::size_t i = 0; i < api_processes_; ++i) start_member(false);
  for (std::size_t i = 0; i < workers_; ++i) chance_.one_in(2) ? start_member(true) : start_soon(true);
  for (auto i = chance_.between(1, 5); i > 0; --i) crowd_.create_webhook(*some_member(false));
  act();
  look();
  time_.at(time_.now() + chance_.us(0, 8'000'000), [this] { disturb(); });
  run_until(active_until_, [] { return false; });
  if (witness_.failure()) return report();
  heal();
  if (witness_.failure()) return report();
  const SteadyTime rest_until = time_.now() + witness_.longest_wait() + kRestWithin;
  while (!witness_.failure() && witness_.unfinished() && time_.now() < rest_until) run_for(std::chrono::seconds(1));
  if (auto left = witness_.unfinished()) witness_.fail("the world does not come to rest: " + *left);
  if (!witness_.failure()) drain_all();
  if (!witness_.failure()) witness_.look_at_the_end();
  if (calm_ && witness_.doubles() > 0) witness_.fail("sent twice in a calm world");
  return report();
}

SimReport ClusterSimulation::report() {
  report_.failure = witness_.failure();
  report_.hash = trace_.hash();
  report_.events = database_.events().size();
  report_.deliveries = database_.deliveries().size();
  report_.sends = witness_.sends();
  report_.doubles = witness_.doubles();
  report_.withheld = witness_.withheld();
  if (report_.failure) report_.last_lines = trace_.last_lines();
  return report_;
}

}  // namespace

SimReport simulate_processes(std::uint64_t seed, SimFault fault, std::size_t lines_kept) {
  return ClusterSimulation(seed, fault, lines_kept).run();
}

}  // namespace eventrelay
