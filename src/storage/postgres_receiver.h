// The built-in receiver in tables, for processes that share a store. Belongs to the store's loop; the connection is
// used by nothing else meanwhile.
#pragma once
#include "ports/receiver.h"
#include "storage/postgres_queries.h"

namespace eventrelay::postgres_queries {

// at_ms: the time to take for the server's; unset: the server's.
Awaitable<Result<int>> take_request(PgRead read, std::optional<std::int64_t> at_ms, ReceiverKey key,
                                    ReceivedRequest request);
Awaitable<Result<std::vector<ReceivedRequest>>> list_requests(PgRead read, std::optional<std::int64_t> at_ms,
                                                              ReceiverKey key);
Awaitable<Result<int>> set_answer(PgRead read, std::optional<std::int64_t> at_ms, ReceiverKey key, int status);

}  // namespace eventrelay::postgres_queries
