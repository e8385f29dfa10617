// The leases' calls (ports/leases.h) as statements. Belongs to the store's loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <string>

#include "ports/leases.h"
#include "storage/postgres_connection.h"

namespace eventrelay::postgres_leases {

struct Call {
  PgConnection& db;
  PgConnection::Deadline deadline;
};

boost::asio::awaitable<Result<WorkerToken>> join(Call call, WorkerId process, std::string name);
boost::asio::awaitable<Result<LeaseView>> renew(Call call, WorkerToken token);
boost::asio::awaitable<Result<bool>> fence(Call call, WorkerToken token, WorkerId worker, std::uint64_t counter);
boost::asio::awaitable<Result<PartitionSet>> claim(Call call, WorkerToken token, PartitionSet wanted);
boost::asio::awaitable<Result<void>> release(Call call, WorkerToken token, PartitionSet partitions,
                                             std::vector<HandedDelivery> handed);
boost::asio::awaitable<Result<void>> set_draining(Call call, WorkerToken token);
boost::asio::awaitable<Result<void>> leave(Call call, WorkerToken token);

}  // namespace eventrelay::postgres_leases
