// What the client trusts.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "net/http_client.h"
#include "net/tls_sessions.h"

namespace eventrelay {
namespace {

constexpr const char* kSystemCertificates = "/etc/ssl/certs";

}  // namespace

std::shared_ptr<boost::asio::ssl::context> make_client_tls() {
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  SSL_CTX* handle = context->native_handle();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nullptr);
  TlsSessions::enable(handle);

  const char* file = std::getenv("SSL_CERT_FILE");
  if (file && *file) {
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(handle, file) != 1) {
      const char* reason = ERR_reason_error_string(ERR_peek_last_error());
      ERR_clear_error();
      throw std::runtime_error("SSL_CERT_FILE: cannot read certificates from " + std::string(file) + ": " +
                               (reason ? reason : "unknown reason"));
    }
  }
  // As OpenSSL's own programs do: the file adds to the directory. A missing directory trusts nobody.
  SSL_CTX_load_verify_dir(handle, kSystemCertificates);
  SSL_CTX_set_default_verify_paths(handle);
  ERR_clear_error();
  return context;
}

}  // namespace eventrelay
