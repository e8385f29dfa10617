// The leases' calls (ports/leases.h) as statements. Belongs to the store's loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <string>

#include "ports/leases.h"
#include "storage/postgres_queries.h"

namespace eventrelay::postgres_leases {

boost::asio::awaitable<Result<WorkerToken>> join(PgRead call, WorkerId process, std::string name);
boost::asio::awaitable<Result<LeaseView>> renew(PgRead call, WorkerToken token);
boost::asio::awaitable<Result<bool>> fence(PgRead call, WorkerToken token, WorkerId worker, std::uint64_t counter);
boost::asio::awaitable<Result<PartitionSet>> claim(PgRead call, WorkerToken token, PartitionSet wanted);
boost::asio::awaitable<Result<void>> release(PgRead call, WorkerToken token, PartitionSet partitions,
                                             std::vector<HandedDelivery> handed);
boost::asio::awaitable<Result<void>> set_draining(PgRead call, WorkerToken token);
boost::asio::awaitable<Result<void>> leave(PgRead call, WorkerToken token);

}  // namespace eventrelay::postgres_leases
