// How fast an organization's events and deliveries are told one by one: up to a rate, and above it as their counts.
// A value; whoever has it locks.
#pragma once
#include <optional>
#include <string>

#include "base/limits.h"
#include "base/time.h"

namespace eventrelay {

enum class ActivityKind : std::uint8_t {
  kEventCreated,
  kDeliverySucceeded,
  kDeliveryRetrying,
  kDeliveryDead,
  kDeliveryCancelled,
  kWebhookCreated,  // this one and those after it are always told
  kWebhookUpdated,
  kWebhookDeleted,
  kWebhookDisabled,
  kJobProgress,
};
std::string_view to_text(ActivityKind kind);  ///< "event.created"

class ActivityPace {
 public:
  /// Notes one more; whether it is told by itself. One that is not is counted.
  bool admit(ActivityKind kind);
  /// Ends the second, once it is over: the JSON object's members of a summary, if anything was only counted.
  std::optional<std::string> end_second(SteadyTime now);

 private:
  static constexpr std::size_t kCounted = 5;

  SteadyTime begun_{};
  std::size_t noted_ = 0;     ///< in this second
  bool only_counts_ = false;  ///< the second before was above the rate
  std::size_t counts_[kCounted] = {};
};

}  // namespace eventrelay
