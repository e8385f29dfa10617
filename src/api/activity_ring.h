// The newest records of one organization, as every reader of its stream is sent them: made once, shared by all.
// A value; whoever has it locks.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "ports/activity.h"

namespace eventrelay {

/// The text of a place, opaque to readers: `id` of a record.
std::string id_of(ActivityPlace place);
/// nullopt for what id_of() never gives.
std::optional<ActivityPlace> parse_place(std::string_view text);

/// A record in the form of an event stream (WHATWG HTML, "Server-sent events"): `id`, `event`, `data`, an empty line.
/// data: a JSON object; the id becomes its first member.
std::string stream_text(ActivityPlace place, std::string_view kind, std::string_view data);

/// A record that no reader is sent: it tells the other processes of a reader that was closed because it was behind.
inline constexpr std::string_view kDroppedKind = "dropped";

/// Of a reader that was closed because it was behind: it may come back with any of these ids.
struct DroppedReader {
  std::int64_t from = 0;
  std::int64_t to = 0;
  SteadyTime at{};
};

class ActivityRing {
 public:
  /// Begins anew, without records.
  void begin(ActivityPlace last);
  /// Records that follow on the last one; where they do not, the ring begins anew with them.
  void append(const ActivityBatch& batch, SteadyTime now);
  /// The data of a record of kDroppedKind.
  static std::string range_text(std::int64_t from, std::int64_t to);
  /// A dropped reader, in this epoch.
  void add_dropped(DroppedReader dropped) { dropped_.push_back(dropped); }
  /// Drops what is past kActivityRecordsKept or older than kActivityKept.
  void trim(SteadyTime now);
  /// Drops the older half.
  void halve();

  ActivityPlace last() const { return last_; }
  /// Whether all records after that place are here.
  bool has_all_after(ActivityPlace place) const;
  bool was_dropped_at(ActivityPlace place) const;
  std::size_t bytes() const { return end_ - begin_; }

  // Offsets count the bytes of all texts since the epoch began.
  std::size_t end() const { return end_; }
  /// Of the first byte after the place's record. REQUIRES: has_all_after(place).
  std::size_t offset_after(ActivityPlace place) const;
  /// The text after the place's record; nullptr: there is none yet. REQUIRES: as above.
  const std::string* next(ActivityPlace place) const;

 private:
  struct Entry {
    std::string text;
    std::size_t end = 0;
    SteadyTime at{};
  };
  void drop_first();
  std::int64_t first() const { return last_.number - static_cast<std::int64_t>(entries_.size()) + 1; }

  std::deque<Entry> entries_;
  std::vector<DroppedReader> dropped_;
  ActivityPlace last_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace eventrelay
