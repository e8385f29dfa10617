// What both databases bound alike: what waits for a commit, and what one commit takes in. Pure; any thread.
#pragma once
#include <cstddef>

#include "storage/codec.h"

namespace eventrelay {

/// What may wait for a commit: in each lane, where there are several.
inline constexpr std::size_t kCommitQueueItemsMax = 65'536;
inline constexpr std::size_t kCommitQueueBytesMax = 128 * 1024 * 1024;
/// What one commit takes in.
inline constexpr std::size_t kCommitItemsMax = 2'000;
inline constexpr std::size_t kCommitBytesMax = 16 * 1024 * 1024;
/// An event's or a delivery's row with its places in the indexes.
inline constexpr std::size_t kRowBytes = 256;

// What an intent counts in these bounds: its rows, and what is of any length.
inline std::size_t bytes_of(const IngestIntent& intent) {
  std::size_t bytes = kRowBytes;  // of its key, if it has one
  for (const NewEvent& event : intent.events)
    bytes += event.payload.size() + event.metadata.size() + (1 + event.targets.size()) * kRowBytes;
  return bytes;
}
inline std::size_t bytes_of(const EncodedAttempt& attempt) {
  return 2 * kRowBytes + attempt.intent->outcome.response_body.size() + attempt.request_headers.size() +
         attempt.response_headers.size();
}

}  // namespace eventrelay
