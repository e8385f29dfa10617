#include "storage/metrics_report.h"

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

void add_counters(Counters& sum, const Counters& more) {
  sum.events += more.events;
  sum.unmatched += more.unmatched;
  sum.deliveries += more.deliveries;
  sum.attempts += more.attempts;
  sum.succeeded += more.succeeded;
  sum.failed_attempts += more.failed_attempts;
  sum.retries += more.retries;
  sum.dead += more.dead;
  sum.cancelled += more.cancelled;
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
  const std::int64_t points = shape.minutes / shape.step_minutes;
  step_ = shape.step_minutes;
  first_ = (unix_ms(now) / 60'000 / step_ - (points - 1)) * step_;
  report_.series.resize(static_cast<std::size_t>(points));
  latencies_.resize(report_.series.size());
  for (std::size_t i = 0; i < report_.series.size(); ++i)
    report_.series[i].at = from_unix_ms((first_ + static_cast<std::int64_t>(i) * step_) * 60'000);
}

void MetricsReportBuilder::add(std::int64_t minute, const Counters& counters) {
  add_counters(report_.series[point_of(minute)].counters, counters);
}

MetricsReport MetricsReportBuilder::take() {
  LatencyHistogram all;
  for (std::size_t i = 0; i < report_.series.size(); ++i) {
    add_counters(report_.totals, report_.series[i].counters);
    set_percentiles(report_.series[i], latencies_[i]);
    all.merge(latencies_[i]);
  }
  set_percentiles(report_, all);
  return std::move(report_);
}

}  // namespace eventrelay
