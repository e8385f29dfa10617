#include "api/activity_pace.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

constexpr auto kSecond = std::chrono::seconds(1);
const SteadyTime kBegin{std::chrono::hours(5)};

std::size_t admitted(ActivityPace& pace, ActivityKind kind, std::size_t count) {
  std::size_t singles = 0;
  while (count-- > 0) singles += pace.admit(kind);
  return singles;
}

TEST(ActivityPace, what_is_within_the_rate_is_told_singly) {
  ActivityPace pace;
  for (int second = 0; second < 3; ++second) {
    EXPECT_EQ(admitted(pace, ActivityKind::kEventCreated, kStreamSinglesPerSecond), kStreamSinglesPerSecond);
    EXPECT_EQ(pace.end_second(kBegin + second * kSecond), std::nullopt);
  }
}

TEST(ActivityPace, what_is_above_it_is_counted) {
  ActivityPace pace;
  pace.end_second(kBegin);
  admitted(pace, ActivityKind::kEventCreated, kStreamSinglesPerSecond - 1);
  EXPECT_EQ(admitted(pace, ActivityKind::kDeliverySucceeded, 8), 1U);
  EXPECT_EQ(admitted(pace, ActivityKind::kDeliveryDead, 3), 0U);
  EXPECT_EQ(pace.end_second(kBegin + kSecond / 2), std::nullopt) << "the second is not over";
  EXPECT_EQ(pace.end_second(kBegin + kSecond),
            R"("seconds":1,"events":0,"succeeded":7,"retrying":0,"dead":3,"cancelled":0)");
}

TEST(ActivityPace, while_it_lasts_only_counts_are_told_and_after_it_single_ones_again) {
  ActivityPace pace;
  pace.end_second(kBegin);
  admitted(pace, ActivityKind::kEventCreated, kStreamSinglesPerSecond + 1);
  pace.end_second(kBegin + kSecond);
  EXPECT_EQ(admitted(pace, ActivityKind::kEventCreated, 10), 0U);
  EXPECT_NE(pace.end_second(kBegin + 2 * kSecond).value().find(R"("events":10)"), std::string::npos);
  EXPECT_EQ(admitted(pace, ActivityKind::kEventCreated, 10), 10U);
}

TEST(ActivityPace, webhooks_and_jobs_are_always_told) {
  ActivityPace pace;
  admitted(pace, ActivityKind::kEventCreated, 2 * kStreamSinglesPerSecond);
  EXPECT_EQ(admitted(pace, ActivityKind::kWebhookCreated, 500), 500U);
  EXPECT_EQ(admitted(pace, ActivityKind::kJobProgress, 500), 500U);
}

TEST(ActivityPace, each_kind_has_its_name) {
  EXPECT_EQ(to_text(ActivityKind::kEventCreated), "event.created");
  EXPECT_EQ(to_text(ActivityKind::kDeliveryCancelled), "delivery.cancelled");
  EXPECT_EQ(to_text(ActivityKind::kWebhookDisabled), "webhook.disabled");
  EXPECT_EQ(to_text(ActivityKind::kJobProgress), "job.progress");
}

}  // namespace
}  // namespace eventrelay
