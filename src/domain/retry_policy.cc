#include "domain/retry_policy.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "base/limits.h"

namespace eventrelay {
namespace {

constexpr milliseconds kWaitMax{kRetryWaitMax};

std::string between(std::int64_t least, std::int64_t most) {
  return "must be between " + std::to_string(least) + " and " + std::to_string(most);
}

std::vector<FieldError> schedule_faults(const std::vector<milliseconds>& schedule) {
  std::vector<FieldError> faults;
  if (schedule.size() >= kRetryAttemptsMax) {
    faults.push_back({"retry.schedule_ms", "must have at most " + std::to_string(kRetryAttemptsMax - 1) + " waits"});
    return faults;
  }
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    if (schedule[i].count() >= 0 && schedule[i] <= kWaitMax) continue;
    faults.push_back({"retry.schedule_ms[" + std::to_string(i) + "]", between(0, kWaitMax.count())});
  }
  return faults;
}

}  // namespace

std::vector<FieldError> retry_policy_faults(const RetryPolicy& policy) {
  if (!policy.schedule.empty()) return schedule_faults(policy.schedule);
  std::vector<FieldError> faults;
  if (policy.max_attempts < 1 || policy.max_attempts > kRetryAttemptsMax) {
    faults.push_back({"retry.max_attempts", between(1, kRetryAttemptsMax)});
  }
  if (policy.initial.count() < 1 || policy.initial > kWaitMax) {
    faults.push_back({"retry.initial_ms", between(1, kWaitMax.count())});
  }
  // Written so that NaN is a fault.
  if (!(policy.multiplier >= 1.0 && policy.multiplier <= 10.0)) {
    faults.push_back({"retry.multiplier", between(1, 10)});
  }
  if (policy.max.count() < 1 || policy.max > kWaitMax) {
    faults.push_back({"retry.max_ms", between(1, kWaitMax.count())});
  }
  return faults;
}

std::uint32_t attempts_allowed(const RetryPolicy& policy) {
  return policy.schedule.empty() ? policy.max_attempts : static_cast<std::uint32_t>(policy.schedule.size()) + 1;
}

std::optional<milliseconds> retry_wait(const RetryPolicy& policy, std::uint32_t position, double random) {
  assert(random >= 0.0 && random < 1.0);
  if (position + 1 >= attempts_allowed(policy)) return std::nullopt;
  if (!policy.schedule.empty()) return policy.schedule[position];
  // At most 10^99 times 30 days: a double holds it, an integer does not.
  double wait_ms = static_cast<double>(policy.initial.count()) * std::pow(policy.multiplier, position);
  wait_ms = std::min(wait_ms, static_cast<double>(policy.max.count()));
  return milliseconds{std::llround(wait_ms * (0.8 + 0.4 * random))};
}

}  // namespace eventrelay
