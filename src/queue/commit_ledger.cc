#include "queue/commit_ledger.h"

namespace eventrelay {

PartitionSet CommitLedger::claim(std::uint64_t commit, PartitionSet partitions) {
  if (commit == 0 || partitions.none()) return partitions;
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = claimed_.try_emplace(commit);
  const PartitionSet given = partitions & ~entry->second;
  entry->second |= partitions;
  if (is_new) {
    order_.push_back(commit);
    if (order_.size() > commits_max_) {
      claimed_.erase(order_.front());
      order_.pop_front();
    }
  }
  return given;
}

}  // namespace eventrelay
