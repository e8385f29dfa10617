// One loop's part of a gauge that shows the sum of all loops. One loop's; the gauge itself is thread-safe.
#pragma once
#include <prometheus/gauge.h>

#include <cstddef>

namespace eventrelay {

class GaugePart {
 public:
  /// The gauge outlives it.
  explicit GaugePart(prometheus::Gauge& gauge) : gauge_(gauge) {}
  ~GaugePart() { show(0); }
  GaugePart(const GaugePart&) = delete;
  GaugePart& operator=(const GaugePart&) = delete;

  void show(std::size_t value) {
    if (value == shown_) return;
    gauge_.Increment(static_cast<double>(value) - static_cast<double>(shown_));
    shown_ = value;
  }

 private:
  prometheus::Gauge& gauge_;
  std::size_t shown_ = 0;
};

}  // namespace eventrelay
