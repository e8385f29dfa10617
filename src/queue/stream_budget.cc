#include "queue/stream_budget.h"

#include <algorithm>
#include <cmath>

namespace eventrelay {
namespace {

constexpr double kEntrySizeGain = 1.0 / 16;
constexpr std::chrono::seconds kLookPeriod{5};  ///< for streams left alone

}  // namespace

std::size_t StreamBudget::entries_max(int partition, std::size_t bytes, Time now) {
  fade(now);
  Stream& stream = streams_[static_cast<std::size_t>(partition)];
  const double size = static_cast<double>(bytes + kStreamEntryOverheadBytes);
  stream.recent_bytes += size;
  recent_bytes_ += size;
  stream.entry_bytes =
      stream.entry_bytes == 0 ? size : stream.entry_bytes + (size - stream.entry_bytes) * kEntrySizeGain;
  const double share = stream.recent_bytes / recent_bytes_;
  const double allowed = std::max(static_cast<double>(kStreamBytesFloor), share * double{kStreamsBytesBudget});
  // An entry that is larger than they usually are must not make the stream too large while the estimate follows.
  const auto entries = static_cast<std::size_t>(allowed / std::max(stream.entry_bytes, size / 4));
  return std::clamp(entries, kStreamEntriesMin, kStreamEntriesMax);
}

void StreamBudget::appended(int partition, StreamId id, Time now) {
  Stream& stream = streams_[static_cast<std::size_t>(partition)];
  stream.last = id;
  stream.last_at = now;
  stream.has_old = true;
}

std::vector<StreamBudget::Old> StreamBudget::take_old(Time now) {
  std::vector<Old> old;
  if (now - looked_at_ < kLookPeriod) return old;
  looked_at_ = now;
  for (int partition = 0; partition < kPartitions; ++partition) {
    Stream& stream = streams_[static_cast<std::size_t>(partition)];
    if (!stream.has_old || now - stream.last_at < kStreamEntryKept) continue;
    stream.has_old = false;
    old.push_back({partition, stream.last});
  }
  return old;
}

void StreamBudget::fade(Time now) {
  if (now - faded_at_ < kStreamShareHalved) return;
  const double halves =
      std::chrono::duration<double>(now - faded_at_) / std::chrono::duration<double>(kStreamShareHalved);
  const double left = std::exp2(-std::min(halves, 60.0));
  faded_at_ = now;
  recent_bytes_ = 0;
  for (Stream& stream : streams_) {
    stream.recent_bytes *= left;
    recent_bytes_ += stream.recent_bytes;
  }
}

}  // namespace eventrelay
