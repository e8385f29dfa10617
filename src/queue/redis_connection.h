// One connection to one Redis server on an event loop: plain or TLS, many commands under way, answers in order. It
// connects once. Belongs to the thread that runs its context.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/completion.h"
#include "base/result.h"
#include "queue/redis_protocol.h"
#include "queue/redis_url.h"

namespace eventrelay {

struct RedisConnectOptions {
  RedisUrl url;                                    ///< tls: needs `tls` too
  std::shared_ptr<boost::asio::ssl::context> tls;  ///< make_redis_tls()
  std::string name;                                ///< CLIENT SETNAME; empty: none
  std::int64_t installation = 0;                   ///< whose streams: several may share a server
  std::chrono::milliseconds timeout{2'000};        ///< name, TCP, TLS and the server's greeting together
};

class RedisConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  RedisConnection(boost::asio::io_context& context, RedisConnectOptions options);
  /// As close().
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  /// Connects, authenticates, selects the database, and hears that the server is ready. Once, before run(). close(), or
  /// the end of this object, ends it.
  /// Errors: kUnavailable with a sentence for the operator (the server's own words in it, never the password).
  boost::asio::awaitable<Result<void>> connect();

  /// Sends the batch in one write; its replies come in the order of its commands. Batches may be sent while others are
  /// under way. A server's refusal is a reply. Past a deadline the connection is closed. Errors: kUnavailable, to every
  /// open batch when the connection ends; they may have been done.
  /// done: on the loop, never before run() has returned, once, or destroyed with the context.
  void run(RedisBatch batch, Deadline deadline, Completion<Result<RedisReplies>> done);
  boost::asio::awaitable<Result<RedisReplies>> run(RedisBatch batch, Deadline deadline);

  bool is_open() const;  ///< connected, and not ended yet
  /// For good. What waits for this connection ends with the loop's next turns.
  void close();
  /// Runs once on the loop when the connection has ended. One at a time.
  void when_closed(Completion<> closed);
  const RedisEndpoint& endpoint() const;
  std::int64_t client_id() const;  ///< CLIENT ID; 0: the server does not say

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  ///< handlers that are still queued keep it
};

}  // namespace eventrelay
