// Takes events in: matches them against this loop's webhooks and hands them to the store as one intent.
// Belongs to its loop's thread.
#pragma once
#include <optional>
#include <vector>

#include "base/completion.h"
#include "engine/catalog.h"
#include "ports/event_loop.h"
#include "ports/store.h"

namespace eventrelay {

class Intake {
 public:
  Intake(EventLoop& loop, Store& store, const LoopCatalog& catalog) : loop_(loop), store_(store), catalog_(catalog) {}

  /// events: valid, 1..kBatchEventsMax, `targets` empty. The completion runs on this loop once the events and their
  /// deliveries are on disk, or says why not; errors as Store::ingest, and kTooLarge before anything is submitted.
  void accept(OrganizationId organization, std::vector<NewEvent> events, std::optional<IdempotencyClaim> key,
              Completion<Result<IngestResult>> done);

 private:
  EventLoop& loop_;
  Store& store_;
  const LoopCatalog& catalog_;
};

}  // namespace eventrelay
