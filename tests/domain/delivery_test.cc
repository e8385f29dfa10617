#include "domain/delivery.h"

#include <gtest/gtest.h>

#include <set>

#include "base/limits.h"

namespace eventrelay {
namespace {

const WallTime kNow = parse_time("2026-03-01T12:00:00Z").value();
constexpr double kMiddle = 0.5;
constexpr milliseconds kDay{24 * 3'600'000};

AttemptOutcome answer(int status, Headers headers = {}) {
  AttemptOutcome outcome;
  outcome.status_code = static_cast<std::uint16_t>(status);
  outcome.response_headers = std::move(headers);
  return outcome;
}

AttemptOutcome failure(AttemptError error, int status = 0) {
  AttemptOutcome outcome = answer(status);
  outcome.error = error;
  return outcome;
}

RetryPolicy waits(std::vector<milliseconds> schedule) {
  RetryPolicy policy;
  policy.schedule = std::move(schedule);
  return policy;
}

Verdict judge_first(const AttemptOutcome& outcome) {
  return judge(outcome, RetryPolicy{}, 0, kNow, kMiddle);
}

void expect_retry(const Verdict& verdict, milliseconds wait) {
  EXPECT_EQ(verdict.state, DeliveryState::kPending);
  EXPECT_FALSE(verdict.success);
  EXPECT_FALSE(verdict.gone);
  EXPECT_EQ(verdict.reason, "");
  EXPECT_EQ(verdict.wait, wait);
}

TEST(Judge, takes_every_2xx_for_success) {
  for (int status : {200, 201, 202, 204, 299}) {
    auto verdict = judge_first(answer(status));
    EXPECT_EQ(verdict.state, DeliveryState::kSucceeded) << status;
    EXPECT_TRUE(verdict.success);
    EXPECT_FALSE(verdict.wait);
    EXPECT_FALSE(verdict.gone);
    EXPECT_EQ(verdict.reason, "");
  }
}

TEST(Judge, takes_a_success_at_the_last_attempt_for_success) {
  EXPECT_EQ(judge(answer(200), RetryPolicy{}, 11, kNow, kMiddle).state, DeliveryState::kSucceeded);
}

TEST(Judge, retries_every_other_answer) {
  for (int status : {0,   100, 199, 300, 301, 302, 303, 307, 308, 304, 400, 401,
                     404, 409, 411, 422, 429, 500, 502, 503, 504, 599, 999}) {
    expect_retry(judge_first(answer(status)), milliseconds{5'000});
  }
}

TEST(Judge, retries_every_error_also_behind_a_2xx) {
  for (auto error :
       {AttemptError::kDns, AttemptError::kAddressDenied, AttemptError::kConnect, AttemptError::kConnectTimeout,
        AttemptError::kTls, AttemptError::kTimeout, AttemptError::kConnectionClosed, AttemptError::kProtocol,
        AttemptError::kInvalidUrl, AttemptError::kInterrupted}) {
    expect_retry(judge_first(failure(error)), milliseconds{5'000});
    expect_retry(judge_first(failure(error, 200)), milliseconds{5'000});
  }
  expect_retry(judge_first(failure(AttemptError::kRedirect, 302)), milliseconds{5'000});
  expect_retry(judge_first(failure(AttemptError::kStatus, 500)), milliseconds{5'000});
}

TEST(Judge, follows_the_policys_schedule) {
  auto policy = waits({milliseconds{10}, milliseconds{20}});
  expect_retry(judge(answer(500), policy, 0, kNow, kMiddle), milliseconds{10});
  expect_retry(judge(answer(500), policy, 1, kNow, kMiddle), milliseconds{20});
}

TEST(Judge, ends_with_the_last_attempt) {
  auto policy = waits({milliseconds{10}, milliseconds{20}});
  for (const auto& outcome : {answer(500), failure(AttemptError::kTimeout), answer(503, {{"Retry-After", "60"}})}) {
    auto verdict = judge(outcome, policy, 2, kNow, kMiddle);
    EXPECT_EQ(verdict.state, DeliveryState::kDead);
    EXPECT_EQ(verdict.reason, "attempts_exhausted");
    EXPECT_FALSE(verdict.success);
    EXPECT_FALSE(verdict.wait);
    EXPECT_FALSE(verdict.gone);
  }
}

TEST(Judge, takes_410_for_gone_at_any_attempt) {
  for (auto error : {AttemptError::kNone, AttemptError::kStatus}) {
    for (std::uint32_t position : {0u, 11u}) {
      auto verdict = judge(failure(error, 410), RetryPolicy{}, position, kNow, kMiddle);
      EXPECT_EQ(verdict.state, DeliveryState::kDead);
      EXPECT_EQ(verdict.reason, "gone");
      EXPECT_TRUE(verdict.gone);
      EXPECT_FALSE(verdict.success);
      EXPECT_FALSE(verdict.wait);
    }
  }
}

TEST(Judge, retries_a_410_that_broke_off) {
  expect_retry(judge_first(failure(AttemptError::kConnectionClosed, 410)), milliseconds{5'000});
}

TEST(Judge, waits_as_long_as_429_and_503_ask) {
  for (int status : {429, 503}) {
    expect_retry(judge_first(answer(status, {{"retry-after", "120"}})), milliseconds{120'000});
  }
}

TEST(Judge, honours_retry_after_on_no_other_status) {
  for (int status : {301, 400, 500, 502, 504}) {
    expect_retry(judge_first(answer(status, {{"Retry-After", "120"}})), milliseconds{5'000});
  }
}

TEST(Judge, lets_the_longer_of_policy_and_header_count) {
  expect_retry(judge_first(answer(503, {{"Retry-After", "1"}})), milliseconds{5'000});
  auto two_days = waits({2 * kDay});
  expect_retry(judge(answer(503, {{"Retry-After", "999999"}}), two_days, 0, kNow, kMiddle), 2 * kDay);
}

TEST(Judge, waits_at_most_a_day_for_a_header) {
  expect_retry(judge_first(answer(503, {{"Retry-After", "864000"}})), kDay);
  expect_retry(judge_first(answer(429, {{"Retry-After", "Tue, 01 Dec 2026 00:00:00 GMT"}})), kDay);
}

std::optional<milliseconds> retry_after_of(std::string value) {
  return retry_after({{"Content-Type", "text/plain"}, {"RETRY-AFTER", std::move(value)}}, kNow);
}

TEST(RetryAfter, is_seconds) {
  EXPECT_EQ(retry_after_of("0"), milliseconds{0});
  EXPECT_EQ(retry_after_of("1"), milliseconds{1'000});
  EXPECT_EQ(retry_after_of(" 007\t"), milliseconds{7'000});
  EXPECT_EQ(retry_after_of("86399"), kDay - milliseconds{1'000});
}

TEST(RetryAfter, is_at_most_a_day_however_many_digits_it_has) {
  EXPECT_EQ(retry_after_of("86400"), kDay);
  EXPECT_EQ(retry_after_of("86401"), kDay);
  EXPECT_EQ(retry_after_of(std::string(400, '9')), kDay);
}

TEST(RetryAfter, is_a_date_in_any_form) {
  EXPECT_EQ(retry_after_of("Sun, 01 Mar 2026 12:01:00 GMT"), milliseconds{60'000});
  EXPECT_EQ(retry_after_of("Sunday, 01-Mar-26 12:01:00 GMT"), milliseconds{60'000});
  EXPECT_EQ(retry_after_of("Sun Mar  1 12:01:00 2026"), milliseconds{60'000});
}

TEST(RetryAfter, that_is_past_is_no_wait) {
  EXPECT_EQ(retry_after_of("Sun, 01 Mar 2026 11:59:59 GMT"), milliseconds{0});
  EXPECT_EQ(retry_after_of("Sun, 06 Nov 1994 08:49:37 GMT"), milliseconds{0});
}

TEST(RetryAfter, that_cannot_be_read_is_none) {
  EXPECT_FALSE(retry_after({}, kNow));
  for (const char* value : {"", " ", "-1", "1.5", "+1", "1s", "soon", "1 2", "0x10", "2026-03-01T12:01:00Z"}) {
    EXPECT_FALSE(retry_after_of(value)) << value;
  }
}

TEST(AttemptOutcome, an_answer_outside_2xx_gets_an_error_that_says_so) {
  const auto named = [](int status, AttemptError error) {
    AttemptOutcome outcome;
    outcome.status_code = static_cast<std::uint16_t>(status);
    outcome.error = error;
    name_bad_status(outcome);
    return outcome;
  };
  EXPECT_EQ(named(204, AttemptError::kNone).error, AttemptError::kNone);
  EXPECT_EQ(named(301, AttemptError::kNone).error, AttemptError::kRedirect);
  EXPECT_EQ(named(404, AttemptError::kNone).error, AttemptError::kStatus);
  EXPECT_EQ(named(404, AttemptError::kNone).error_message, "answered 404");
  EXPECT_EQ(named(0, AttemptError::kConnect).error, AttemptError::kConnect);
  EXPECT_EQ(named(500, AttemptError::kTimeout).error, AttemptError::kTimeout);
}

TEST(DeliveryState, has_its_words) {
  for (auto state :
       {DeliveryState::kPending, DeliveryState::kSucceeded, DeliveryState::kDead, DeliveryState::kCancelled}) {
    EXPECT_EQ(parse_delivery_state(to_text(state)), state);
  }
  EXPECT_EQ(to_text(DeliveryState::kSucceeded), "succeeded");
  EXPECT_FALSE(parse_delivery_state(""));
  EXPECT_FALSE(parse_delivery_state("Dead"));
}

TEST(AttemptError, has_a_word_of_its_own_each) {
  std::set<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(AttemptError::kInterrupted); ++i) {
    words.insert(to_text(static_cast<AttemptError>(i)));
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(AttemptError::kInterrupted) + 1);
  EXPECT_EQ(to_text(AttemptError::kAddressDenied), "address_denied");
  EXPECT_EQ(to_text(AttemptError::kConnectTimeout), "connect_timeout");
  EXPECT_EQ(to_text(AttemptError::kTimeout), "timeout");
  EXPECT_EQ(to_text(AttemptError::kInterrupted), "interrupted");
}

}  // namespace
}  // namespace eventrelay
