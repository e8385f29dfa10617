// A certificate authority made for one test, and server certificates of it. Needs no program and no fixed files.
#pragma once
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace eventrelay::test {

struct FreeSsl {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

struct ServerCertificate {
  std::string names;  ///< "DNS:localhost,IP:127.0.0.1"
  int starts_in_days = -1;
  int ends_in_days = 1;
  bool self_signed = false;
  int tls_version_max = TLS1_3_VERSION;
};

class TestAuthority {
 public:
  TestAuthority();
  /// The authority's certificate as a PEM file, removed with this object.
  const std::string& file() const { return file_; }
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  SslContext make_server(const ServerCertificate& wanted) const;

 private:
  std::unique_ptr<EVP_PKEY, FreeSsl> key_;
  std::unique_ptr<X509, FreeSsl> certificate_;
  std::string file_;
};

}  // namespace eventrelay::test
