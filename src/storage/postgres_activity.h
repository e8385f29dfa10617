// What happens, between processes, in PostgreSQL (ports/activity.h). Belongs to the store's loop; the connection is
// used by nothing else meanwhile.
#pragma once
#include "ports/activity.h"
#include "storage/postgres_queries.h"

namespace eventrelay {

/// Errors: kUnavailable, kTimeout; what was to be added may be there or not.
Awaitable<Result<SharedActivity::Answer>> exchange_activity(PgRead read, SharedActivity::Question question);

}  // namespace eventrelay
