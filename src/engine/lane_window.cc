#include "engine/lane_window.h"

#include <algorithm>
#include <cassert>

namespace eventrelay {

namespace {
/// A lane with fewer entries gets room whatever the others hold, so that a full budget starves nobody.
constexpr std::size_t kLaneEntriesMin = 2;
/// One refill may ask for this part of the payload bytes that are left, so that several can be under way.
constexpr std::size_t kRefillPart = 4;
/// News that wait for a refill's answer.
constexpr std::size_t kLaneWaitingMax = 64;

std::size_t left(std::size_t most, std::size_t used) {
  return most - std::min(most, used);
}
}  // namespace

PendingDelivery LaneWindow::pop_front() {
  assert(!entries_.empty());
  auto node = entries_.extract(entries_.begin());
  ids_.erase(node.mapped().id);
  charge(node.mapped(), false);
  touch(node.mapped().id);
  return std::move(node.mapped());
}

void LaneWindow::put(PendingDelivery delivery) {
  erase(delivery.id);
  if (room() > 0) {
    insert(std::move(delivery));
    return;
  }
  if (faults_.forget_overflow) return;
  const auto last = entries_.empty() ? entries_.end() : std::prev(entries_.end());
  if (last != entries_.end() && key_of(delivery) < last->first) {
    set_beyond(last->first);
    erase(last->second.id);
    insert(std::move(delivery));
  } else {
    set_beyond(key_of(delivery));
  }
}

bool LaneWindow::erase(DeliveryId id) {
  const auto found = ids_.find(id);
  if (found == ids_.end()) return false;
  const auto entry = entries_.find(LaneKey{found->second, id});
  assert(entry != entries_.end());
  charge(entry->second, false);
  entries_.erase(entry);
  ids_.erase(found);
  return true;
}

void LaneWindow::spill() {
  if (entries_.empty()) return;
  set_beyond(entries_.begin()->first);
  clear();
}

void LaneWindow::forget() {
  clear();
  if (refilling_) fail_refill();
  beyond_.reset();
}

void LaneWindow::set_beyond(LaneKey from) {
  beyond_ = beyond_ ? std::min(*beyond_, from) : from;
}

std::optional<LaneKey> LaneWindow::missing_from() const {
  if (!refilling_ || !beyond_) return refilling_ ? refilling_ : beyond_;
  return std::min(*refilling_, *beyond_);
}

bool LaneWindow::wants_more() const {
  return size() < kLaneEntriesMin || size() < room();
}

DueQuery LaneWindow::begin_refill(OrganizationId organization, WebhookId webhook, WallTime until,
                                  std::size_t rows_max) {
  assert(beyond_ && !refilling_);
  const std::size_t lane_bytes = left(budget_.lane_payload_bytes_max, payload_bytes_);
  const std::size_t bytes = left(budget_.window_payload_bytes_max(), budget_.payload_bytes) / kRefillPart;
  DueQuery query{.organization = organization,
                 .webhook = webhook,
                 .after_sort_at = beyond_->sort_at,
                 .after_id = DeliveryId{beyond_->id.value - 1},
                 .until = until,
                 .limit = std::clamp(room(), kLaneEntriesMin, rows_max),
                 .payload_bytes = std::min(lane_bytes, bytes)};
  refilling_ = beyond_;
  beyond_.reset();
  refill_payload_ = PayloadShare(budget_, query.payload_bytes);
  touched_.clear();
  return query;
}

void LaneWindow::touch(DeliveryId id) {
  if (refilling_) touched_.insert(id);
}

void LaneWindow::fail_refill() {
  assert(refilling_);
  set_beyond(*refilling_);
  refilling_.reset();
  refill_payload_ = {};
  touched_.clear();
  waiting_.clear();  // from where it was asked all is beyond again
}

void LaneWindow::take_shared(PendingDelivery row) {
  const auto entry = ids_.find(row.id);
  if (entry != ids_.end()) {
    const PendingDelivery& held = entries_.at({entry->second, row.id});
    if (age_of(held) < age_of(row) || faults_.keep_stale_rows) put(std::move(row));
  } else if (touched_.contains(row.id) && !faults_.keep_stale_rows) {
    set_beyond(key_of(row));
  } else {
    put(std::move(row));
  }
}

void LaneWindow::wait(PendingDelivery delivery) {
  assert(refilling_ && *refilling_ <= key_of(delivery));
  if (waiting_.size() >= kLaneWaitingMax) return set_beyond(key_of(delivery));
  std::size_t bytes = payload_bytes(delivery);
  if (budget_.payload_bytes + bytes > budget_.window_payload_bytes_max()) {
    delivery.message.reset();
    bytes = 0;
  }
  waiting_.emplace_back(std::move(delivery), PayloadShare(budget_, bytes));
}

void LaneWindow::erase_waiting(DeliveryId id) {
  std::erase_if(waiting_, [&](const auto& waiting) { return waiting.first.id == id; });
}

std::vector<PendingDelivery> LaneWindow::take_waiting() {
  std::vector<PendingDelivery> taken;
  for (auto& [delivery, share] : std::exchange(waiting_, {})) taken.push_back(std::move(delivery));
  return taken;
}

void LaneWindow::clear() {
  for (const auto& [key, delivery] : entries_) charge(delivery, false);
  entries_.clear();
  ids_.clear();
}

std::size_t LaneWindow::room() const {
  const std::size_t any = left(budget_.entries_max / 2, budget_.entries);
  const std::size_t few = std::min(left(budget_.lane_entries_few, size()), left(budget_.entries_max, budget_.entries));
  const std::size_t shared = std::min(left(budget_.lane_entries_max, size()), std::max(any, few));
  return std::max(left(kLaneEntriesMin, size()), shared);
}

void LaneWindow::charge(const PendingDelivery& delivery, bool in) {
  const std::size_t bytes = payload_bytes(delivery);
  if (in) {
    budget_.entries += 1;
    budget_.payload_bytes += bytes;
    payload_bytes_ += bytes;
  } else {
    budget_.entries -= 1;
    budget_.payload_bytes -= bytes;
    payload_bytes_ -= bytes;
  }
}

void LaneWindow::insert(PendingDelivery delivery) {
  const std::size_t bytes = payload_bytes(delivery);
  // The next few keep their payload; what is further back is read again when its turn comes.
  const bool lane_full = size() >= kLaneEntriesMin && payload_bytes_ + bytes > budget_.lane_payload_bytes_max;
  const bool all_full = budget_.payload_bytes + bytes > budget_.window_payload_bytes_max();
  if (lane_full || all_full) delivery.message.reset();
  charge(delivery, true);
  ids_.emplace(delivery.id, delivery.sort_at);
  const LaneKey key = key_of(delivery);
  entries_.emplace(key, std::move(delivery));
}

}  // namespace eventrelay
