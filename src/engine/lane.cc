#include "engine/lane.h"

#include <algorithm>

namespace eventrelay {

namespace {
/// After so many attempts in a row that timed out a lane has one in flight until a success.
constexpr std::uint32_t kTimeoutsUntilNarrow = 3;
/// Less than a change may take to be in force: a lane may wait long for its turn.
constexpr milliseconds kLookHolds{1'000};
/// So long before its time a row is fetched. A read brings all up to the horizon: the next is as far away as this.
constexpr milliseconds kFetchAhead = milliseconds(kRetryHorizon) / 2;
}  // namespace

Lane::Lane(WebhookPtr webhook, WindowBudget& budget, LaneFaults faults)
    : window(budget, faults), reads(faults.forget_reads) {
  failing_since = webhook->failing_since;
  set_webhook(std::move(webhook));
}

void Lane::set_webhook(WebhookPtr webhook) {
  if (!webhook_ || webhook_->spec.url != webhook->spec.url) {
    auto target = parse_target_url(webhook->spec.url);
    target_ = target ? std::make_shared<const TargetUrl>(std::move(*target)) : nullptr;
    timeouts_in_row_ = 0;
  }
  webhook_ = std::move(webhook);
}

std::uint32_t Lane::limit() const {
  if (ordered() || timeouts_in_row_ >= kTimeoutsUntilNarrow) return 1;
  return webhook_->spec.max_in_flight;
}

std::uint32_t Lane::under_way() const {
  const auto elsewhere = std::count_if(held.begin(), held.end(), [&](DeliveryId id) { return !busy.contains(id); });
  return sending + static_cast<std::uint32_t>(elsewhere);
}

std::optional<WallTime> Lane::front_due() const {
  if (window.empty()) return std::nullopt;
  const PendingDelivery& front = window.front();
  const auto missing = window.missing_from();
  // What is missing may go first; while the webhook is disabled nothing of it does.
  if (ordered() && enabled() && missing && *missing <= key_of(front)) return std::nullopt;
  return front.manual ? front.sort_at : std::max(front.sort_at, front.due);
}

bool Lane::can_start(WallTime now) const {
  if (window.empty() || !takes(window.front()) || under_way() >= limit()) return false;
  if (ordered() && !(busy.empty() && held.empty())) return false;  // the one before must be final and committed
  if (ordered() && enabled() && woken && !(looked && now < *looked + kLookHolds)) return false;
  const auto due = front_due();
  return due && *due <= now;
}

bool Lane::wants_look(WallTime now) const {
  if (!woken || window.refilling() || !(busy.empty() && held.empty())) return false;
  return !can_start(now);
}

void Lane::forget_reads() {
  reads.clear();
  woken = looking = false;
  looked.reset();
}

bool Lane::may_go_on(const LaneKey& place) const {
  if (under_way() > limit()) return false;
  if (!ordered() || !enabled()) return true;
  if (!held.empty()) return false;
  const auto missing = window.missing_from();
  return (!missing || place < *missing) && (window.empty() || place < key_of(window.front()));
}

std::optional<WallTime> Lane::next_look(WallTime now) const {
  std::optional<WallTime> next;
  const auto consider = [&](WallTime at) {
    if (at > now) next = next ? std::min(*next, at) : at;
  };
  if (const auto due = front_due(); due && takes(window.front())) consider(*due);
  if (!enabled()) return next;
  if (window.beyond()) consider(window.beyond()->sort_at - kFetchAhead);
  if (woken && looked) consider(*looked + kLookHolds);
  return next;
}

bool Lane::wants_refill(WallTime now) const {
  if (!enabled() || !window.beyond() || window.refilling() || reading_later) return false;
  const LaneKey beyond = *window.beyond();
  if (beyond.sort_at > now + kFetchAhead) return false;
  if (window.empty()) return true;
  if (beyond <= key_of(window.front())) return true;  // what may go first is not here
  return window.wants_more();
}

void Lane::note_outcome(const AttemptOutcome& outcome, bool success) {
  const bool timed_out = outcome.error == AttemptError::kTimeout || outcome.error == AttemptError::kConnectTimeout;
  if (success) timeouts_in_row_ = 0;
  if (!success && timed_out) timeouts_in_row_ += 1;
}

}  // namespace eventrelay
