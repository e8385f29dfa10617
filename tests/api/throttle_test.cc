#include "api/throttle.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

IpAddress address_number(int number) {
  return IpAddress::v4({10, 0, static_cast<std::uint8_t>(number / 256), static_cast<std::uint8_t>(number % 256)});
}

class ThrottleTest : public testing::Test {
 protected:
  /// Of an attempt that fails.
  milliseconds attempt(const std::string& account, int address, bool trusted = false) {
    return throttle.begin({account, address_number(address), trusted}, now);
  }
  Throttle throttle;
  SteadyTime now{1h};
};

TEST_F(ThrottleTest, after_five_tries_each_one_more_waits_twice_as_long_up_to_half_a_minute) {
  for (int i = 0; i < kTriesOfPair; ++i) EXPECT_EQ(attempt("ada", 1), 0ms);
  for (const auto wait : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    EXPECT_EQ(attempt("ada", 1), wait);
    now += wait - 1ms;
    EXPECT_EQ(attempt("ada", 1), 1ms) << "asking does not count";
    now += 1ms;
    EXPECT_EQ(attempt("ada", 1), 0ms);
  }
  EXPECT_EQ(attempt("ada", 2), 0ms) << "from elsewhere";
  EXPECT_EQ(attempt("bob", 1), 0ms) << "another account";
}

TEST_F(ThrottleTest, many_at_once_are_counted_before_the_first_has_failed) {
  int begun = 0;
  for (int i = 0; i < 100; ++i) begun += attempt("ada", 1) == 0ms ? 1 : 0;
  EXPECT_EQ(begun, kTriesOfPair);
}

TEST_F(ThrottleTest, an_address_is_held_up_after_sixty_tries_at_any_accounts) {
  for (int i = 0; i < kTriesOfAddress; ++i) EXPECT_EQ(attempt("account" + std::to_string(i), 1), 0ms);
  EXPECT_EQ(attempt("another", 1), 1s);
  EXPECT_EQ(attempt("another", 2), 0ms);
}

TEST_F(ThrottleTest, whoever_signs_in_does_not_pay_with_that_for_tries_at_others) {
  for (int i = 0; i < kTriesOfAddress; ++i) {
    ASSERT_EQ(attempt("account" + std::to_string(i), 1), 0ms);
    if (i == kTriesOfAddress / 2) {
      ASSERT_EQ(attempt("own", 1), 0ms);
      throttle.succeeded({"own", address_number(1), false});
    }
  }
  EXPECT_EQ(attempt("another", 1), 1s);
}

TEST_F(ThrottleTest, an_account_is_held_up_after_sixty_tries_but_not_where_it_was_signed_in_from) {
  for (int i = 0; i < kTriesOfAccount; ++i) EXPECT_EQ(attempt("ada", i), 0ms);
  EXPECT_EQ(attempt("ada", 1'000), 1s);
  EXPECT_EQ(attempt("ada", 1'000, true), 0ms);
  EXPECT_EQ(attempt("bob", 1'000), 0ms);
}

TEST_F(ThrottleTest, a_right_password_ends_the_waiting) {
  for (int i = 0; i < kTriesOfPair; ++i) EXPECT_EQ(attempt("ada", 1), 0ms);
  now += 1s;
  EXPECT_EQ(attempt("ada", 1), 0ms);
  throttle.succeeded({"ada", address_number(1), false});
  for (int i = 0; i < kTriesOfPair; ++i) EXPECT_EQ(attempt("ada", 1), 0ms);
  EXPECT_EQ(attempt("ada", 1), 1s);
}

TEST_F(ThrottleTest, what_came_to_nothing_was_no_try) {
  for (int i = 0; i < 3 * kTriesOfAddress; ++i) {
    EXPECT_EQ(attempt("ada", 1), 0ms);
    throttle.withdrawn({"ada", address_number(1), false});
  }
}

TEST_F(ThrottleTest, tries_are_forgotten_one_a_minute) {
  for (int i = 0; i < kTriesOfPair; ++i) EXPECT_EQ(attempt("ada", 1), 0ms);
  now += 2 * kTryForgottenAfter;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(attempt("ada", 1), 0ms);
  EXPECT_EQ(attempt("ada", 1), 1s);
}

TEST_F(ThrottleTest, the_addresses_of_one_network_count_as_one) {
  const auto ip = [](const std::string& text) { return IpAddress::parse(text).value(); };
  for (int i = 0; i < kTriesOfPair; ++i) {
    EXPECT_EQ(throttle.begin({"ada", ip("2001:db8:1:2::" + std::to_string(i)), false}, now), 0ms);
  }
  EXPECT_EQ(throttle.begin({"ada", ip("2001:db8:1:2:ffff::1"), false}, now), 1s);
  EXPECT_EQ(throttle.begin({"ada", ip("2001:db8:1:3::1"), false}, now), 0ms);
}

TEST(TryTable, forgets_the_oldest_where_there_are_too_many) {
  TryTable table(1);
  const SteadyTime now{1h};
  for (std::size_t i = 0; i < kThrottleEntriesMax; ++i) table.count(std::to_string(i), now);
  table.count("0", now);  // touched again: not the oldest any more
  for (int i = 0; i < 10; ++i) table.count("new" + std::to_string(i), now);
  EXPECT_EQ(table.size(), kThrottleEntriesMax);
  EXPECT_GT(table.wait("0", now), 0ms);
  EXPECT_EQ(table.wait("1", now), 0ms);
  EXPECT_GT(table.wait("new0", now), 0ms);
}

}  // namespace
}  // namespace eventrelay
