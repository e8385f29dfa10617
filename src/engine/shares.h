// How the partitions are shared among the workers of a store: as evenly as possible, by the same sum at each worker.
// Pure functions; any thread.
#pragma once
#include <set>

#include "ports/leases.h"

namespace eventrelay {

/// A worker's share grows by so many at a time: a newcomer has cold connections and everything to read.
inline constexpr std::size_t kShareStep = 64;

/// How many partitions the worker should have: all but the draining share, the first of them what is left over.
std::size_t share_of(const LeaseView& view, WorkerId worker);
PartitionSet owned_by(const LeaseView& view, WorkerId worker);

/// Of nobody's partitions those that this worker should take now: up to its share, at most kShareStep.
PartitionSet to_claim(const LeaseView& view, WorkerId me);

/// What this worker has beyond its share and should give away now: no more than workers below theirs can take next, and
/// nothing while what is nobody's is enough for them. silent: workers that seem dead; nothing is freed for them.
PartitionSet to_release(const LeaseView& view, WorkerId me, const std::set<WorkerId>& silent);

}  // namespace eventrelay
