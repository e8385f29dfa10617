// A metrics report out of minutes, whichever database kept them. A value; used by one thread at a time.
#pragma once
#include <vector>

#include "ports/store_queries.h"
#include "storage/codec.h"

namespace eventrelay {

class MetricsReportBuilder {
 public:
  /// The last point is the one that `now` is in.
  MetricsReportBuilder(MetricsWindow window, WallTime now);
  // Minutes since 1970 of the window: [first, end), each point `step` of them.
  std::int64_t first_minute() const { return first_; }
  std::int64_t end_minute() const { return first_ + step_ * static_cast<std::int64_t>(latencies_.size()); }
  std::int64_t step_minutes() const { return step_; }

  /// minute: in the window. Several of a point, and of a minute, add up.
  void add(std::int64_t minute, const Counters& counters);
  LatencyHistogram& latency(std::int64_t minute) { return latencies_[point_of(minute)]; }
  /// With percentiles and totals. Once.
  MetricsReport take();

 private:
  std::size_t point_of(std::int64_t minute) const { return static_cast<std::size_t>((minute - first_) / step_); }

  std::int64_t first_ = 0;
  std::int64_t step_ = 0;
  MetricsReport report_;
  std::vector<LatencyHistogram> latencies_;  ///< one a point
};

}  // namespace eventrelay
