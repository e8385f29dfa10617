// A server that says exactly what a test tells it to, byte by byte, on a loopback port of its own, plain or with TLS.
// Each connection's script runs on a thread of its own with blocking sockets; all are joined by the destructor.
#pragma once
#include <openssl/ssl.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace eventrelay::test {

/// One accepted connection; its script's thread only. Reads end when the client closes or the server is destroyed.
class RawConnection {
 public:
  RawConnection(int socket, SSL* tls, int number) : socket_(socket), tls_(tls), number_(number) {}

  /// Head and, by its Content-Length, body; nullopt when the client has closed.
  std::optional<std::string> read_request();
  /// False when the client is gone.
  bool send(std::string_view bytes);
  /// Blocks until the client closes; what it sends is dropped.
  void wait_until_closed();
  /// Ends with a reset instead of a farewell.
  void reset();
  /// Sends our farewell and goes on reading.
  void shut_down_sending();
  int number() const { return number_; }  ///< 0 is the first connection
  SSL* tls() const { return tls_; }

 private:
  long read_some(char* to, std::size_t count);

  int socket_;
  SSL* tls_;
  int number_;
  std::string pending_;
};

class RawServer {
 public:
  using Script = std::function<void(RawConnection&)>;

  /// address: "127.0.0.1" or "::1". context: with it connections begin with a handshake; one that fails is closed.
  explicit RawServer(Script script, const std::string& address = "127.0.0.1", SSL_CTX* context = nullptr,
                     std::uint16_t port = 0);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int socket, int number);

  Script script_;
  SSL_CTX* context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> ends_{false};
  std::mutex mutex_;
  std::list<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

/// "HTTP/1.1 200 OK" with that body and its Content-Length.
std::string ok_answer(std::string_view body = "ok");

}  // namespace eventrelay::test
