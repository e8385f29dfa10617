// A stream's entry as bytes: one commit's pending and cancelled deliveries of one partition, new jobs, and the versions
// of webhooks they were matched with. Pure; any thread.
//
// Format 1: the format's number (1 byte), the commit (8 bytes, little-endian); these two keep their places in every
// later format. Then flags (1 byte), `at`, and the lists, each led by its length: messages, pending, cancelled, jobs,
// catalog. Numbers are varints of 7 bits a byte, lowest first; signed ones are folded first (0, -1, 1, -2, …).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "ports/feed.h"

namespace eventrelay {

inline constexpr std::size_t kEntryBytesMax = 1024 * 1024;
inline constexpr std::size_t kInlineBodyBytesMax = 4 * 1024;  ///< a larger body is read from the store

/// Webhooks and keys are left out. A body that several deliveries share is in it once; bodies past kInlineBodyBytesMax,
/// and those that would make the entry longer than kEntryBytesMax, are left out; where even the ids are too many it is
/// a gap: the commit's number alone.
std::string encode_entry(const News& news);

/// Takes any bytes. A gap where the format is unknown or the bytes are not those of an entry of this partition; with
/// the commit's number if there is one.
Arrival decode_entry(int partition, std::string_view bytes);

}  // namespace eventrelay
