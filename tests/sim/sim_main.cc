// ./dev sim: runs seeds until one breaks a promise.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/sim/simulation.h"

using namespace eventrelay;

int main(int argc, char** argv) {
  CLI::App app{"Seeded simulation of the engine"};
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  bool verbose = false;
  std::size_t lines = 60;
  std::string fault_name = "none";
  app.add_option("--seeds", seeds, "how many");
  app.add_option("--from,--seed", from, "the first");
  app.add_option("--lines", lines, "of the trace, shown on failure");
  app.add_option("--fault", fault_name, "plants a fault: the run must then fail");
  app.add_flag("--verbose", verbose, "a line for each seed");
  CLI11_PARSE(app, argc, argv);
  const auto fault = parse_sim_fault(fault_name);
  if (!fault) {
    std::fprintf(stderr, "no such fault: %s\n", fault_name.c_str());
    return 2;
  }
  std::size_t sends = 0;
  std::uint64_t steps = 0;
  int crashes = 0;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const SimReport report = simulate(seed, *fault, lines);
    sends += report.sends;
    steps += report.steps;
    crashes += report.crashes;
    if (verbose) {
      std::printf("seed %llu: hash %016llx, %zu events, %zu deliveries, %zu sends, %llu steps, %d crashes, %d drains\n",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(report.hash), report.events,
                  report.deliveries, report.sends, static_cast<unsigned long long>(report.steps), report.crashes,
                  report.drains);
    } else if ((seed - from + 1) % 100 == 0) {
      std::printf("%llu seeds\n", static_cast<unsigned long long>(seed - from + 1));
      std::fflush(stdout);
    }
    if (!report.failure) continue;
    for (const std::string& line : report.last_lines) std::printf("  %s\n", line.c_str());
    std::printf("seed %llu (%s) broke a promise: %s\n", static_cast<unsigned long long>(seed), report.world.c_str(),
                report.failure->c_str());
    return 1;
  }
  std::printf("%llu seeds kept every promise: %zu requests, %llu steps, %d crashes\n",
              static_cast<unsigned long long>(seeds), sends, static_cast<unsigned long long>(steps), crashes);
  return 0;
}
