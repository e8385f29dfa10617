#include "engine/lane_reads.h"

#include <algorithm>
#include <utility>

namespace eventrelay {

namespace {
/// More than that many are forgotten, the oldest first: late news that only they saw are then sent again.
constexpr std::size_t kReadsKept = 8;
}  // namespace

void LaneReads::note(const LaneKey& from, ReadPoint seen) {
  if (!seen.is_numbered() || forgets_) return;
  std::erase_if(reads_, [&](const Read& older) { return from <= older.from; });
  reads_.push_front({from, std::move(seen)});
  if (reads_.size() > kReadsKept) reads_.pop_back();
}

bool LaneReads::saw(const LaneKey& key, std::uint64_t commit) const {
  return std::any_of(reads_.begin(), reads_.end(),
                     [&](const Read& read) { return key >= read.from && read.seen.sees(commit); });
}

}  // namespace eventrelay
