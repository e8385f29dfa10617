// When a failed delivery is tried again. Values and pure functions; any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace eventrelay {

/// Exponential unless `schedule` is not empty. Default: 5 s times 3 up to 6 h, 12 attempts: about a day.
struct RetryPolicy {
  std::uint32_t max_attempts = 12;
  milliseconds initial{5'000};
  double multiplier = 3.0;
  milliseconds max{6 * 3'600 * 1'000};
  /// Exact waits; attempts are one more than waits; no random factor.
  std::vector<milliseconds> schedule;
  bool operator==(const RetryPolicy&) const = default;
};

/// All faults, each with its path below `retry`: "retry.max_ms".
std::vector<FieldError> retry_policy_faults(const RetryPolicy& policy);

/// Attempts the policy allows in one run of it.
std::uint32_t attempts_allowed(const RetryPolicy& policy);

/// The wait after the failed attempt at `position` (0 is the first of the schedule); nullopt: that was the last.
/// random: uniform in [0, 1); turned into a factor between 0.8 and 1.2 for exponential policies.
std::optional<milliseconds> retry_wait(const RetryPolicy& policy, std::uint32_t position, double random);

}  // namespace eventrelay
