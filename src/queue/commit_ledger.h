// Which parts of which commits this process has taken in already. News of one commit come by several ways (its own
// process, a stream, the commit log); who claims a partition of it first delivers it, and nobody else does.
// Thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "domain/webhook.h"

namespace eventrelay {

inline constexpr std::size_t kLedgerCommitsMax = 200'000;

class CommitLedger {
 public:
  explicit CommitLedger(std::size_t commits_max = kLedgerCommitsMax) : commits_max_(commits_max) {}

  /// Those of the partitions that nobody has claimed for that commit; they are the caller's from now on. Of a commit
  /// that is long past, or that has no number (0), all are given.
  PartitionSet claim(std::uint64_t commit, PartitionSet partitions);

 private:
  const std::size_t commits_max_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, PartitionSet> claimed_;
  std::deque<std::uint64_t> order_;  ///< of their first claims
};

}  // namespace eventrelay
