// What both databases bound alike: what waits for a commit, what one commit takes in, and which names are kept at hand.
// Pure; any thread.
#pragma once
#include <cstddef>

#include "ports/store.h"

namespace eventrelay {

/// What may wait for a commit: in each lane, where there are several.
inline constexpr std::size_t kCommitQueueItemsMax = 65'536;
inline constexpr std::size_t kCommitQueueBytesMax = 128 * 1024 * 1024;
/// What one commit takes in.
inline constexpr std::size_t kCommitItemsMax = 2'000;
inline constexpr std::size_t kCommitBytesMax = 16 * 1024 * 1024;
/// An event's or a delivery's row with its places in the indexes.
inline constexpr std::size_t kRowBytes = 256;
/// Ids of event types' and tenants' names in memory: past it all are dropped and read again.
inline constexpr std::size_t kNamesCachedMax = 100'000;

/// What an intent counts in these bounds.
inline std::size_t bytes_of(const IngestIntent& intent) {
  std::size_t bytes = kRowBytes;
  for (const NewEvent& event : intent.events)
    bytes += event.payload.size() + event.metadata.size() + (1 + event.targets.size()) * kRowBytes;
  return bytes;
}

}  // namespace eventrelay
