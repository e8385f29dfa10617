// News that other processes handed over: the fast way, which may lose, repeat and delay; the commit log finds the rest.
// Implementations: Redis streams, the simulation's. Belongs to one event loop's thread.
#pragma once
#include <cstdint>
#include <functional>

#include "domain/webhook.h"
#include "ports/queue.h"

namespace eventrelay {

/// One commit's news for one partition. news.commit: its transaction. pending without a message: the payload was too
/// large to hand over.
struct Arrival {
  int partition = 0;
  News news;
  /// The entry was of a later format or held ids alone: read the commit from the store.
  bool is_gap = false;
};

class Feed {
 public:
  virtual ~Feed() = default;
  /// Where arrivals go, on the loop's thread. Once, before follow().
  virtual void listen(std::function<void(Arrival)> sink) = 0;
  /// Follows these partitions from here on, and no others; those followed before go on where they are. `noted` runs on
  /// the loop when the ends of the new ones' streams are known: what is committed from then on arrives. It runs with
  /// false, at once, while the feed cannot be reached: the commit log is then the only way.
  virtual void follow(const PartitionSet& partitions, std::function<void(bool)> noted) = 0;
  /// False while it cannot be reached: then the commit log is read without waiting for arrivals.
  virtual bool is_up() const = 0;
};

}  // namespace eventrelay
