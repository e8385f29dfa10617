// What the dispatcher hears of and reads from the store.
#include <algorithm>

#include "engine/dispatcher.h"

namespace eventrelay {

namespace {
/// An ordered lane that was woken looks at so many rows from its start: each attempt may come after another look.
constexpr std::size_t kLookRows = 16;
}  // namespace

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
    lane->forget_reads();
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
  if (delivery.commit != 0) {
    on_arrival(*lane, std::move(delivery));
    return settle(*lane);
  }
  lane->window.touch(delivery.id);
  if (const auto found = lane->busy.find(delivery.id); found != lane->busy.end()) {
    found->second.read_again_from(key_of(delivery));
    return;
  }
  place(*lane, std::move(delivery));
  settle(*lane);
}

void Dispatcher::on_arrival(Lane& lane, PendingDelivery delivery) {
  LaneWindow& window = lane.window;
  const LaneKey key = key_of(delivery);
  // Nothing has happened to it yet. What people asked for again is rare, and only the store knows what has become of
  // it.
  const bool fresh = age_of(delivery) == std::pair(0u, false);
  if (lane.held.contains(delivery.id)) return;
  if (const auto found = lane.busy.find(delivery.id); found != lane.busy.end()) {
    Busy& busy = found->second;
    if (!fresh && age_of(delivery) != age_of(busy.delivery)) busy.read_again_from(key);
    return;
  }
  if (fresh && window.holds(delivery.id)) return;
  if (lane.reads.saw(key, delivery.commit)) return;
  // It only wakes the lane.
  if (lane.ordered() && lane.enabled()) delivery.message.reset();
  if (window.refilling_from() && *window.refilling_from() <= key) return window.wait(std::move(delivery));
  if (fresh && delivery.is_test && !lane.enabled() && !lane.reads.may_have_seen(key, delivery.commit)) {
    window.touch(delivery.id);
    return place(lane, std::move(delivery));
  }
  if (window.beyond() && *window.beyond() <= key) return;
  if (lane.ordered()) {
    lane.woken = true;
  } else if (fresh && !lane.reads.may_have_seen(key, delivery.commit)) {
    window.touch(delivery.id);
    place(lane, std::move(delivery));
  } else {
    window.set_beyond(key);
  }
}

void Dispatcher::on_cancelled(DeliveryRef delivery) {
  Lane* lane = find_lane(delivery.webhook);
  if (!lane) return;
  lane->window.touch(delivery.id);
  lane->window.erase(delivery.id);
  lane->window.erase_waiting(delivery.id);
  if (const auto found = lane->busy.find(delivery.id); found != lane->busy.end()) found->second.cancelled = true;
  settle(*lane);
}

// ---- Reading the store -------------------------------------------------------------------------------------------

void Dispatcher::refill(Lane& lane) {
  const WebhookId id = lane.webhook()->id;
  const bool is_look = std::exchange(lane.looking, false) && !lane.window.empty();
  DueQuery query =
      lane.window.begin_refill(lane.webhook()->organization, id, clock_.now() + milliseconds(kRetryHorizon),
                               is_look ? kLookRows : kRefillRowsMax);
  const std::uint64_t generation = lane.refill_generation = ++refills_begun_;
  store_.read_due(loop_, query, [self = std::weak_ptr(self_), id, generation](Result<DuePage> page) {
    if (const auto alive = self.lock()) (*alive)->on_refill(id, generation, std::move(page));
  });
}

void Dispatcher::on_refill(WebhookId webhook, std::uint64_t generation, Result<DuePage> page) {
  Lane* lane = find_lane(webhook);
  if (!lane || lane->refill_generation != generation || !lane->window.refilling()) return;
  if (page) {
    const LaneKey from = *lane->window.refilling_from();
    const ReadPoint seen = page->seen;
    lane->window.end_refill(std::move(*page), [&](const PendingDelivery& row) { return is_busy(*lane, row, seen); });
    lane->reads.note(from, seen);
    lane->looked.reset();
    if (from == LaneKey{}) lane->looked = clock_.now();
    if (!lane->enabled()) lane->window.spill();
    for (PendingDelivery& arrival : lane->window.take_waiting()) on_arrival(*lane, std::move(arrival));
  } else {
    lane->window.fail_refill();
    read_later(*lane);
  }
  settle(*lane);
  pump();
}

bool Dispatcher::is_busy(Lane& lane, const PendingDelivery& row, const ReadPoint& seen) {
  if (lane.held.contains(row.id)) return true;
  const auto found = lane.busy.find(row.id);
  if (found == lane.busy.end()) return false;
  Busy& busy = found->second;
  if (seen.is_numbered() && age_of(busy.delivery) < age_of(row)) busy.read_again_from(key_of(row));
  return true;
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
