// Latencies kept one by one and summed up at the end: at most a few million, so no histogram's rounding.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace eventrelay::bench {

class Latencies {
 public:
  void add_ns(std::int64_t ns) { us_.push_back(static_cast<float>(ns) / 1000.0F); }
  [[nodiscard]] std::size_t count() const { return us_.size(); }

  /// Prints `"name":{"count":…,"p50":…,…}`, in milliseconds.
  void print_json(const char* name) {
    std::sort(us_.begin(), us_.end());
    std::printf("\"%s\":{\"count\":%zu,\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}", name,
                us_.size(), at(0.5), at(0.9), at(0.99), at(0.999), at(1));
  }

 private:
  [[nodiscard]] double at(double share) const {
    if (us_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(us_.size()));
    return static_cast<double>(us_[std::min(rank, us_.size() - 1)]) / 1000;
  }

  std::vector<float> us_;
};

}  // namespace eventrelay::bench
