// Leases, as 0002_leases.sql has them.
#include "tests/sim/sim_server.h"

namespace eventrelay {

namespace {
constexpr auto kLockTimeout = milliseconds(250);

Error taken_over() {
  return Error{ErrorCode::kNotOwner, "The worker's lease was taken over", {}};
}
}  // namespace

bool SimServer::holds(WorkerToken token) const {
  const auto found = workers_.find(token.worker);
  return found != workers_.end() && found->second.epoch == token.epoch && !found->second.fenced;
}

bool SimServer::is_held(WorkerId worker) const {
  return std::any_of(open_.begin(), open_.end(),
                     [&](const auto& transaction) { return transaction.second.token.worker == worker; });
}

void SimServer::free_partitions(WorkerId worker) {
  for (WorkerId& owner : owners_)
    if (owner == worker) owner = 0;
}

WorkerToken SimServer::join(ProcessId process) {
  Worker& worker = workers_[process];
  worker.is_worker = true;
  worker.fenced = worker.draining = false;
  worker.epoch += 1;
  worker.counter += 1;
  trace_.note("join", process, worker.epoch);
  return {process, worker.epoch};
}

Result<LeaseView> SimServer::renew(WorkerToken token) {
  if (!holds(token)) return taken_over();
  workers_[token.worker].counter += 1;
  LeaseView view;
  view.at = now();
  std::erase_if(handed_, [&](const auto& handed) { return handed.second.delivery.until < view.at; });
  for (const auto& [id, worker] : workers_)
    if (worker.is_worker && !worker.fenced) view.workers.push_back({id, worker.counter, worker.draining});
  view.owners = owners_;
  for (const auto& [id, handed] : handed_) {
    const auto partition = static_cast<std::size_t>(partition_of(handed.delivery.webhook));
    if (owners_[partition] == token.worker && handed.owner != token.worker) view.handed.push_back(handed.delivery);
  }
  return view;
}

void SimServer::fence(WorkerToken token, WorkerId worker, std::uint64_t counter,
                      std::function<void(Result<bool>)> answer) {
  const auto act = [this, token, worker, counter]() -> Result<bool> {
    if (!is_up()) return Error{ErrorCode::kUnavailable, "down", {}};
    if (!holds(token)) return taken_over();
    Worker& row = workers_[worker];
    if (row.fenced || row.counter != counter) return false;
    row.fenced = true;
    free_partitions(worker);
    trace_.note("fenced", worker, token.worker);
    return true;
  };
  const bool ends_connections = fault_ != SimFault::kKeepConnections;
  if (!is_held(worker) || fault_ == SimFault::kNoFencing) {
    const Result<bool> fenced = act();
    if (fenced && *fenced && ends_connections && fault_ != SimFault::kNoFencing) end_connections(worker);
    return answer(fenced);
  }
  // A commit of its own holds its row: what a stopped process has half sent does so until its connection ends.
  time_.at(time_.now() + kLockTimeout, [this, worker, act, ends_connections, answer = std::move(answer)] {
    if (is_held(worker) && !ends_connections)
      return answer(Error{ErrorCode::kUnavailable, "The worker's row stays locked", {}});
    if (is_held(worker)) end_connections(worker);
    const Result<bool> fenced = act();
    if (fenced && *fenced && ends_connections) end_connections(worker);
    answer(fenced);
  });
}

Result<PartitionSet> SimServer::claim(WorkerToken token, const PartitionSet& wanted) {
  if (!holds(token)) return taken_over();
  PartitionSet taken;
  for (std::size_t p = 0; p < kPartitions; ++p) {
    if (!wanted.test(p) || owners_[p] != 0) continue;
    owners_[p] = token.worker;
    taken.set(p);
  }
  trace_.note("claim", token.worker, static_cast<std::int64_t>(taken.count()));
  return taken;
}

Result<void> SimServer::release(WorkerToken token, const PartitionSet& partitions,
                                const std::vector<HandedDelivery>& handed) {
  if (!holds(token)) return taken_over();
  for (const HandedDelivery& one : handed) {
    const auto found = database_.deliveries().find(one.delivery);
    if (found == database_.deliveries().end() || fault_ == SimFault::kForgetHanded) continue;
    if (found->second.row.attempts + 1 == one.number) handed_[one.delivery] = {token.worker, one};
  }
  for (std::size_t p = 0; p < kPartitions; ++p)
    if (partitions.test(p) && owners_[p] == token.worker) owners_[p] = 0;
  trace_.note("release", token.worker, static_cast<std::int64_t>(partitions.count()),
              static_cast<std::int64_t>(handed.size()));
  return {};
}

Result<void> SimServer::set_draining(WorkerToken token) {
  if (!holds(token)) return taken_over();
  workers_[token.worker].draining = true;
  return {};
}

Result<void> SimServer::leave(WorkerToken token) {
  if (!holds(token)) return taken_over();
  free_partitions(token.worker);
  workers_[token.worker].is_worker = false;
  return {};
}

}  // namespace eventrelay
