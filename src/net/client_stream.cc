#include "net/client_stream.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <string>

#include "net/socket_bio.h"

namespace eventrelay {
namespace {

IoResult result_of_errno(int code, IoStatus again) {
  if (code == EAGAIN || code == EWOULDBLOCK || code == EINTR) return {again, 0};
  return {IoStatus::kLost, 0};
}

int int_of(std::size_t bytes) {
  return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
}

}  // namespace

bool ClientStream::use_tls(SSL_CTX* context, const TlsPeer& peer, TlsSessions& sessions) {
  static constexpr std::array<unsigned char, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  tls_ = SSL_new(context);
  BIO* bio = tls_ ? make_socket_bio(socket_.native_handle()) : nullptr;
  if (!bio) {
    fault_ = "no memory for TLS";
    return false;
  }
  SSL_set_bio(tls_, bio, bio);
  SSL_set_connect_state(tls_);
  SSL_set_verify(tls_, SSL_VERIFY_PEER, nullptr);
  SSL_set_mode(tls_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_set_read_ahead(tls_, 1);
  SSL_set_alpn_protos(tls_, kHttp11.data(), kHttp11.size());
  X509_VERIFY_PARAM* rules = SSL_get0_param(tls_);
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  bool ok = peer.is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, peer.host.c_str()) == 1
                            : X509_VERIFY_PARAM_set1_host(rules, peer.host.data(), peer.host.size()) == 1;
  if (ok && !peer.is_address) ok = SSL_set_tlsext_host_name(tls_, peer.host.c_str()) == 1;
  if (!ok) {
    fault_ = "the host name cannot be used with TLS";
    return false;
  }
  const std::string key = peer.key();
  if (SSL_SESSION* session = sessions.find(key)) SSL_set_session(tls_, session);
  sessions.attach(tls_, key);
  return true;
}

IoResult ClientStream::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_);
  return result == 1 ? IoResult{} : tls_result(result);
}

IoResult ClientStream::read(std::span<char> buffer) {
  if (!tls_) {
    const auto received = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (received < 0) return result_of_errno(errno, IoStatus::kWantRead);
    if (received == 0) return {IoStatus::kEnd, 0};
    return {IoStatus::kOk, static_cast<std::size_t>(received)};
  }
  ERR_clear_error();
  const int result = SSL_read(tls_, buffer.data(), int_of(buffer.size()));
  if (result > 0) return {IoStatus::kOk, static_cast<std::size_t>(result)};
  return tls_result(result);
}

IoResult ClientStream::write(std::string_view first, std::string_view second) {
  if (!tls_) {
    std::array<iovec, 2> parts{
        {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}}};
    msghdr message{};
    message.msg_iov = first.empty() ? parts.data() + 1 : parts.data();
    message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
    const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent < 0) return result_of_errno(errno, IoStatus::kWantWrite);
    return {IoStatus::kOk, static_cast<std::size_t>(sent)};
  }
  std::string_view piece = first.empty() ? second : first;
  if (!first.empty() && !second.empty()) {
    joined_.assign(first);
    joined_.append(second.substr(0, SSL3_RT_MAX_PLAIN_LENGTH));
    piece = joined_;
  }
  ERR_clear_error();
  const int result = SSL_write(tls_, piece.data(), int_of(piece.size()));
  if (result > 0) return {IoStatus::kOk, static_cast<std::size_t>(result)};
  return tls_result(result);
}

bool ClientStream::is_quiet() {
  std::array<char, 1> byte;
  return read(byte).status == IoStatus::kWantRead;
}

IoResult ClientStream::tls_result(int result) {
  switch (SSL_get_error(tls_, result)) {
    case SSL_ERROR_WANT_READ:
      return {IoStatus::kWantRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::kWantWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::kEnd, 0};
    case SSL_ERROR_SYSCALL:
      broken_ = true;
      return {IoStatus::kLost, 0};
    default:
      break;
  }
  broken_ = true;
  if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {IoStatus::kLost, 0};
  fault_ = tls_fault();
  return {IoStatus::kFault, 0};
}

std::string ClientStream::tls_fault() const {
  if (const long verdict = SSL_get_verify_result(tls_); verdict != X509_V_OK) {
    return std::string("the certificate is not accepted: ") + X509_verify_cert_error_string(verdict);
  }
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return std::string("TLS failed: ") + (reason ? reason : "unknown reason");
}

void ClientStream::close() {
  if (tls_) {
    TlsSessions::detach(tls_);
    ERR_clear_error();
    if (!broken_ && SSL_is_init_finished(tls_)) SSL_shutdown(tls_);  // one try, without waiting for the peer's
    ERR_clear_error();
    SSL_free(tls_);
    tls_ = nullptr;
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace eventrelay
