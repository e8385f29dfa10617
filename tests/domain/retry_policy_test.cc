#include "domain/retry_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/limits.h"

namespace eventrelay {
namespace {

/// Gives the exponential waits without their random factor.
constexpr double kMidJitter = 0.5;

std::vector<std::string> fault_paths(const RetryPolicy& policy) {
  std::vector<std::string> paths;
  for (const auto& fault : retry_policy_faults(policy)) paths.push_back(fault.path);
  return paths;
}

RetryPolicy exponential(std::uint32_t attempts, std::int64_t initial_ms, double multiplier, std::int64_t max_ms) {
  RetryPolicy policy;
  policy.max_attempts = attempts;
  policy.initial = milliseconds{initial_ms};
  policy.multiplier = multiplier;
  policy.max = milliseconds{max_ms};
  return policy;
}

RetryPolicy scheduled(std::vector<std::int64_t> waits_ms) {
  RetryPolicy policy;
  for (auto wait : waits_ms) policy.schedule.push_back(milliseconds{wait});
  return policy;
}

TEST(RetryPolicy, by_default_tries_12_times_in_about_a_day) {
  RetryPolicy policy;
  EXPECT_EQ(attempts_allowed(policy), 12u);
  milliseconds sum{0};
  for (std::uint32_t position = 0; position < 11; ++position) sum += retry_wait(policy, position, kMidJitter).value();
  EXPECT_GT(sum, std::chrono::hours{20});
  EXPECT_LT(sum, std::chrono::hours{28});
}

TEST(RetryPolicy, multiplies_up_to_the_longest_wait) {
  RetryPolicy policy;
  EXPECT_EQ(retry_wait(policy, 0, kMidJitter), milliseconds{5'000});
  EXPECT_EQ(retry_wait(policy, 1, kMidJitter), milliseconds{15'000});
  EXPECT_EQ(retry_wait(policy, 2, kMidJitter), milliseconds{45'000});
  EXPECT_EQ(retry_wait(policy, 7, kMidJitter), milliseconds{5'000 * 2'187});
  EXPECT_EQ(retry_wait(policy, 8, kMidJitter), milliseconds{6 * 3'600'000});
  EXPECT_EQ(retry_wait(policy, 10, kMidJitter), milliseconds{6 * 3'600'000});
}

TEST(RetryPolicy, the_last_attempt_has_no_wait) {
  RetryPolicy policy;
  EXPECT_TRUE(retry_wait(policy, 10, kMidJitter));
  EXPECT_FALSE(retry_wait(policy, 11, kMidJitter));
  EXPECT_FALSE(retry_wait(policy, 12, kMidJitter));
  EXPECT_FALSE(retry_wait(policy, std::numeric_limits<std::uint32_t>::max() - 1, kMidJitter));
  EXPECT_FALSE(retry_wait(exponential(1, 1, 1, 1), 0, kMidJitter));
}

TEST(RetryPolicy, chance_moves_a_wait_between_0_8_and_1_2) {
  auto policy = exponential(5, 10'000, 2, 100'000);
  EXPECT_EQ(retry_wait(policy, 0, 0.0), milliseconds{8'000});
  EXPECT_EQ(retry_wait(policy, 0, 0.25), milliseconds{9'000});
  EXPECT_EQ(retry_wait(policy, 0, std::nextafter(1.0, 0.0)), milliseconds{12'000});
  // Also where the longest wait is reached: what failed together is not tried together.
  EXPECT_EQ(retry_wait(exponential(5, 10'000, 2, 10'000), 3, 0.0), milliseconds{8'000});
}

TEST(RetryPolicy, never_waits_longer_than_max_even_at_first) {
  EXPECT_EQ(retry_wait(exponential(3, 5'000, 2, 1'000), 0, kMidJitter), milliseconds{1'000});
}

TEST(RetryPolicy, holds_the_greatest_numbers_that_are_valid) {
  auto most = milliseconds{kRetryWaitMax}.count();
  auto policy = exponential(kRetryAttemptsMax, most, 10.0, most);
  EXPECT_TRUE(retry_policy_faults(policy).empty());
  EXPECT_EQ(retry_wait(policy, kRetryAttemptsMax - 2, kMidJitter), milliseconds{most});
  EXPECT_FALSE(retry_wait(policy, kRetryAttemptsMax - 1, kMidJitter));
  EXPECT_EQ(retry_wait(exponential(2, 1, 1, 1), 0, 0.0), milliseconds{1});
}

TEST(RetrySchedule, has_one_attempt_more_than_waits_and_no_chance) {
  auto policy = scheduled({100, 0, 700});
  EXPECT_EQ(attempts_allowed(policy), 4u);
  for (double random : {0.0, 0.99}) {
    EXPECT_EQ(retry_wait(policy, 0, random), milliseconds{100});
    EXPECT_EQ(retry_wait(policy, 1, random), milliseconds{0});
    EXPECT_EQ(retry_wait(policy, 2, random), milliseconds{700});
    EXPECT_FALSE(retry_wait(policy, 3, random));
  }
}

TEST(RetryFaults, of_the_default_are_none) {
  EXPECT_TRUE(retry_policy_faults({}).empty());
}

TEST(RetryFaults, name_each_field_at_its_limits) {
  using Paths = std::vector<std::string>;
  auto most = milliseconds{kRetryWaitMax}.count();
  EXPECT_EQ(fault_paths(exponential(1, 1, 1, 1)), Paths{});
  EXPECT_EQ(fault_paths(exponential(100, most, 10, most)), Paths{});
  EXPECT_EQ(fault_paths(exponential(0, 1, 1, 1)), Paths{"retry.max_attempts"});
  EXPECT_EQ(fault_paths(exponential(101, 1, 1, 1)), Paths{"retry.max_attempts"});
  EXPECT_EQ(fault_paths(exponential(1, 0, 1, 1)), Paths{"retry.initial_ms"});
  EXPECT_EQ(fault_paths(exponential(1, most + 1, 1, 1)), Paths{"retry.initial_ms"});
  EXPECT_EQ(fault_paths(exponential(1, 1, 0.99, 1)), Paths{"retry.multiplier"});
  EXPECT_EQ(fault_paths(exponential(1, 1, 10.01, 1)), Paths{"retry.multiplier"});
  EXPECT_EQ(fault_paths(exponential(1, 1, std::nan(""), 1)), Paths{"retry.multiplier"});
  EXPECT_EQ(fault_paths(exponential(1, 1, 1, 0)), Paths{"retry.max_ms"});
  EXPECT_EQ(fault_paths(exponential(1, 1, 1, most + 1)), Paths{"retry.max_ms"});
  EXPECT_EQ(fault_paths(exponential(0, -1, 0, -1)),
            (Paths{"retry.max_attempts", "retry.initial_ms", "retry.multiplier", "retry.max_ms"}));
}

TEST(RetryFaults, name_the_wait_of_a_schedule) {
  using Paths = std::vector<std::string>;
  auto most = milliseconds{kRetryWaitMax}.count();
  EXPECT_EQ(fault_paths(scheduled({0, most})), Paths{});
  EXPECT_EQ(fault_paths(scheduled({5, -1, most + 1})), (Paths{"retry.schedule_ms[1]", "retry.schedule_ms[2]"}));
  EXPECT_EQ(fault_paths(scheduled(std::vector<std::int64_t>(99, 1))), Paths{});
  EXPECT_EQ(fault_paths(scheduled(std::vector<std::int64_t>(100, 1))), Paths{"retry.schedule_ms"});
}

}  // namespace
}  // namespace eventrelay
