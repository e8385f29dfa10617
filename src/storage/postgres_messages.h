// Payloads for the engine, which asks for them one by one: what was asked for while a statement ran comes with the
// next. submit() from any thread; the rest belongs to the store's loop.
#pragma once
#include <vector>

#include "storage/postgres_commit.h"
#include "storage/postgres_reads.h"

namespace eventrelay {

/// What one statement reads for several that asked: it has a deadline, and a payload may have megabytes.
inline constexpr std::size_t kMessagesReadMax = 32;
inline constexpr std::size_t kMessagesReadBytes = 4 * 1024 * 1024;

class PgMessageReads {
 public:
  PgMessageReads(boost::asio::io_context& context, PgReads& reads) : reads_(reads), queue_(context) {}

  /// As Store::read_messages.
  void submit(EventLoop& loop, std::vector<EventId> events, Completion<Result<std::vector<MessagePtr>>> done);
  /// run() ends when what is queued has been answered.
  void close() { queue_.close(); }
  boost::asio::awaitable<void> run();

 private:
  struct Asked {
    EventLoop* loop;
    std::vector<EventId> events;
    Completion<Result<std::vector<MessagePtr>>> done;
    std::size_t bytes;  ///< of the queue's limits: of the ids
  };
  boost::asio::awaitable<void> read(std::vector<Asked> together);

  PgReads& reads_;
  CommitQueue<Asked> queue_;
};

}  // namespace eventrelay
