// What the people and the network of the simulation tell: who sees it checks promises (Witness of one process,
// ClusterWitness of several). Single-threaded.
#pragma once
#include <string>

#include "ports/store.h"
#include "ports/transport.h"

namespace eventrelay {

class Onlooker {
 public:
  virtual ~Onlooker() = default;
  /// A promise is broken. The first is kept.
  virtual void fail(std::string what) = 0;
  /// sender: a loop, as the world numbers them. Returns the delivery's id.
  virtual DeliveryId on_send(std::size_t sender, const OutboundRequest& request) = 0;
  /// What has begun is written now, or is not written after all. Only where there are leases.
  virtual void on_written(std::size_t, DeliveryId) {}
  virtual void on_withheld(std::size_t, DeliveryId) {}
  virtual void on_outcome(std::size_t sender, DeliveryId id, const AttemptOutcome& outcome) = 0;
  virtual void on_event_answered(const IngestedEvent& event) = 0;
};

/// A process as people see it: they come in at one of its loops.
class Door {
 public:
  virtual ~Door() = default;
  virtual std::size_t loops() const = 0;
  virtual EventLoop& loop(std::size_t index) = 0;
  virtual Store& store() = 0;
  virtual void accept(std::size_t loop, std::vector<NewEvent> events, std::optional<IdempotencyClaim> claim,
                      Completion<Result<IngestResult>> done) = 0;
};

}  // namespace eventrelay
