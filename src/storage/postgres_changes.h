// Changes by people, jobs' slices and housekeeping on PostgreSQL: each one transaction. Belongs to the store's loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <optional>

#include "ports/store.h"
#include "storage/postgres_transaction.h"

namespace eventrelay {

struct ChangeOutcome {
  Result<ChangeResult> result;
  News news;  ///< empty where the change was refused
};

/// Applies the change and commits, or leaves nothing. The connection is used by nothing else meanwhile.
/// Its audit entry is committed with it. A refusal is an outcome; a fault of the connection or the server is a PgFault:
/// kUnknown where the commit may have been done. A CreateJob's matches are counted before its transaction, for
/// kCountTimeout at most.
boost::asio::awaitable<PgResult<ChangeOutcome>> apply_change(PgConnection& db, ChangeContext context, Change change);

/// What an attempt's end says of its webhook's health (FinishAttempt::health); outcome.result carries the webhook.
boost::asio::awaitable<PgResult<ChangeOutcome>> apply_health(PgConnection& db, ChangeContext context,
                                                             FinishAttemptPtr finish);

}  // namespace eventrelay
