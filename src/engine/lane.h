// One webhook's lane: its window, what it has under way, and when it may send next. Data and decisions only; the
// dispatcher acts on them and keeps it in one of its queues while it may send. One loop's; not thread-safe.
#pragma once
#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/lane_reads.h"
#include "ports/transport.h"

namespace eventrelay {

/// A delivery between leaving the window and the commit of its attempt's end.
struct Busy {
  enum class Stage { kLoading, kSending, kCommitting };
  PendingDelivery delivery;
  PayloadShare payload{};  ///< until the attempt has ended
  WorkerToken token{};     ///< the worker's when it was sent
  SteadyTime ends{};       ///< once it is sent: the attempt's own deadline
  Stage stage = Stage::kSending;
  bool cancelled = false;  ///< by a person, meanwhile
  /// Changed by a person meanwhile: what is committed at the end is read again, from this place at the latest.
  std::optional<LaneKey> reread{};
  /// Notes such a change, or another reason to read from there.
  void read_again_from(const LaneKey& key) { reread = std::min(reread.value_or(key), key); }
  bool handed = false;        ///< its partition was given away meanwhile
  FinishAttemptPtr finish{};  ///< from kCommitting on
};

class Lane : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Lane(WebhookPtr webhook, WindowBudget& budget, LaneFaults faults);

  const WebhookPtr& webhook() const { return webhook_; }
  void set_webhook(WebhookPtr webhook);
  const std::shared_ptr<const TargetUrl>& target() const { return target_; }
  bool ordered() const { return webhook_->spec.ordered; }
  /// May anything of it begin?
  bool enabled() const { return webhook_->spec.enabled && !webhook_->deleted && !leaving; }
  /// May this begin? While the webhook is disabled the window holds nothing else.
  bool takes(const PendingDelivery& delivery) const {
    return enabled() || (delivery.is_test && !webhook_->deleted && !leaving);
  }

  LaneWindow window;
  LaneReads reads;
  std::map<DeliveryId, Busy> busy;
  std::set<DeliveryId> held;  ///< under way at a former owner: nobody sends them here; some may be busy here too
  bool leaving = false;       ///< its partition was given away: it ends with the last that is busy
  std::uint32_t sending = 0;  ///< busy ones in kLoading or kSending: what counts against max_in_flight
  std::optional<WallTime> failing_since;
  bool failing_untold = false;     ///< the store does not know failing_since, or may not
  std::optional<SteadyTime> wake;  ///< in the dispatcher's set of wake-ups
  std::size_t queue = 0;           ///< while linked: which of the dispatcher's
  // Ordered, on a store that several processes share, where what is to go next may come in late.
  bool woken = false;  ///< something may have come before what it holds: it looks before the next is sent
  /// When the last look was answered: one may go for kLookHolds, whatever has woken the lane again meanwhile.
  std::optional<WallTime> looked{};
  bool looking = false;                 ///< the next refill is a look: it need not bring many
  bool looks_again = false;             ///< a look is under way while the lane waits for its turn: it keeps its place
  bool reading_later = false;           ///< a read of the store failed and is tried again in a while
  std::uint64_t refill_generation = 0;  ///< of the refill whose answer counts; 0: none

  /// May the front be sent now? Not counting the process's cap.
  bool can_start(WallTime now) const;
  /// May what has been started, and waited for its payload, still be sent? Not where fewer are allowed by now, or where
  /// order was asked for and something before this place has come.
  bool may_go_on(const LaneKey& place) const;
  /// The next time after `now` at which the passing of time alone changes what may be sent or read; nullopt: none.
  std::optional<WallTime> next_look(WallTime now) const;
  /// Should the store be read now?
  bool wants_refill(WallTime now) const;
  /// Is it time for a look? Not before the one under way is final: what comes until then is seen by the same look.
  bool wants_look(WallTime now) const;
  /// What it knows of the store holds no more.
  void forget_reads();
  /// Learns from an attempt's end: what fell to a time-out again and again gets one at a time.
  void note_outcome(const AttemptOutcome& outcome, bool success);

 private:
  std::uint32_t limit() const;
  /// What counts against the limit: here and at former owners.
  std::uint32_t under_way() const;
  /// When the front is due; only where the window has one that may be sent before what is in the store.
  std::optional<WallTime> front_due() const;

  WebhookPtr webhook_;
  std::shared_ptr<const TargetUrl> target_;
  std::uint32_t timeouts_in_row_ = 0;
};

}  // namespace eventrelay
