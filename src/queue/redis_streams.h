// How the streams are named. A partition's stream is er:{N}:P:I, I its installation's number: all streams with the same
// N lie in one slot of a cluster, so that one blocking read serves them, and two installations on one Redis do not read
// each other's. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "domain/webhook.h"

namespace eventrelay {

inline constexpr int kStreamTags = 16;  ///< blocking connections of a worker to a cluster

inline std::string stream_key(int partition, std::int64_t installation = 0) {
  return "er:{" + std::to_string(partition % kStreamTags) + "}:" + std::to_string(partition) + ":" +
         std::to_string(installation);
}
/// nullopt: not such a name.
std::optional<int> partition_of_stream(std::string_view key);
inline constexpr std::string_view kStreamField = "e";  ///< an entry's only field

/// A stream entry's id; {}: before all.
struct StreamId {
  std::uint64_t ms = 0;
  std::uint64_t number = 0;
  auto operator<=>(const StreamId&) const = default;
};
std::string to_text(StreamId id);
std::optional<StreamId> parse_stream_id(std::string_view text);

}  // namespace eventrelay
