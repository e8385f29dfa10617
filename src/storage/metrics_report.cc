#include "storage/metrics_report.h"

#include <algorithm>

#include "base/limits.h"

namespace eventrelay {

namespace {

struct WindowShape {
  std::int64_t minutes;
  std::int64_t step_minutes;
};

WindowShape shape_of(MetricsWindow window) {
  switch (window) {
    case MetricsWindow::k15m:
      return {15, 1};
    case MetricsWindow::k1h:
      return {60, 1};
    case MetricsWindow::k6h:
      return {6 * 60, 5};
    case MetricsWindow::k24h:
      return {24 * 60, 15};
    case MetricsWindow::k7d:
      return {7 * 24 * 60, 120};
    case MetricsWindow::k30d:
      return {30 * 24 * 60, 360};
  }
  return {15, 1};
}

/// So many minutes up to the end of the step that `now` is in.
RollupRange range_up_to(WallTime now, std::int64_t span, std::int64_t step, std::int64_t minutes) {
  const std::int64_t end = (unix_ms(now) / 60'000 / step + 1) * step;
  return {span, end - minutes, end};
}

template <class Out>
void set_percentiles(Out& out, const LatencyHistogram& latency) {
  out.p50_ms = latency.percentile(0.50);
  out.p95_ms = latency.percentile(0.95);
  out.p99_ms = latency.percentile(0.99);
}

}  // namespace

MetricsReportBuilder::MetricsReportBuilder(MetricsWindow window, WallTime now) {
  const WindowShape shape = shape_of(window);
  step_ = shape.step_minutes;
  range_ = range_up_to(now, step_ % kHourSpan == 0 ? kHourSpan : kMinuteSpan, step_, shape.minutes);
  points_.resize(static_cast<std::size_t>(shape.minutes / step_));
}

MetricsReport MetricsReportBuilder::take() {
  MetricsReport report;
  Rollup all;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    MetricsPoint& point = report.series.emplace_back();
    point.at = from_unix_ms((range_.first + static_cast<std::int64_t>(i) * step_) * 60'000);
    point.counters = points_[i].counters;
    set_percentiles(point, points_[i].latency);
    all.add(points_[i]);
  }
  report.totals = all.counters;
  set_percentiles(report, all.latency);
  return report;
}

WebhookCountsBuilder::WebhookCountsBuilder(MetricsWindow window, WallTime now) {
  const std::int64_t span = window == MetricsWindow::k24h ? kHourSpan : kMinuteSpan;
  range_ = range_up_to(now, span, span, shape_of(window).minutes);
}

std::vector<RollupRange> WebhookCountsBuilder::rollups() const {
  if (range_.span == kHourSpan) return {range_};
  // All of the running hour. Of the one before it the last minutes; or all of it less its first ones, if they are
  // fewer.
  const std::int64_t hour = (range_.end - 1) / kHourSpan * kHourSpan;
  const std::int64_t prior = hour - kHourSpan;
  const std::int64_t end = hour + kHourSpan;
  if (range_.first == hour) return {{kHourSpan, hour, end}};
  if (range_.first - prior < hour - range_.first)
    return {{kHourSpan, prior, end}, {kMinuteSpan, prior, range_.first, -1}};
  return {{kHourSpan, hour, end}, {kMinuteSpan, range_.first, hour}};
}

Rollup* WebhookCountsBuilder::find(WebhookId id) {
  const auto found = webhooks_.find(id);
  if (found == webhooks_.end()) return nullptr;
  if (!found->second) found->second = std::make_unique<Rollup>();
  return found->second.get();
}

std::vector<WebhookCounts> WebhookCountsBuilder::take() const {
  std::vector<WebhookCounts> rows;
  for (const auto& [id, rollup] : webhooks_) {
    if (!rollup || rollup->counters.attempts == 0) continue;
    const Counters& c = rollup->counters;
    rows.push_back({id, c.attempts, c.succeeded, c.failed_attempts, c.dead, rollup->latency.percentile(0.95)});
  }
  std::sort(rows.begin(), rows.end(), [](const WebhookCounts& a, const WebhookCounts& b) {
    return a.failed_attempts != b.failed_attempts ? a.failed_attempts > b.failed_attempts : a.id > b.id;
  });
  rows.resize(std::min(rows.size(), kWebhookCountsMax));
  return rows;
}

}  // namespace eventrelay
