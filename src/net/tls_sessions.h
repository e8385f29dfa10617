// What the client knows about TLS peers: their names, the sessions that they let us resume.
// One event loop's; OpenSSL calls back on the thread that reads.
#pragma once
#include <openssl/ssl.h>

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace eventrelay {

inline constexpr std::size_t kTlsSessionsMax = 1'024;

struct TlsPeer {
  std::string host;  ///< without a dot at the end
  std::uint16_t port = 0;
  bool is_address = false;  ///< a literal: no SNI, the certificate must name the address
  std::string key() const { return host + ':' + std::to_string(port); }
};

class TlsSessions {
 public:
  /// nullptr: none that can be resumed. Valid until the next call.
  SSL_SESSION* find(const std::string& key) const;
  /// Takes the reference over; the oldest gives way beyond kTlsSessionsMax.
  void put(const std::string& key, SSL_SESSION* session);

  /// Lets the context tell put() of sessions. Call once for a context, before its first connection.
  static void enable(SSL_CTX* context);
  /// From here on the connection's sessions are kept, until detach().
  void attach(SSL* connection, const std::string& key);
  static void detach(SSL* connection);

 private:
  struct Free {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  struct Entry {
    std::unique_ptr<SSL_SESSION, Free> session;
    std::list<std::string>::iterator age;
  };
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> oldest_first_;
};

}  // namespace eventrelay
