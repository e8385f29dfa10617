#include "engine/lane_reads.h"

#include <algorithm>
#include <utility>

namespace eventrelay {

namespace {
/// More than that many are forgotten, the oldest first: late news that they may have seen are read again.
constexpr std::size_t kReadsKept = 8;
}  // namespace

void LaneReads::note(const LaneKey& from, ReadPoint seen) {
  if (!seen.is_numbered() || forgets_) return;
  const auto covered = [&](const Read& by) { return by.from <= from && by.seen.covers(seen); };
  if (std::any_of(reads_.begin(), reads_.end(), covered)) return;
  std::erase_if(reads_, [&](const Read& older) { return from <= older.from && seen.covers(older.seen); });
  if (forgotten_ && from <= forgotten_->from && seen.covers(forgotten_->seen)) forgotten_.reset();
  reads_.push_front({from, std::move(seen)});
  if (reads_.size() <= kReadsKept) return;
  const Read& oldest = reads_.back();
  if (!forgotten_) forgotten_ = Forgotten{oldest.from, oldest.seen};
  forgotten_->from = std::min(forgotten_->from, oldest.from);
  if (!forgotten_->seen.covers(oldest.seen)) forgotten_->seen = oldest.seen;
  reads_.pop_back();
}

bool LaneReads::may_have_seen(const LaneKey& key, std::uint64_t commit) const {
  return forgotten_ && key >= forgotten_->from && commit < forgotten_->seen.xmax;
}

bool LaneReads::saw(const LaneKey& key, std::uint64_t commit) const {
  return std::any_of(reads_.begin(), reads_.end(),
                     [&](const Read& read) { return key >= read.from && read.seen.sees(commit); });
}

}  // namespace eventrelay
