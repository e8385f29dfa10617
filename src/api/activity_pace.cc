#include "api/activity_pace.h"

#include <algorithm>
#include <array>

namespace eventrelay {

std::string_view to_text(ActivityKind kind) {
  static constexpr std::array<std::string_view, 10> kTexts = {
      "event.created",   "delivery.succeeded", "delivery.retrying", "delivery.dead",    "delivery.cancelled",
      "webhook.created", "webhook.updated",    "webhook.deleted",   "webhook.disabled", "job.progress"};
  return kTexts[static_cast<std::size_t>(kind)];
}

bool ActivityPace::admit(ActivityKind kind) {
  if (kind >= ActivityKind::kWebhookCreated) return true;
  noted_ += 1;
  if (!only_counts_ && noted_ <= kStreamSinglesPerSecond) return true;
  counts_[static_cast<std::size_t>(kind)] += 1;
  return false;
}

std::optional<std::string> ActivityPace::end_second(SteadyTime now) {
  if (now < begun_ + std::chrono::seconds(1)) return std::nullopt;
  const auto seconds = std::max<std::int64_t>(1, std::chrono::round<std::chrono::seconds>(now - begun_).count());
  // One that was idle has no seconds behind it.
  const std::int64_t lasted = begun_ == SteadyTime{} ? 1 : seconds;
  std::optional<std::string> summary;
  if (std::any_of(std::begin(counts_), std::end(counts_), [](std::size_t count) { return count != 0; })) {
    const auto of = [&](ActivityKind kind) { return std::to_string(counts_[static_cast<std::size_t>(kind)]); };
    summary = "\"seconds\":" + std::to_string(lasted) + ",\"events\":" + of(ActivityKind::kEventCreated) +
              ",\"succeeded\":" + of(ActivityKind::kDeliverySucceeded) +
              ",\"retrying\":" + of(ActivityKind::kDeliveryRetrying) + ",\"dead\":" + of(ActivityKind::kDeliveryDead) +
              ",\"cancelled\":" + of(ActivityKind::kDeliveryCancelled);
  }
  only_counts_ = noted_ > kStreamSinglesPerSecond;
  noted_ = 0;
  std::fill(std::begin(counts_), std::end(counts_), 0);
  begun_ = now;
  return summary;
}

}  // namespace eventrelay
