// How many entries each stream may keep, so that all together stay within a number of bytes. An estimate of one
// process, from what it appends itself: a stream's part is as large as its part of the recent bytes, never below a
// floor. Not thread-safe.
#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "queue/redis_streams.h"

namespace eventrelay {

inline constexpr std::size_t kStreamsBytesBudget = 128 * 1024 * 1024;  ///< of all streams together
inline constexpr std::size_t kStreamBytesFloor = 64 * 1024;            ///< what one may keep however little it gets
inline constexpr std::size_t kStreamEntriesMin = 4;
inline constexpr std::size_t kStreamEntriesMax = 100'000;
inline constexpr std::size_t kStreamEntryOverheadBytes = 64;  ///< of one entry in Redis, beside its bytes
inline constexpr std::chrono::seconds kStreamShareHalved{5};  ///< the recent past weighs half as much after that
inline constexpr std::chrono::seconds kStreamEntryKept{30};   ///< older ones help nobody: the commit log told long ago

class StreamBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Counts an entry about to be appended, and says how many the stream may keep with it.
  std::size_t entries_max(int partition, std::size_t bytes, Time now);
  /// The entry was appended, with that id.
  void appended(int partition, StreamId id, Time now);

  struct Old {
    int partition = 0;
    StreamId before;  ///< all entries with lower ids are past kStreamEntryKept
  };
  /// Streams that this process has left alone for kStreamEntryKept; each is named once.
  std::vector<Old> take_old(Time now);

 private:
  struct Stream {
    double recent_bytes = 0;
    double entry_bytes = 0;  ///< of a typical entry; follows what comes
    StreamId last;
    Time last_at{};
    bool has_old = false;
  };
  void fade(Time now);

  std::array<Stream, kPartitions> streams_;
  double recent_bytes_ = 0;
  Time faded_at_{};
  Time looked_at_{};
};

}  // namespace eventrelay
