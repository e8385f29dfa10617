// Webhooks' rows, and what people change about them. Reading rows: any thread with its own Database; the rest in the
// open transaction, on the writer's thread.
#pragma once
#include <string>

#include "ports/store.h"
#include "storage/write_context.h"

namespace eventrelay {

/// The columns that read_webhook expects, from the first on.
#define EVENTRELAY_WEBHOOK_COLUMNS                                                                               \
  "id, organization_id, url, tenant, description, event_types, headers, ordered, max_in_flight, timeout_ms, retry," \
  " enabled, secret, old_secret, old_secret_until_ms, disabled_reason, failing_since_ms, deleted, updated_at_ms"

WebhookPtr read_webhook(const Query& query);
/// Writes the row, new or not, and makes it the truth.
WebhookPtr store_webhook(WriteContext& context, Webhook webhook);

Result<ChangeResult> apply(WriteContext& context, const CreateWebhook& change);
Result<ChangeResult> apply(WriteContext& context, const UpdateWebhook& change);
Result<ChangeResult> apply(WriteContext& context, const RotateSecret& change);
/// pending: how many deliveries wait for it, as far as counted.
Result<ChangeResult> apply(WriteContext& context, const DeleteWebhook& change, std::int64_t pending);

}  // namespace eventrelay
