// Redis as the rest of the program sees it: one server or a cluster, connected while it can be. Belongs to the thread
// that runs its context.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "queue/redis_connection.h"

namespace eventrelay {

/// A command about one key.
struct RedisCommand {
  int slot = 0;
  RedisBatch batch;
};
/// words: the command, its key, the rest.
RedisCommand make_redis_command(std::initializer_list<std::string_view> words);

class RedisClient {
 public:
  using Deadline = RedisConnection::Deadline;
  using Replies = std::vector<Result<RedisReply>>;

  /// Starts to connect. context: outlives this. options: url.endpoint is one server of the cluster, if it is one.
  RedisClient(boost::asio::io_context& context, RedisConnectOptions options);
  /// As stop(), without the wait.
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;
  /// Closes all connections, at once; what is open fails. Later calls fail. The awaitable, which may be dropped,
  /// returns when nothing runs any more: a few turns of the loop.
  boost::asio::awaitable<void> stop();

  /// The partition's stream, of this installation.
  std::string stream_key(int partition) const;
  /// Every server that has a stream's slot is connected.
  bool is_up() const;
  /// Not up, and an attempt has failed since it was.
  bool is_failing() const;
  /// What the first server said it is; only after it was up once.
  bool is_cluster() const;

  /// One round trip to each server that has some of the keys; those of one server in their order. A key that has moved
  /// is followed. A server's refusal is a reply. Errors: kUnavailable; the command may have been done.
  /// done: on the loop, once, or destroyed with the context.
  void run(std::vector<RedisCommand> commands, Deadline deadline, Completion<Replies> done);

  /// What it says to writes while it takes none; empty: it takes them, as far as is known.
  const std::string& refusal() const;
  /// For who writes: of a server that has the slot. A server that became a replica is left: it, and whoever reads
  /// streams, connects to what its name stands for now.
  void note_refusal(int slot, std::string text);
  void note_no_refusal();
  /// So many times a server was left.
  std::uint64_t servers_left() const;

  /// A connection of the caller's own to the server that has the slot, for commands that block; still to be connected.
  /// nullptr: nobody has the slot, or it is not known yet.
  std::unique_ptr<RedisConnection> make_connection(int slot);
  /// Over the client's own connection to that server. Errors: kUnavailable.
  boost::asio::awaitable<Result<RedisReplies>> run_at(RedisEndpoint server, RedisBatch batch, Deadline deadline);
  /// Takes in a MOVED that a connection of make_connection() got; anything else does nothing.
  void note_redirect(const RedisReply& reply, const RedisEndpoint& asked);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  ///< handlers that are still queued keep it
};

}  // namespace eventrelay
