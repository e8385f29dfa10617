#include "storage/metrics_report.h"

#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"

namespace eventrelay {
namespace {

constexpr std::int64_t kHourMinutes = 60;
constexpr std::int64_t kDayMinutes = 24 * kHourMinutes;
/// 2026-01-10T13:47:20Z.
constexpr WallTime kReportNow = from_unix_ms(1'768'052'840'000);
constexpr std::int64_t kThisMinute = 1'768'052'840 / 60;

TEST(MetricsReportTest, a_window_up_to_a_day_is_of_minutes_and_a_longer_one_of_hours) {
  const struct {
    MetricsWindow window;
    std::int64_t span, minutes;
    std::size_t points;
  } shapes[] = {{MetricsWindow::k15m, 1, 15, 15},
                {MetricsWindow::k1h, 1, kHourMinutes, 60},
                {MetricsWindow::k6h, 1, 6 * kHourMinutes, 72},
                {MetricsWindow::k24h, 1, kDayMinutes, 96},
                {MetricsWindow::k7d, kHourMinutes, 7 * kDayMinutes, 84},
                {MetricsWindow::k30d, kHourMinutes, 30 * kDayMinutes, 120}};
  for (const auto& shape : shapes) {
    MetricsReportBuilder builder(shape.window, kReportNow);
    const RollupRange range = builder.range();
    EXPECT_EQ(range.span, shape.span);
    EXPECT_EQ(range.end - range.first, shape.minutes);
    EXPECT_EQ(range.first % range.span, 0);
    EXPECT_LE((range.end - range.first) / range.span, 1'440) << "rows that a report reads";
    EXPECT_GT(range.end, kThisMinute);
    const MetricsReport report = builder.take();
    ASSERT_EQ(report.series.size(), shape.points);
    EXPECT_LE(report.series.back().at, kReportNow);
    EXPECT_EQ(unix_ms(report.series.front().at), range.first * 60'000);
  }
}

TEST(MetricsReportTest, what_is_kept_reaches_as_far_back_as_the_windows) {
  const auto reach = [](MetricsWindow window) {
    return std::chrono::minutes(kThisMinute - MetricsReportBuilder(window, kReportNow).range().first);
  };
  EXPECT_LT(reach(MetricsWindow::k24h), kMinuteCountsKept);
  EXPECT_LT(reach(MetricsWindow::k30d), kHourCountsKept);
}

TEST(MetricsReportTest, each_point_has_its_counters_and_its_latencies) {
  MetricsReportBuilder builder(MetricsWindow::k24h, kReportNow);
  const std::int64_t first = builder.range().first;
  builder.at(first).add(kCountSucceeded | 20, 4);
  builder.at(first + 14).add(kCountSucceeded | 20, 4);
  builder.at(first + 15).add(kCountSucceeded | 60, 1);
  builder.at(kThisMinute).add(kCountFailed, 2);
  const MetricsReport report = builder.take();
  EXPECT_EQ(report.series[0].counters.succeeded, 8);
  EXPECT_EQ(report.series[1].counters.succeeded, 1);
  EXPECT_EQ(report.series.back().counters.failed_attempts, 2);
  EXPECT_GT(report.series[0].p50_ms, 0);
  EXPECT_GT(report.series[1].p50_ms, 2 * report.series[0].p99_ms);
  EXPECT_EQ(report.series.back().p99_ms, 0);
  EXPECT_EQ(report.totals.attempts, 11);
  EXPECT_GE(report.p99_ms, report.series[1].p50_ms);
  EXPECT_LE(report.p50_ms, report.series[0].p99_ms);
}

TEST(WebhookCountsTest, they_are_of_an_hour_in_minutes_or_of_a_day_in_hours) {
  const RollupRange hour = WebhookCountsBuilder(MetricsWindow::k1h, kReportNow).range();
  EXPECT_EQ(hour.span, 1);
  EXPECT_EQ(hour.end, kThisMinute + 1);
  EXPECT_EQ(hour.end - hour.first, kHourMinutes);
  const RollupRange day = WebhookCountsBuilder(MetricsWindow::k24h, kReportNow).range();
  EXPECT_EQ(day.span, kHourMinutes);
  EXPECT_EQ(day.end, (kThisMinute / kHourMinutes + 1) * kHourMinutes);
  EXPECT_EQ(day.end - day.first, kDayMinutes);
}

TEST(WebhookCountsTest, an_hours_rollups_are_few_and_cover_each_of_its_minutes_once) {
  for (std::int64_t minute = 0; minute < kHourMinutes; ++minute) {
    const std::int64_t now = 29'467'500 / kHourMinutes * kHourMinutes + minute;
    const WebhookCountsBuilder builder(MetricsWindow::k1h, from_unix_ms(now * 60'000 + 59'999));
    std::map<std::int64_t, int> covered;
    std::int64_t read = 0;
    for (const RollupRange& range : builder.rollups()) {
      EXPECT_EQ(range.first % range.span, 0);
      read += (range.end - range.first) / range.span;
      for (std::int64_t at = range.first; at < range.end; ++at) covered[at] += range.sign;
    }
    EXPECT_LE(read, 31) << minute;
    // What is not over yet has no rollups.
    for (const auto& [at, times] : covered) {
      if (at > now) continue;
      EXPECT_EQ(times, at >= builder.range().first ? 1 : 0) << minute;
    }
    for (std::int64_t at = builder.range().first; at <= now; ++at) EXPECT_EQ(covered[at], 1) << minute;
  }
}

TEST(WebhookCountsTest, the_most_failures_come_first_and_who_had_no_attempts_is_left_out) {
  WebhookCountsBuilder builder(MetricsWindow::k1h, kReportNow);
  for (std::int64_t id = 1; id <= 5; ++id) builder.add_webhook(WebhookId{id});
  builder.find(WebhookId{1})->add(kCountSucceeded | 20, 9);
  builder.find(WebhookId{2})->add(kCountFailed, 1);
  builder.find(WebhookId{3})->add(kCountFailed | kCountDead, 2);
  builder.find(WebhookId{4})->add(kCountDelivery, 7);
  builder.find(WebhookId{5})->add(kCountFailed, 1);
  EXPECT_EQ(builder.find(WebhookId{6}), nullptr);
  const auto rows = builder.take();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].id, WebhookId{3});
  EXPECT_EQ(rows[0].dead, 2);
  EXPECT_EQ(rows[1].id, WebhookId{5});
  EXPECT_EQ(rows[2].id, WebhookId{2});
  EXPECT_EQ(rows[3].succeeded, 9);
  EXPECT_GT(rows[3].p95_ms, 0);
}

TEST(WebhookCountsTest, there_are_so_many_at_most) {
  WebhookCountsBuilder builder(MetricsWindow::k1h, kReportNow);
  constexpr auto kMore = static_cast<std::int64_t>(kWebhookCountsMax) + 5;
  for (std::int64_t id = 1; id <= kMore; ++id) {
    builder.add_webhook(WebhookId{id});
    builder.find(WebhookId{id})->add(kCountFailed, id);
  }
  const auto rows = builder.take();
  ASSERT_EQ(rows.size(), kWebhookCountsMax);
  EXPECT_EQ(rows.front().failed_attempts, kMore);
  EXPECT_EQ(rows.back().failed_attempts, 6);
}

}  // namespace
}  // namespace eventrelay
