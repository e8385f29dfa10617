// This process among the workers of a shared store: joins them, renews its lease, takes partitions and gives them away,
// fences who has stopped. Drives ports/leases.h from one loop and the engines of all loops by posts.
// Belongs to its loop's thread; the feed and the follower are on the same loop.
//
// Nobody's wall clock counts. The lease is valid by this process's own boot clock from when the renewal was asked for;
// that somebody else has stopped is known by a counter that stands for a whole period on this process's steady clock,
// over reads that succeeded one after the other: an outage of the store, or a stop of this process, begins it anew.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/metrics.h"
#include "engine/all_loops.h"
#include "engine/shares.h"
#include "ports/leases.h"

namespace eventrelay {

/// Partitions that a draining worker gives away are found with the next renewal: no webhook shall pause for a second.
inline constexpr auto kRenewEvery = std::chrono::milliseconds(500);
/// A draining worker that does not reach the store tries for so long to give its partitions away.
inline constexpr auto kGiveAwayTime = std::chrono::seconds(3);
/// So long before kLeasePeriod is over it begins nothing more by itself.
inline constexpr auto kLeaseMargin = std::chrono::seconds(1);

struct MembershipHooks {
  /// Follows the news of these partitions from here on, and of no others; then runs the function on this loop: what is
  /// committed from then on will be heard of, and the catalog has what was committed before (Follower::follow).
  std::function<void(const PartitionSet&, std::function<void()>)> follow;
  /// The partitions that the engines work on, whenever they change: after they were told of new ones, before they are
  /// told of lost ones.
  std::function<void(const PartitionSet&)> changed;
};

class Membership {
 public:
  Membership(EventLoop& loop, Leases& leases, std::vector<LoopEngine> engines, MembershipHooks hooks, Metrics& metrics);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  /// Once. Joins and takes its share, again and again.
  void start();
  /// Once. Nothing more begins: gives every partition away with what is under way, waits for its end on all engines,
  /// leaves. It takes as long as the store does not answer. `done` runs on this loop.
  void drain(Completion<> done);

  const PartitionSet& owned() const { return owned_; }
  bool joined() const { return static_cast<bool>(token_); }

 private:
  struct Asked {
    SteadyTime at{};       ///< of the steady clock
    SteadyTime boot_at{};  ///< of the boot clock
    std::uint64_t changes = 0;
  };
  struct Seen {
    std::uint64_t counter = 0;
    SteadyTime since{};
  };
  /// Runs with the answer, unless this is gone or was fenced since.
  template <class T, class Then>
  Completion<Result<T>> answer(Then then);

  void tick();
  void join();
  void renew_soon();
  void call_roll();
  void renew();
  void on_view(Asked asked, Result<LeaseView> view);
  void take_in(Asked asked, const LeaseView& view);
  void observe(const LeaseView& view);
  /// How long its counter is known to have stood.
  std::chrono::microseconds stood_for(Asked asked, WorkerId worker) const;
  void balance(Asked asked, const LeaseView& view);
  void fence(WorkerId worker, std::uint64_t counter);
  void claim(const PartitionSet& wanted);
  void gain(const PartitionSet& found);
  void release(const PartitionSet& given);
  void submit_release(const PartitionSet& given, std::vector<HandedDelivery> handed);
  /// A change of who owns what has been answered; false when this worker turned out to be fenced.
  bool settle_change(bool not_owner);
  void fenced();
  void stop_working(const PartitionSet& lost);
  void stop_all();
  void show();
  void show_owned();  ///< as a metric: none while the lease has lapsed
  void tell_of_drain();
  void go_on_draining(const LeaseView& view);
  void wait_for_engines();
  void leave();

  EventLoop& loop_;
  Leases& leases_;
  const std::vector<LoopEngine> engines_;
  const MembershipHooks hooks_;
  Metrics& metrics_;
  std::unique_ptr<Alarm> alarm_;

  WorkerToken token_;
  SteadyTime valid_until_{};  ///< of the boot clock: the lease, as last renewed
  std::uint64_t round_ = 0;   ///< of the token: answers to what an older one asked are of no use
  bool joining_ = false;
  bool join_failed_ = false;  ///< and that was said
  bool calling_roll_ = false;
  bool renewing_ = false;
  bool renew_again_ = false;
  std::uint64_t changes_ = 0;  ///< of ownership, answered: a view that was asked for before is outdated
  int changing_ = 0;           ///< asked for and not answered

  PartitionSet owned_;                  ///< the engines work on them
  PartitionSet gaining_;                ///< the worker's, not the engines' yet
  PartitionSet releasing_;              ///< the engines' no more, but the worker's still
  std::vector<HandedDelivery> handed_;  ///< as last read, by this process's wall clock
  milliseconds store_ahead_{0};         ///< the store's clock less this process's wall clock
  std::map<WorkerId, Seen> seen_;
  std::optional<SteadyTime> read_at_;

  bool draining_ = false;
  SteadyTime drain_begun_{};
  bool told_of_drain_ = false;  ///< others count without this worker
  bool waiting_for_engines_ = false;
  Completion<> drained_;
  std::shared_ptr<Membership*> self_;
};

}  // namespace eventrelay
