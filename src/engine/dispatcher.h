// The lanes of one event loop: which delivery is sent when, what its outcome means, what is read from the store.
// Deterministic: time, chance, store and transport come in through ports. Belongs to its loop's thread.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/metrics.h"
#include "engine/catalog.h"
#include "engine/gauge_part.h"
#include "engine/lane.h"
#include "engine/wall_clock.h"
#include "ports/leases.h"
#include "ports/store.h"
#include "ports/transport.h"

namespace eventrelay {

struct DispatcherOptions {
  int loop_index = 0;
  int loop_count = 1;
  std::size_t in_flight_max = 1'024;  ///< attempts under way, of this loop
  WindowBudget window;                ///< bounds, of this loop
  LaneFaults faults;
};

class Dispatcher {
 public:
  /// catalog: has every webhook before the dispatcher hears of it.
  Dispatcher(DispatcherOptions options, EventLoop& loop, Store& store, Transport& transport, const LoopCatalog& catalog,
             Metrics& metrics);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // ---- Partitions. It begins with none; where there is one process alone it is given all, once.
  /// From here on the lanes of those that are this loop's (partition modulo loop_count) are its own. Finds what the
  /// store has in them, slice by slice. handed: as set_handed(), of these. They may have been its own before.
  void own(const PartitionSet& gained, const std::vector<HandedDelivery>& handed);
  /// Nothing more begins in them, and news of them is dropped. What is sent goes on and is committed.
  void disown(const PartitionSet& lost);
  /// What is sent in these and not committed, each with the time by which it is: its attempt's deadline, or now where
  /// it has ended, and a margin for the commit. After disown(): that is then all there will be.
  std::vector<HandedDelivery> under_way(const PartitionSet& partitions) const;
  /// All that former owners have under way in its partitions, the whole list each time. Those are as if busy: sent by
  /// nobody here, and ordered lanes wait for them, until they are listed no more or their time is over; their lanes
  /// then read the store from its start. `until` is by this loop's wall clock.
  void set_handed(const std::vector<HandedDelivery>& handed);
  /// Nothing begins at or after that time (EventLoop::boot_now), and what has begun is not written any more; what
  /// begins until then is committed under that token, whenever it ends. Until the first call there is no limit.
  void set_lease(WorkerToken token, SteadyTime valid_until);
  /// News of these may have been lost: finds what the store has in them, as own() does. Where that is being done, it is
  /// done to its end and then once more: were each loss to begin it anew, it might never come to its later slices.
  void rescan(const PartitionSet& partitions);

  // News of commits, in commit order.
  /// That time has come, whatever the wall clock says: the store's times only rise.
  void observe(WallTime committed_at) { clock_.observe(committed_at); }
  void on_webhook(const WebhookPtr& webhook);
  void on_pending(PendingDelivery delivery);
  void on_cancelled(DeliveryRef delivery);
  /// After a batch of the above: starts what may start.
  void pump();

  /// Nothing new begins. `done` runs once every attempt under way has ended and is committed; their own deadlines
  /// bound it, but for a store that does not answer.
  void drain(Completion<> done);

  std::size_t in_flight() const { return in_flight_; }
  const WindowBudget& window() const { return options_.window; }

 private:
  using Queue = boost::intrusive::list<Lane, boost::intrusive::constant_time_size<false>>;

  using HandedKey = std::pair<WebhookId, DeliveryId>;

  bool owns(WebhookId id) const;
  bool is_scanned(WebhookId id) const;
  Lane* find_lane(WebhookId id);
  /// The webhook's lane, made where there is none yet; nullptr when the webhook is gone.
  Lane* lane_of(WebhookId id);
  /// nullptr when the webhook is gone or another loop's. Nothing is known of what the store holds for it.
  Lane* make_lane(WebhookId id);
  /// News of a store that several processes share: they may come late, twice and out of order (see LaneReads).
  void on_arrival(Lane& lane, PendingDelivery delivery);
  /// Where a pending delivery that is not busy belongs: in the window, or in the store alone.
  void place(Lane& lane, PendingDelivery delivery);
  /// After any change to the lane: reads the store, queues it, sets its wake-up, or ends it. The reference may dangle
  /// then.
  void settle(Lane& lane);
  void set_wake(Lane& lane, std::optional<WallTime> at);
  void on_alarm();
  void set_alarm();

  void settle_all(const PartitionSet& partitions);
  /// note_handed_end() is to follow, once after many.
  void hold(const HandedDelivery& delivery);
  void let_go(const HandedKey& key);
  void end_handed(SteadyTime now);
  void note_handed_end();

  void begin_scan(const PartitionSet& partitions);
  void cut_scans(const PartitionSet& partitions);
  void scan_lanes(std::uint64_t scan, WebhookId after);
  void on_lanes(std::uint64_t scan, Result<LanePage> page, WebhookId after);
  void retry_later(std::function<void()> task);
  /// A read for the lane failed: until it may be made again, none is.
  void read_later(Lane& lane);
  void refill(Lane& lane);
  /// Does the row belong to an attempt under way, here or at a former owner? Notes where it is newer than that.
  bool is_busy(Lane& lane, const PendingDelivery& row, const ReadPoint& seen);
  void on_refill(WebhookId webhook, std::uint64_t generation, Result<DuePage> page);

  /// Does the lease allow it?
  bool may_begin() const;
  /// The next lane whose turn it is; nullptr when none may start anything now.
  Lane* next_lane();
  void start_front(Lane& lane);
  /// What has begun is not to be sent after all, and has left no trace: it is in the window, or in the store alone,
  /// and found there when its time comes. known: nothing has happened to it meanwhile.
  void take_back(Lane& lane, DeliveryId delivery, bool known);
  void send(Lane& lane, Busy& busy);
  void on_message(WebhookId webhook, DeliveryId delivery, Result<std::vector<MessagePtr>> messages);
  void on_outcome(WebhookId webhook, DeliveryId delivery, AttemptOutcome outcome);
  void submit(WebhookId webhook, DeliveryId delivery, FinishAttemptPtr finish);
  void submit_again(WebhookId webhook, DeliveryId delivery);
  void on_committed(WebhookId webhook, DeliveryId delivery, Result<FinishResult> result);
  void check_drained();

  DispatcherOptions options_;
  EventLoop& loop_;
  Store& store_;
  Transport& transport_;
  const LoopCatalog& catalog_;
  Metrics& metrics_;
  GaugePart attempts_gauge_;
  GaugePart entries_gauge_;
  SteadyWallClock clock_;
  std::unique_ptr<Alarm> alarm_;

  /// Lanes that may send, in turn: first those with nothing under way, then those with one, then the others.
  std::array<Queue, 3> queues_;
  std::map<WebhookId, std::unique_ptr<Lane>> lanes_;
  std::set<std::pair<SteadyTime, WebhookId>> wakes_;
  std::multimap<SteadyTime, std::function<void()>> retries_;  ///< of reads and commits that did not go through
  std::size_t in_flight_ = 0;
  std::size_t uncommitted_ = 0;
  bool store_fails_ = false;  ///< the last end of an attempt was not committed; it is submitted again, and so shows
                              ///< when the store works
  PartitionSet of_loop_;      ///< that can be this loop's
  PartitionSet owned_;
  PartitionSet scanned_;  ///< of these what the store has is known: in a lane, or beyond it
  struct Scan {
    PartitionSet partitions;                  ///< that it still counts for
    PartitionSet again{};                     ///< of these, to be scanned once more
    std::shared_ptr<const ReadPoint> seen{};  ///< by its first slice, and so by all
  };
  std::map<std::uint64_t, Scan> scans_;                                  ///< under way
  std::array<std::shared_ptr<const ReadPoint>, kPartitions> scan_seen_;  ///< nullptr where the store numbers nothing
  std::uint64_t scans_begun_ = 0;
  std::uint64_t refills_begun_ = 0;
  std::set<WebhookId> unknown_;  ///< the store has rows for them, the catalog not yet (or, where deleted, no more)
  std::map<HandedKey, SteadyTime> handed_;  ///< under way at former owners, until then at the latest
  std::optional<SteadyTime> next_handed_end_;
  /// Of one token, moved on by each renewal: what began under another does not become allowed again.
  struct Lease {
    WorkerToken token;
    SteadyTime valid_until{};
  };
  std::shared_ptr<Lease> lease_;  ///< nullptr: no limit
  bool refused_ = false;          ///< an end was refused: until the lease is renewed all may be
  bool draining_ = false;
  Completion<> drained_;
  std::shared_ptr<Dispatcher*> self_;  ///< answers that come after the end find it gone
};

}  // namespace eventrelay
