#include "tests/support/raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "net/socket_bio.h"

namespace eventrelay::test {

long RawConnection::read_some(char* to, std::size_t count) {
  if (tls_) return SSL_read(tls_, to, static_cast<int>(count));
  return ::recv(socket_, to, count, 0);
}

std::optional<std::string> RawConnection::read_request() {
  char block[65'536];
  for (;;) {
    if (const auto head = pending_.find("\r\n\r\n"); head != std::string::npos) {
      std::size_t size = head + 4;
      const auto length = pending_.find("content-length: ");
      if (length < head) size += std::strtoul(pending_.c_str() + length + 16, nullptr, 10);
      if (pending_.size() >= size) {
        std::string request = pending_.substr(0, size);
        pending_.erase(0, size);
        return request;
      }
    }
    const auto count = read_some(block, sizeof block);
    if (count <= 0) return std::nullopt;
    pending_.append(block, static_cast<std::size_t>(count));
  }
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = tls_ ? static_cast<long>(SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())))
                           : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawConnection::wait_until_closed() {
  char block[65'536];
  while (read_some(block, sizeof block) > 0) {
  }
}

void RawConnection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void RawConnection::shut_down_sending() {
  ::shutdown(socket_, SHUT_WR);
}

RawServer::RawServer(Script script, const std::string& address, SSL_CTX* context, std::uint16_t port)
    : script_(std::move(script)), context_(context) {
  const bool v6 = address.find(':') != std::string::npos;
  listener_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in v4_address{};
  sockaddr_in6 v6_address{};
  v4_address.sin_family = AF_INET;
  v4_address.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &v4_address.sin_addr);
  v6_address.sin6_family = AF_INET6;
  v6_address.sin6_port = htons(port);
  ::inet_pton(AF_INET6, address.c_str(), &v6_address.sin6_addr);
  auto* bound = v6 ? reinterpret_cast<sockaddr*>(&v6_address) : reinterpret_cast<sockaddr*>(&v4_address);
  socklen_t size = v6 ? sizeof v6_address : sizeof v4_address;
  if (::bind(listener_, bound, size) != 0 || ::listen(listener_, 128) != 0) {
    ::close(listener_);
    throw std::runtime_error("cannot listen on " + address);
  }
  ::getsockname(listener_, bound, &size);
  port_ = ntohs(v6 ? v6_address.sin6_port : v4_address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  ends_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

void RawServer::accept_all() {
  while (!ends_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number = connections_++] { serve(socket, number); });
  }
}

void RawServer::serve(int socket, int number) {
  SSL* tls = nullptr;
  bool ready = true;
  if (context_) {
    tls = SSL_new(context_);
    BIO* bio = make_socket_bio(socket);  // OpenSSL's own would raise SIGPIPE
    SSL_set_bio(tls, bio, bio);
    ready = SSL_accept(tls) == 1;
  }
  RawConnection connection(socket, tls, number);
  if (ready) script_(connection);
  if (tls && ready) SSL_shutdown(tls);
  SSL_free(tls);
  const std::lock_guard lock(mutex_);
  sockets_.remove(socket);
  ::close(socket);
}

std::string ok_answer(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace eventrelay::test
