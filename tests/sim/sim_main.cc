// ./dev sim: runs seeds until one breaks a promise. Each is a world of one process and one of several.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "tests/sim/simulation.h"

using namespace eventrelay;

namespace {

struct Options {
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  bool verbose = false;
  std::size_t lines = 60;
  std::string fault = "none";
  std::string worlds = "both";
};

unsigned long long shown(std::uint64_t number) {
  return number;
}

/// False where a promise was broken.
bool run(const char* world, SimReport (*simulated)(std::uint64_t, SimFault, std::size_t), const Options& options,
         SimFault fault) {
  SimReport sum;
  for (std::uint64_t seed = options.from; seed < options.from + options.seeds; ++seed) {
    const SimReport report = simulated(seed, fault, options.lines);
    sum.sends += report.sends;
    sum.doubles += report.doubles;
    sum.steps += report.steps;
    sum.crashes += report.crashes;
    if (options.verbose) {
      std::printf("seed %llu: hash %016llx, %zu events, %zu deliveries, %zu sends, %llu steps, %d crashes, %d drains\n",
                  shown(seed), shown(report.hash), report.events, report.deliveries, report.sends, shown(report.steps),
                  report.crashes, report.drains);
    } else if ((seed - options.from + 1) % 100 == 0) {
      std::printf("%llu seeds\n", shown(seed - options.from + 1));
    }
    std::fflush(stdout);
    if (!report.failure) continue;
    for (const std::string& line : report.last_lines) std::printf("  %s\n", line.c_str());
    std::printf("seed %llu of %s (%s) broke a promise: %s\n", shown(seed), world, report.world.c_str(),
                report.failure->c_str());
    return false;
  }
  std::printf("%llu seeds of %s kept every promise: %zu requests, %zu of them again, %llu steps, %d crashes\n",
              shown(options.seeds), world, sum.sends, sum.doubles, shown(sum.steps), sum.crashes);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Seeded simulation of the engine"};
  Options options;
  app.add_option("--seeds", options.seeds, "how many");
  app.add_option("--from,--seed", options.from, "the first");
  app.add_option("--lines", options.lines, "of the trace, shown on failure");
  app.add_option("--fault", options.fault, "plants a fault: the run must then fail");
  app.add_option("--worlds", options.worlds, "of one process, of several, or both")
      ->check(CLI::IsMember({"one", "several", "both"}));
  app.add_flag("--verbose", options.verbose, "a line for each seed");
  CLI11_PARSE(app, argc, argv);
  const auto fault = parse_sim_fault(options.fault);
  if (!fault) {
    std::fprintf(stderr, "no such fault: %s\n", options.fault.c_str());
    return 2;
  }
  const bool planted = *fault != SimFault::kNone;
  const bool one = planted ? !is_of_several_processes(*fault) : options.worlds != "several";
  const bool several = planted ? is_of_several_processes(*fault) : options.worlds != "one";
  if (one && !run("one process", simulate, options, *fault)) return 1;
  if (several && !run("several processes", simulate_processes, options, *fault)) return 1;
  return 0;
}
