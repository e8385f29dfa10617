#include "net/tls_sessions.h"

#include <ctime>

namespace eventrelay {
namespace {

struct Attachment {
  TlsSessions* sessions;
  std::string key;
};

void free_attachment(void*, void* attachment, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Attachment*>(attachment);
}

int attachment_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_attachment);
  return index;
}

int on_new_session(SSL* connection, SSL_SESSION* session) {
  auto* attachment = static_cast<Attachment*>(SSL_get_ex_data(connection, attachment_index()));
  if (!attachment) return 0;
  attachment->sessions->put(attachment->key, session);
  return 1;
}

}  // namespace

void TlsSessions::enable(SSL_CTX* context) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_new_session);
}

void TlsSessions::attach(SSL* connection, const std::string& key) {
  detach(connection);
  SSL_set_ex_data(connection, attachment_index(), new Attachment{this, key});
}

void TlsSessions::detach(SSL* connection) {
  free_attachment(nullptr, SSL_get_ex_data(connection, attachment_index()), nullptr, 0, 0, nullptr);
  SSL_set_ex_data(connection, attachment_index(), nullptr);
}

SSL_SESSION* TlsSessions::find(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  SSL_SESSION* session = found->second.session.get();
  const long ends = SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session);
  return SSL_SESSION_is_resumable(session) && std::time(nullptr) < ends ? session : nullptr;
}

void TlsSessions::put(const std::string& key, SSL_SESSION* session) {
  std::unique_ptr<SSL_SESSION, Free> owned(session);
  if (const auto found = entries_.find(key); found != entries_.end()) {
    found->second.session = std::move(owned);
    oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second.age);
    return;
  }
  if (entries_.size() >= kTlsSessionsMax) {
    entries_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  const auto age = oldest_first_.insert(oldest_first_.end(), key);
  entries_.emplace(key, Entry{std::move(owned), age});
}

}  // namespace eventrelay
