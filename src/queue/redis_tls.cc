#include "queue/redis_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <string>

namespace eventrelay {

Result<std::shared_ptr<boost::asio::ssl::context>> make_redis_tls() {
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  SSL_CTX* handle = context->native_handle();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nullptr);
  const char* file = std::getenv("SSL_CERT_FILE");
  if (file && *file && SSL_CTX_load_verify_file(handle, file) != 1) {
    ERR_clear_error();
    return Error{ErrorCode::kInvalid, "SSL_CERT_FILE: cannot read certificates from " + std::string(file), {}};
  }
  // A missing directory trusts nobody.
  SSL_CTX_load_verify_dir(handle, "/etc/ssl/certs");
  ERR_clear_error();
  return context;
}

}  // namespace eventrelay
