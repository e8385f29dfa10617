// The simulation finds what it is there to find: each planted fault, within few seeds that are clean without it.
#include <gtest/gtest.h>

#include "tests/sim/simulation.h"

namespace eventrelay {
namespace {

constexpr std::uint64_t kSeedsMax = 40;

class PlantedFault : public testing::TestWithParam<SimFault> {};

TEST_P(PlantedFault, is_found_by_a_seed_that_is_clean_without_it) {
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    if (!simulate(seed, GetParam()).failure) continue;
    const SimReport clean = simulate(seed);
    EXPECT_FALSE(clean.failure) << *clean.failure;
    return;
  }
  FAIL() << "no seed found it";
}

INSTANTIATE_TEST_SUITE_P(Simulation, PlantedFault,
                         testing::Values(SimFault::kAckBeforeCommit, SimFault::kForgetTimers,
                                         SimFault::kForgetCompletion, SimFault::kSwapOrder, SimFault::kCountTwice,
                                         SimFault::kStaleRefill, SimFault::kForgetOverflow, SimFault::kSkipRematch),
                         [](const auto& fault) {
                           return std::string(kSimFaultNames[static_cast<std::size_t>(fault.param)]);
                         });

constexpr std::uint64_t kClusterSeedsMax = 200;

class PlantedClusterFault : public testing::TestWithParam<SimFault> {};

TEST_P(PlantedClusterFault, is_found_by_a_seed_that_is_clean_without_it) {
  for (std::uint64_t seed = 1; seed <= kClusterSeedsMax; ++seed) {
    if (!simulate_processes(seed, GetParam()).failure) continue;
    const SimReport clean = simulate_processes(seed);
    EXPECT_FALSE(clean.failure) << *clean.failure;
    return;
  }
  FAIL() << "no seed found it";
}

INSTANTIATE_TEST_SUITE_P(Simulation, PlantedClusterFault,
                         testing::Values(SimFault::kLogUnread, SimFault::kCoverageOff, SimFault::kReadFromXmax,
                                         SimFault::kCountAll, SimFault::kForgetHanded, SimFault::kKeepConnections,
                                         SimFault::kNoFencing, SimFault::kLeaseByWallClock, SimFault::kVersionUnchecked,
                                         SimFault::kLateWrite, SimFault::kTokenAtEnd),
                         [](const auto& fault) {
                           return std::string(kSimFaultNames[static_cast<std::size_t>(fault.param)]);
                         });

TEST(Simulation, the_same_seed_gives_the_same_run_and_another_seed_another) {
  const SimReport first = simulate(7);
  const SimReport again = simulate(7);
  EXPECT_EQ(first.hash, again.hash);
  EXPECT_EQ(first.steps, again.steps);
  EXPECT_NE(first.hash, simulate(8).hash);
  EXPECT_EQ(simulate_processes(7).hash, simulate_processes(7).hash);
  EXPECT_NE(simulate_processes(7).hash, simulate_processes(8).hash);
}

TEST(Simulation, has_crashes_drains_and_doubles_that_are_allowed_in_its_worlds_of_several_processes) {
  int crashes = 0;
  int drains = 0;
  std::size_t sends = 0;
  std::size_t doubles = 0;
  std::size_t withheld = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const SimReport report = simulate_processes(seed);
    EXPECT_FALSE(report.failure) << "seed " << seed << ": " << *report.failure;
    crashes += report.crashes;
    drains += report.drains;
    sends += report.sends;
    doubles += report.doubles;
    withheld += report.withheld;
  }
  EXPECT_GT(crashes, 20);
  EXPECT_GT(drains, 20);
  EXPECT_GT(sends, 10'000u);
  EXPECT_GT(doubles, 5u);
  EXPECT_GT(withheld, 0u);
}

TEST(Simulation, has_crashes_drains_and_retries_in_its_seeds) {
  int crashes = 0;
  int drains = 0;
  std::size_t sends = 0;
  std::size_t deliveries = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SimReport report = simulate(seed);
    EXPECT_FALSE(report.failure) << "seed " << seed << ": " << *report.failure;
    crashes += report.crashes;
    drains += report.drains;
    sends += report.sends;
    deliveries += report.deliveries;
  }
  EXPECT_GT(crashes, 20);
  EXPECT_GT(drains, 5);
  EXPECT_GT(sends, 10'000u);
  EXPECT_GT(deliveries, 10'000u);
}

}  // namespace
}  // namespace eventrelay
