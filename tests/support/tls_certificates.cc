#include "tests/support/tls_certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace eventrelay::test {
namespace {

constexpr long kDaySeconds = 24 * 60 * 60;

void must(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL cannot make a test certificate");
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  must(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::unique_ptr<X509, FreeSsl> make_certificate(EVP_PKEY* key, const char* name, long starts, long ends) {
  static long serial = 1;
  std::unique_ptr<X509, FreeSsl> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), starts);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  return certificate;
}

}  // namespace

TestAuthority::TestAuthority() : key_(EVP_EC_gen("P-256")) {
  must(key_ != nullptr);
  certificate_ = make_certificate(key_.get(), "test authority", -30 * kDaySeconds, 30 * kDaySeconds);
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  must(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0);
  char name[] = "/tmp/eventrelay-test-ca-XXXXXX";
  const int descriptor = ::mkstemp(name);
  must(descriptor >= 0);
  std::FILE* file = ::fdopen(descriptor, "w");
  PEM_write_X509(file, certificate_.get());
  std::fclose(file);
  file_ = name;
}

TestAuthority::~TestAuthority() {
  ::unlink(file_.c_str());
}

SslContext TestAuthority::make_server(const ServerCertificate& wanted) const {
  std::unique_ptr<EVP_PKEY, FreeSsl> key(EVP_EC_gen("P-256"));
  must(key != nullptr);
  auto certificate = make_certificate(key.get(), "test server", wanted.starts_in_days * kDaySeconds,
                                      wanted.ends_in_days * kDaySeconds);
  X509* issuer = wanted.self_signed ? certificate.get() : certificate_.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  add_extension(certificate.get(), issuer, NID_subject_alt_name, wanted.names);
  must(X509_sign(certificate.get(), wanted.self_signed ? key.get() : key_.get(), EVP_sha256()) > 0);

  SslContext context(SSL_CTX_new(TLS_server_method()));
  must(context != nullptr);
  SSL_CTX_set_security_level(context.get(), 0);  // for the tests of old versions
  SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), wanted.tls_version_max);
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("test"), 4);
  must(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  must(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

}  // namespace eventrelay::test
