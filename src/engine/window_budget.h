// What the lanes of one event loop share: room for entries, and for payload bytes wherever the engine holds them. Its
// bounds are for that loop. Not thread-safe.
#pragma once
#include <cstddef>
#include <utility>

#include "base/limits.h"

namespace eventrelay {

/// A lane with fewer entries may use all of what the lanes share, others the first half of it.
inline constexpr std::size_t kLaneEntriesFew = 64;

struct WindowBudget {
  std::size_t entries_max = kWindowEntriesMax;
  /// Windows keep payloads in the first half of it; lanes with many attempts under way begin more up to three
  /// quarters, those with one up to the whole, and a lane with none may always have one.
  std::size_t payload_bytes_max = kWindowPayloadBytesMax;
  std::size_t lane_entries_max = kLaneEntriesMax;
  std::size_t lane_entries_few = kLaneEntriesFew;
  std::size_t lane_payload_bytes_max = kLanePayloadBytesMax;
  std::size_t entries = 0;
  std::size_t payload_bytes = 0;  ///< in windows, asked for, being read, and under way

  std::size_t window_payload_bytes_max() const { return payload_bytes_max / 2; }
};

/// Payload bytes that count to the budget while it lives. The budget outlives it.
class PayloadShare {
 public:
  PayloadShare() = default;
  PayloadShare(WindowBudget& budget, std::size_t bytes) : budget_(&budget), bytes_(bytes) {
    budget.payload_bytes += bytes;
  }
  PayloadShare(PayloadShare&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  PayloadShare& operator=(PayloadShare other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PayloadShare() {
    if (budget_) budget_->payload_bytes -= bytes_;
  }

 private:
  WindowBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace eventrelay
