// Jobs: what is done to many deliveries in slices, each slice one transaction with the job's position in it.
// In the open transaction, on the writer's thread, but for what names a Database alone.
#pragma once
#include "ports/store.h"
#include "storage/write_context.h"

namespace eventrelay {

/// What a new job will meet, counted before it is made. Any thread, on its own Database; may throw for its deadline.
struct JobScope {
  std::int64_t total = 0;
  std::int64_t bound = 0;  ///< the last ended_id that was there
};
JobScope count_job(Database& db, const CreateJob& change);
/// Dead deliveries that match. Any thread, as above.
std::int64_t count_dead_rows(Database& db, OrganizationId organization, const DeliveryFilter& filter);
std::int64_t count_pending_rows(Database& db, OrganizationId organization, WebhookId webhook);

JobId insert_job(WriteContext& context, const CreateJob& change, std::int64_t total, std::int64_t bound);
Result<ChangeResult> apply(WriteContext& context, const CreateJob& change, const JobScope& scope);
Result<ChangeResult> apply(WriteContext& context, const AdvanceJob& change);
Result<ChangeResult> apply(WriteContext& context, const CancelJob& change);

}  // namespace eventrelay
