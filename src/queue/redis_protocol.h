// Redis's protocol (RESP2): commands to bytes, bytes to replies. Values; no threads of their own.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace eventrelay {

/// Commands, as they go over the wire in one write.
struct RedisBatch {
  std::string bytes;
  std::size_t commands = 0;
  RedisBatch& add(std::span<const std::string_view> words);
  RedisBatch& add(std::initializer_list<std::string_view> words) {
    return add(std::span<const std::string_view>(words.begin(), words.size()));
  }
};

struct RedisReply {
  enum class Kind : std::uint8_t { kNil, kStatus, kError, kInteger, kString, kArray };
  Kind kind = Kind::kNil;
  std::int64_t integer = 0;
  std::string text;  ///< of a status, an error, a string
  std::vector<RedisReply> items;
  bool is_error() const { return kind == Kind::kError; }
  bool is_nil() const { return kind == Kind::kNil; }
};
using RedisReplies = std::vector<RedisReply>;

inline constexpr std::size_t kReplyItemsMax = 1'000'000;          ///< of one array
inline constexpr std::size_t kReplyBytesMax = 512 * 1024 * 1024;  ///< of one reply

/// Cuts a connection's bytes into replies.
class RedisReplyReader {
 public:
  RedisReplyReader();
  ~RedisReplyReader();
  void feed(std::string_view bytes);
  /// The next whole reply; nullopt: its end has not come yet. An error: these bytes are not Redis's, read no further.
  Result<std::optional<RedisReply>> next();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::size_t unread_bytes_ = 0;  ///< fed since the last whole reply
};

}  // namespace eventrelay
