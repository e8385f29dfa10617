// What a TLS connection to Redis trusts: /etc/ssl/certs and the file that SSL_CERT_FILE names.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "base/result.h"

namespace eventrelay {

/// TLS 1.2 or newer; peers are verified. Shared by connections; not changed afterwards.
/// Errors: kInvalid where SSL_CERT_FILE has no certificates.
Result<std::shared_ptr<boost::asio::ssl::context>> make_redis_tls();

}  // namespace eventrelay
