// HTTP/1.1 for one event loop, on Beast's parser and Asio's coroutines: keep-alive, pipelining, limits, graceful stop.
// Belongs to its loop's thread; counters are shared between loops through HttpServerShared.
#pragma once
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "base/limits.h"
#include "base/metrics.h"
#include "net/http_types.h"

namespace eventrelay {

struct HttpServerLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t connections = 10'000;               ///< of the process; one more is answered 503 and closed
  std::size_t ingest_bytes = kIngestBytesMax;     ///< bodies in memory, of the process; beyond it 503
  std::chrono::milliseconds idle{60'000};         ///< between requests
  std::chrono::milliseconds header_read{10'000};  ///< from a request's first byte to the end of its headers
  std::chrono::milliseconds body_read{30'000};    ///< from the end of the headers to the end of the body
  std::chrono::milliseconds write{30'000};
  std::chrono::milliseconds stream_write{10'000};  ///< of a piece of a stream
};

/// What the loops' servers count together. Thread-safe.
struct HttpServerShared {
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> ingest_bytes{0};
};

class HttpServer {
 public:
  /// acceptor: bound and listening, of this loop. handler: runs on this loop; an exception from it is a 500.
  HttpServer(boost::asio::io_context& loop, boost::asio::ip::tcp::acceptor acceptor, HttpServerLimits limits,
             HttpServerShared& shared, Metrics& metrics, BodyRules body_rules, HttpHandler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Begins to accept.
  void start();
  /// Accepts no more, closes idle connections, ends streams, lets requests being answered end (with `Connection:
  /// close`) until `grace` has passed, then closes what is left. Returns when no connection is left.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace eventrelay
