// Who owns which partitions, where several workers share a store. Implementations: PostgreSQL, the simulation's.
// Thread-safe; never blocks; completions run on the loop that was named.
//
// A lease carries no clock: the owner raises a counter, and who wants to take over must itself have read it unchanged
// for kLeasePeriod on its own steady clock, over reads that succeeded. Taking over fences the worker (its token is
// refused from then on) before anything of it is read.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "base/completion.h"
#include "base/result.h"
#include "domain/webhook.h"
#include "ports/event_loop.h"

namespace eventrelay {

/// A worker whose counter has stood so long is fenced.
inline constexpr auto kLeasePeriod = std::chrono::seconds(6);

using WorkerId = std::int64_t;  ///< 0: nobody

/// A worker's right to complete what it sends. A new one at each join.
struct WorkerToken {
  WorkerId worker = 0;
  std::int64_t epoch = 0;
  explicit operator bool() const { return worker != 0; }
  bool operator==(const WorkerToken&) const = default;
};

/// A delivery that its partition's former owner has under way: nobody else sends it before it is final, or `until`.
struct HandedDelivery {
  WebhookId webhook;
  DeliveryId delivery;
  WallTime until{};
  std::uint32_t number = 0;  ///< the attempt's: a delivery that has had as many is not under way any more
};

struct WorkerView {
  WorkerId worker = 0;
  std::uint64_t counter = 0;
  bool draining = false;  ///< takes no partitions, gives its own away
};

struct LeaseView {
  WallTime at{};                               ///< the store's clock
  std::vector<WorkerView> workers;             ///< that joined and are not fenced; ascending
  std::array<WorkerId, kPartitions> owners{};  ///< 0: nobody
  std::vector<HandedDelivery> handed;          ///< of the asking worker's partitions, under way at former owners
};

class Leases {
 public:
  virtual ~Leases() = default;

  virtual void join(EventLoop& loop, Completion<Result<WorkerToken>> done) = 0;
  /// Raises the counter and reads everybody's. kNotOwner: the token is fenced; join again.
  virtual void renew(EventLoop& loop, WorkerToken token, Completion<Result<LeaseView>> done) = 0;
  /// Fences the worker where its counter is still that, ends what its connections hold, and frees its partitions.
  /// False: it has moved on, or somebody else was first.
  virtual void fence(EventLoop& loop, WorkerToken token, WorkerId worker, std::uint64_t counter,
                     Completion<Result<bool>> done) = 0;
  /// Takes those of the wanted that nobody owns; gives what was taken.
  virtual void claim(EventLoop& loop, WorkerToken token, PartitionSet wanted,
                     Completion<Result<PartitionSet>> done) = 0;
  /// Gives the partitions away, with what is under way in them: the token stays good for its completion.
  virtual void release(EventLoop& loop, WorkerToken token, PartitionSet partitions, std::vector<HandedDelivery> handed,
                       Completion<Result<void>> done) = 0;
  /// Says that this worker takes no more partitions.
  virtual void set_draining(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) = 0;
  /// The end of a worker that owns nothing and has nothing under way.
  virtual void leave(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) = 0;
};

}  // namespace eventrelay
