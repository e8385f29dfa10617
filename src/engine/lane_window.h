// What one lane holds in memory, and what it knows of the rest in the store. The part of a lane that must never lose
// or repeat a delivery: every pending row of the webhook is in the window, or busy, or held for a former owner's
// attempt, or at or after `beyond()`, or its news is still to come. One loop's; not thread-safe.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/window_budget.h"
#include "ports/queue.h"
#include "ports/store.h"

namespace eventrelay {

/// A place in a lane. Lanes run in this order; ordered ones strictly.
struct LaneKey {
  WallTime sort_at{};
  DeliveryId id;
  auto operator<=>(const LaneKey&) const = default;
};
inline LaneKey key_of(const PendingDelivery& delivery) {
  return {delivery.sort_at, delivery.id};
}

/// The states of a pending delivery follow each other by this: each attempt's end raises the first part, a person's
/// request for an attempt the second. (A change of the webhook's order moves it too; lanes are then read anew.)
inline std::pair<std::uint32_t, bool> age_of(const PendingDelivery& delivery) {
  return {delivery.attempts, delivery.manual};
}

/// Faults that the simulation plants to prove that it finds them. Never set in the program.
struct LaneFaults {
  bool keep_stale_rows = false;  ///< a refill's answer is taken as it is
  bool forget_overflow = false;  ///< a hand-over past a full window is lost
  bool forget_reads = false;     ///< what a read has seen comes in again
};

class LaneWindow {
 public:
  LaneWindow(WindowBudget& budget, LaneFaults faults) : budget_(budget), faults_(faults) {}
  ~LaneWindow() { clear(); }
  LaneWindow(const LaneWindow&) = delete;
  LaneWindow& operator=(const LaneWindow&) = delete;

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  bool holds(DeliveryId id) const { return ids_.contains(id); }
  /// The first entry; only where !empty().
  const PendingDelivery& front() const { return entries_.begin()->second; }
  PendingDelivery pop_front();

  /// Takes the delivery in, replacing an entry with its id. Where there is no room the last in order leaves to the
  /// store.
  void put(PendingDelivery delivery);
  /// False when the window does not hold it.
  bool erase(DeliveryId id);
  /// Lets go of every entry; they are then beyond.
  void spill();
  /// Lets go of every entry and of what it knows of the store; a refill's answer is of no use any more.
  void forget();

  /// The store may have rows at or after this place that are not in the window; nullopt: it has none.
  const std::optional<LaneKey>& beyond() const { return beyond_; }
  void set_beyond(LaneKey from);

  /// As beyond(), with what an outstanding refill was asked for: rows at or after this place may be missing here.
  std::optional<LaneKey> missing_from() const;
  /// Below half of what it may hold.
  bool wants_more() const;

  // A refill: at most one at a time.
  bool refilling() const { return refilling_.has_value(); }
  /// What to ask for; `beyond` is empty until the answer, but for what is let go meanwhile.
  DueQuery begin_refill(OrganizationId organization, WebhookId webhook, WallTime until,
                        std::size_t rows_max = kRefillRowsMax);
  /// From where the outstanding one was asked; nullopt: there is none.
  const std::optional<LaneKey>& refilling_from() const { return refilling_; }
  /// Keeps news whose place the outstanding refill asked for until it has been answered: who knows whether the answer
  /// has seen them. Where there are too many they are beyond.
  void wait(PendingDelivery delivery);
  void erase_waiting(DeliveryId id);
  /// After end_refill(): what waited, in the order in which it came.
  std::vector<PendingDelivery> take_waiting();
  /// The row was finished, changed by a person, or began an attempt: an answer that was asked for before is stale about
  /// it.
  void touch(DeliveryId id);
  /// Takes the answer's rows in, but those for which `busy` says true. Of a store whose news come whole and in order
  /// also but those held or touched: they are newer here. Of another the newer of the row and the entry is kept, and
  /// what was touched and is not here is beyond: nobody knows which is the newer.
  template <class Busy>
  void end_refill(DuePage page, const Busy& busy);
  /// The answer did not come, or is of no use any more.
  void fail_refill();

 private:
  void clear();
  /// How many more entries it may hold now.
  std::size_t room() const;
  void charge(const PendingDelivery& delivery, bool in);
  static std::size_t payload_bytes(const PendingDelivery& d) { return d.message ? d.message->body.size() : 0; }
  void insert(PendingDelivery delivery);
  void take_shared(PendingDelivery row);

  WindowBudget& budget_;
  LaneFaults faults_;
  std::map<LaneKey, PendingDelivery> entries_;
  std::map<DeliveryId, WallTime> ids_;  ///< where in entries_
  std::size_t payload_bytes_ = 0;
  std::optional<LaneKey> beyond_;
  std::optional<LaneKey> refilling_;  ///< from where the outstanding refill was asked
  PayloadShare refill_payload_;       ///< as much as its answer may bring
  std::set<DeliveryId> touched_;      ///< since it was asked for
  std::vector<std::pair<PendingDelivery, PayloadShare>> waiting_;
};

template <class Busy>
void LaneWindow::end_refill(DuePage page, const Busy& busy) {
  if (page.next_sort_at) {
    LaneKey next{*page.next_sort_at, DeliveryId{}};
    if (!page.rows.empty()) {
      const LaneKey last = key_of(page.rows.back());
      next = std::max(next, LaneKey{last.sort_at, DeliveryId{last.id.value + 1}});
    }
    set_beyond(next);
  }
  refilling_.reset();
  refill_payload_ = {};  // from here on what is taken in counts
  for (auto& row : page.rows) {
    const bool is_busy = busy(std::as_const(row));
    if (page.seen.is_numbered() && !is_busy) {
      take_shared(std::move(row));
      continue;
    }
    const bool stale = is_busy || holds(row.id) || touched_.contains(row.id);
    if (!stale || faults_.keep_stale_rows) put(std::move(row));
  }
  touched_.clear();
}

}  // namespace eventrelay
