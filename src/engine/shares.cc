#include "engine/shares.h"

#include <algorithm>

namespace eventrelay {

namespace {

constexpr std::size_t kAll = kPartitions;

std::vector<WorkerId> sharers(const LeaseView& view) {
  std::vector<WorkerId> ids;
  for (const WorkerView& worker : view.workers)
    if (!worker.draining) ids.push_back(worker.worker);
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// A worker's place among those that share; their number where it is none of them.
std::size_t place_of(const std::vector<WorkerId>& ids, WorkerId worker) {
  return static_cast<std::size_t>(std::find(ids.begin(), ids.end(), worker) - ids.begin());
}

/// Each has its own beginning, so that two that claim at a time seldom want the same.
std::size_t home_of(const std::vector<WorkerId>& ids, WorkerId worker) {
  return ids.empty() ? 0 : place_of(ids, worker) * kAll / ids.size() % kAll;
}

}  // namespace

std::size_t share_of(const LeaseView& view, WorkerId worker) {
  const std::vector<WorkerId> ids = sharers(view);
  const std::size_t place = place_of(ids, worker);
  if (place == ids.size()) return 0;
  return kAll / ids.size() + (place < kAll % ids.size() ? 1 : 0);
}

PartitionSet owned_by(const LeaseView& view, WorkerId worker) {
  PartitionSet owned;
  for (std::size_t p = 0; p < kAll; ++p)
    if (view.owners[p] == worker) owned.set(p);
  return owned;
}

PartitionSet to_claim(const LeaseView& view, WorkerId me) {
  const std::size_t share = share_of(view, me);
  const std::size_t owned = owned_by(view, me).count();
  std::size_t left = share > owned ? std::min(share - owned, kShareStep) : 0;
  const std::size_t home = home_of(sharers(view), me);
  PartitionSet wanted;
  for (std::size_t i = 0; i < kAll && left > 0; ++i) {
    const std::size_t p = (home + i) % kAll;
    if (view.owners[p] != 0) continue;
    wanted.set(p);
    left -= 1;
  }
  return wanted;
}

PartitionSet to_release(const LeaseView& view, WorkerId me, const std::set<WorkerId>& silent) {
  const PartitionSet owned = owned_by(view, me);
  const std::size_t share = share_of(view, me);
  if (owned.count() <= share) return {};
  std::size_t wanted = 0;
  const std::vector<WorkerId> ids = sharers(view);
  for (const WorkerId other : ids) {
    const std::size_t has = owned_by(view, other).count();
    const std::size_t due = share_of(view, other);
    if (has < due && !silent.contains(other)) wanted += std::min(due - has, kShareStep);
  }
  const std::size_t free = owned_by(view, 0).count();
  std::size_t left = std::min(owned.count() - share, wanted > free ? wanted - free : 0);
  const std::size_t home = home_of(ids, me);
  PartitionSet given;
  // What is farthest from where it claims goes first.
  for (std::size_t i = kAll; i-- > 0 && left > 0;) {
    const std::size_t p = (home + i) % kAll;
    if (!owned.test(p)) continue;
    given.set(p);
    left -= 1;
  }
  return given;
}

}  // namespace eventrelay
