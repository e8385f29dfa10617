// The real transport: one event loop's HTTP/1.1 client with connection pools, TLS, DNS and the egress guard.
// Belongs to its loop's thread. `TlsContext` and `EgressRules` are shared and not changed.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "base/limits.h"
#include "ports/transport.h"

namespace eventrelay {

struct HttpClientLimits {
  std::size_t idle_per_origin = 256;
  std::size_t idle_total = 512;                          ///< of this loop
  std::chrono::milliseconds idle{30'000};                ///< then an unused connection is closed
  std::chrono::milliseconds connect = kConnectDeadline;  ///< TCP and TLS together
  std::chrono::milliseconds dns_ttl{5'000};
  std::size_t dns_entries = 4'096;
  std::string dns_servers;  ///< "127.0.0.1:5353,…": asked instead of resolv.conf's
};

/// TLS 1.2 or newer, peers verified against /etc/ssl/certs and the file that SSL_CERT_FILE names. Throws
/// std::runtime_error where that file has no certificates.
std::shared_ptr<boost::asio::ssl::context> make_client_tls();

class HttpClient final : public Transport {
 public:
  HttpClient(boost::asio::io_context& loop, std::shared_ptr<boost::asio::ssl::context> tls, EgressRules rules,
             HttpClientLimits limits);
  ~HttpClient() override;
  void send(OutboundRequest request, Completion<AttemptOutcome> done) override;
  /// Closes idle connections, waits for open attempts (they end by their own deadlines).
  boost::asio::awaitable<void> stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace eventrelay
