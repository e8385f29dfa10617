// Appends entries to the partitions' streams in Redis. What cannot be appended is dropped and counted: the commit log
// finds it. append(), dropped(): any thread. The rest: the thread that runs the context.
#pragma once
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "queue/redis_client.h"
#include "queue/stream_entry.h"

namespace eventrelay {

inline constexpr std::size_t kAppendBytesMax = 32 * 1024 * 1024;  ///< not answered yet
inline constexpr std::chrono::milliseconds kAppendDeadline{1'000};
/// After a refusal (out of memory, a replica, …) Redis counts as gone for so long.
inline constexpr std::chrono::milliseconds kAppendPause{1'000};
/// Redis is asked so often whether it takes writes.
inline constexpr std::chrono::milliseconds kAppendAsked{1'000};
/// An outage is over when so long nothing was dropped; it is logged once.
inline constexpr std::chrono::seconds kAppendQuiet{5};

class RedisAppender final : public StreamAppender {
 public:
  /// context: the client's.
  RedisAppender(boost::asio::io_context& context, std::shared_ptr<RedisClient> client);
  /// As stop().
  ~RedisAppender() override;
  /// What waits is dropped, and everything from then on.
  void stop();

  void append(std::vector<StreamEntry> entries) override;
  /// Asks Redis whether it takes entries, whether there are any or not: RedisClient::refusal(). Called again and again;
  /// it asks once in kAppendAsked.
  void look();
  /// Entries not appended, or perhaps not.
  std::uint64_t dropped() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  ///< handlers that are still queued keep it
};

}  // namespace eventrelay
