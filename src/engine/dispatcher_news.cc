// What the dispatcher hears of and reads from the store.
#include <algorithm>

#include "engine/dispatcher.h"

namespace eventrelay {

// ---- News --------------------------------------------------------------------------------------------------------

void Dispatcher::on_webhook(const WebhookPtr& webhook) {
  // While the scan runs a page of it may be older than this change, and have its rows at other places.
  Lane* lane = is_scanned(webhook->id) ? find_lane(webhook->id) : lane_of(webhook->id);
  if (!lane && unknown_.erase(webhook->id) > 0) {
    lane = make_lane(webhook->id);
    if (lane) lane->window.set_beyond(LaneKey{});
  }
  if (!lane) return;
  const bool was_enabled = lane->enabled();
  const bool reordered = lane->ordered() != webhook->spec.ordered;
  lane->set_webhook(webhook);
  if (!was_enabled && lane->enabled()) {
    lane->failing_since = webhook->failing_since;
    lane->failing_untold = false;
  }
  if (!lane->enabled()) lane->window.spill();
  if (reordered) {
    // Every place in the lane may have changed: all of it is read again.
    lane->window.spill();
    lane->refill_generation = 0;
    if (lane->window.refilling()) lane->window.fail_refill();
    lane->window.set_beyond(LaneKey{});
    for (auto& [id, busy] : lane->busy) busy.reread = LaneKey{};
  }
  settle(*lane);
}

void Dispatcher::on_pending(PendingDelivery delivery) {
  Lane* lane = lane_of(delivery.webhook);
  if (!lane || lane->leaving) return;
  // The commit may have changed the lane's order after it had changed this: the place is by the new one.
  if (lane->ordered()) delivery.sort_at = delivery.first_due;
  lane->window.touch(delivery.id);
  if (const auto found = lane->busy.find(delivery.id); found != lane->busy.end()) {
    const LaneKey key = key_of(delivery);
    Busy& busy = found->second;
    busy.reread = busy.reread ? std::min(*busy.reread, key) : key;
    return;
  }
  place(*lane, std::move(delivery));
  settle(*lane);
}

void Dispatcher::on_cancelled(DeliveryRef delivery) {
  Lane* lane = find_lane(delivery.webhook);
  if (!lane) return;
  lane->window.touch(delivery.id);
  lane->window.erase(delivery.id);
  if (const auto found = lane->busy.find(delivery.id); found != lane->busy.end()) found->second.cancelled = true;
  settle(*lane);
}

// ---- Reading the store -------------------------------------------------------------------------------------------

void Dispatcher::refill(Lane& lane) {
  const WebhookId id = lane.webhook()->id;
  DueQuery query =
      lane.window.begin_refill(lane.webhook()->organization, id, clock_.now() + milliseconds(kRetryHorizon));
  const std::uint64_t generation = lane.refill_generation = ++refills_begun_;
  store_.read_due(loop_, query, [self = std::weak_ptr(self_), id, generation](Result<DuePage> page) {
    if (const auto alive = self.lock()) (*alive)->on_refill(id, generation, std::move(page));
  });
}

void Dispatcher::on_refill(WebhookId webhook, std::uint64_t generation, Result<DuePage> page) {
  Lane* lane = find_lane(webhook);
  if (!lane || lane->refill_generation != generation || !lane->window.refilling()) return;
  if (page) {
    lane->window.end_refill(std::move(*page),
                            [&](DeliveryId id) { return lane->busy.contains(id) || lane->held.contains(id); });
    if (!lane->enabled()) lane->window.spill();
  } else {
    lane->window.fail_refill();
    read_later(*lane);
  }
  settle(*lane);
  pump();
}

void Dispatcher::read_later(Lane& lane) {
  lane.reading_later = true;
  retry_later([this, webhook = lane.webhook()->id] {
    Lane* again = find_lane(webhook);
    if (!again) return;
    again->reading_later = false;
    settle(*again);
  });
}

}  // namespace eventrelay
