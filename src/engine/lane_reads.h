// What the last reads of a lane from a store that several processes share have seen: the hand-over may bring news late,
// twice and out of order, and what a read has seen already must not come in again. One loop's; not thread-safe.
//
// A read from a place F with the point S covers a state of a delivery that its commit c put at a place K, where K is at
// or after F and S sees c. The read found that state or a later one, so the news of it can be dropped, because then
//  - the row was taken into the window, or left the store's: at or after beyond();
//  - or the window held the delivery in another state: the later of the two was kept (age_of);
//  - or it was busy: where the row's state was the later one, the lane reads it again at the attempt's end;
//  - or it was held, for a former owner's attempt: the lane reads from its start when that is over;
//  - or it was touched since the read was asked (an attempt ended, a person cancelled it) and the row may be older or
//    newer than that: its place is beyond() again, and the next read tells;
//  - or the row was not there any more, or before F: a later commit moved it, whose own news says so. Where that was
//  the
//    end of an attempt of this lane, the lane placed the delivery itself.
// News that came between a read's question and its answer wait for the answer, where their place is in what was asked.
#pragma once
#include <deque>
#include <optional>

#include "engine/lane_window.h"
#include "ports/store.h"

namespace eventrelay {

class LaneReads {
 public:
  /// forgets: a planted fault (LaneFaults::forget_reads).
  explicit LaneReads(bool forgets = false) : forgets_(forgets) {}
  /// The answer to what was asked from that place has been taken in. In any order: a page of a scan is of many lanes,
  /// and may be older than what was read of this one meanwhile.
  void note(const LaneKey& from, ReadPoint seen);
  bool saw(const LaneKey& key, std::uint64_t commit) const;
  /// A read that is forgotten by now may have seen it: only the store knows.
  bool may_have_seen(const LaneKey& key, std::uint64_t commit) const;
  void clear() {
    reads_.clear();
    forgotten_.reset();
  }

 private:
  struct Read {
    LaneKey from;
    ReadPoint seen;
  };
  struct Forgotten {
    LaneKey from;    ///< the least
    ReadPoint seen;  ///< the newest
  };
  const bool forgets_;
  std::optional<Forgotten> forgotten_;
  std::deque<Read> reads_;  ///< noted last first; none covers another
};

}  // namespace eventrelay
