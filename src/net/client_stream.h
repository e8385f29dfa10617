// A connected TCP socket, plain or with TLS, read and written without blocking; waiting is the caller's affair.
// Belongs to its loop's thread. Waits end with the socket closed.
#pragma once
#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "net/tls_sessions.h"

namespace eventrelay {

/// The executor's own type, not any_io_executor: no indirect calls on the hot path.
using LoopSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

enum class IoStatus {
  kOk,
  kWantRead,   ///< again when the socket is readable
  kWantWrite,  ///< again when it is writable
  kEnd,        ///< the peer closed in good order; with TLS: said so
  kLost,       ///< reset, broken pipe, or TLS cut off without a word
  kFault,      ///< TLS is broken: see fault()
};
struct IoResult {
  IoStatus status = IoStatus::kOk;
  std::size_t bytes = 0;
};

class ClientStream {
 public:
  explicit ClientStream(LoopSocket socket) : socket_(std::move(socket)) {}
  ~ClientStream() { close(); }
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  /// host: to be proven by the peer's certificate; sent as SNI unless an address. sessions: of this loop, outlives the
  /// open stream. False: see fault(). handshake() comes next.
  bool use_tls(SSL_CTX* context, const TlsPeer& peer, TlsSessions& sessions);
  bool is_tls() const { return tls_ != nullptr; }

  IoResult handshake();
  IoResult read(std::span<char> buffer);
  /// One system call for both parts, or one TLS record where they fit. REQUIRES: not both empty.
  IoResult write(std::string_view first, std::string_view second);
  /// Nothing to read and not closed by the peer. What there was to read is lost.
  bool is_quiet();

  /// Plain only: reads once there is something; cheaper than to wait and to read.
  template <class Handler>
  void read_soon(std::span<char> buffer, Handler&& handler) {
    socket_.async_read_some(boost::asio::buffer(buffer.data(), buffer.size()), std::forward<Handler>(handler));
  }
  template <class Handler>
  void wait_readable(Handler&& handler) {
    socket_.async_wait(LoopSocket::wait_read, std::forward<Handler>(handler));
  }
  template <class Handler>
  void wait_writable(Handler&& handler) {
    socket_.async_wait(LoopSocket::wait_write, std::forward<Handler>(handler));
  }

  /// Ends all waits, whose handlers run later. May be repeated.
  void close();
  bool is_open() const { return socket_.is_open(); }
  const std::string& fault() const { return fault_; }

 private:
  IoResult tls_result(int result);
  std::string tls_fault() const;

  LoopSocket socket_;
  SSL* tls_ = nullptr;
  bool broken_ = false;  ///< TLS must not be told good-bye
  std::string joined_;   ///< what write() got, as one piece for TLS
  std::string fault_;
};

}  // namespace eventrelay
