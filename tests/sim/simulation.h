// One run: a seed becomes a world (people, receivers, a store, a network, clocks), processes live and die in it, and at
// the end everything heals and must come to rest. The same seed gives the same run, event by event.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/sim_faults.h"

namespace eventrelay {

/// At the end of a run: a process drains, and then all comes to rest, within so much of the simulation's time.
inline constexpr auto kDrainWithin = std::chrono::minutes(1);
inline constexpr auto kRestWithin = std::chrono::minutes(10);

struct SimReport {
  std::optional<std::string> failure;
  std::vector<std::string> last_lines;
  std::string world;  ///< what the seed drew
  std::uint64_t hash = 0;
  std::uint64_t steps = 0;
  std::size_t events = 0;
  std::size_t deliveries = 0;
  std::size_t sends = 0;
  std::size_t doubles = 0;   ///< of these again, where it was allowed
  std::size_t withheld = 0;  ///< begun, and not sent: the lease was over
  int crashes = 0;
  int drains = 0;
};

SimReport simulate(std::uint64_t seed, SimFault fault = SimFault::kNone, std::size_t lines_kept = 60);
/// Of several processes that share a database.
SimReport simulate_processes(std::uint64_t seed, SimFault fault = SimFault::kNone, std::size_t lines_kept = 60);

}  // namespace eventrelay
