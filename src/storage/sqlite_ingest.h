// Events and their deliveries into the open transaction. The writer's thread.
#pragma once
#include "ports/store.h"
#include "storage/write_context.h"

namespace eventrelay {

/// All events of the intent with their deliveries, or, for a known idempotency key, its first answer.
/// Errors: as IngestResult's; nothing was written then. Throws SqliteError.
Result<IngestResult> apply_ingest(WriteContext& context, const IngestIntent& intent);

/// One delivery's row and its place in the news. replay_of: nullopt for one that is made with its event.
struct NewDelivery {
  DeliveryId id;
  EventId event;
  WebhookPtr webhook;
  std::int64_t type_id = 0;
  std::int64_t tenant_id = 0;
  WallTime due{};
  std::optional<DeliveryId> replay_of;
  MessagePtr message;
};
void insert_delivery(WriteContext& context, const NewDelivery& delivery);

/// Deletes up to `limit` keys older than that; says how many.
std::int64_t expire_idempotency_keys(WriteContext& context, WallTime before, std::size_t limit);

}  // namespace eventrelay
