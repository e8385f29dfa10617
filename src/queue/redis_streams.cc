#include "queue/redis_streams.h"

#include <charconv>

namespace eventrelay {

std::optional<int> partition_of_stream(std::string_view key) {
  const std::size_t tag_end = key.find("}:");
  const std::size_t partition_end = key.rfind(':');
  if (tag_end == std::string_view::npos || partition_end < tag_end + 2) return std::nullopt;
  int partition = -1;
  std::int64_t installation = -1;
  std::from_chars(key.data() + tag_end + 2, key.data() + partition_end, partition);
  std::from_chars(key.data() + partition_end + 1, key.data() + key.size(), installation);
  if (partition < 0 || partition >= kPartitions || stream_key(partition, installation) != key) return std::nullopt;
  return partition;
}

std::string to_text(StreamId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.number);
}

std::optional<StreamId> parse_stream_id(std::string_view text) {
  StreamId id;
  const char* end = text.data() + text.size();
  const auto [dash, fault] = std::from_chars(text.data(), end, id.ms);
  if (fault != std::errc() || dash == end || *dash != '-') return std::nullopt;
  const auto [rest, second_fault] = std::from_chars(dash + 1, end, id.number);
  if (second_fault != std::errc() || rest != end) return std::nullopt;
  return id;
}

}  // namespace eventrelay
