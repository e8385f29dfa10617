#include "load/receiver.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "load/http_scan.h"
#include "load/sender.h"

namespace eventrelay::bench {
namespace {

class Subscriber final : public Handler {
 public:
  Subscriber(int fd, Receipts* receipts) : fd_(fd), receipts_(receipts) {}

  void ready(std::uint32_t) override {
    char bytes[64 * 1024];
    const ssize_t count = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      close(fd_);
      delete this;
      return;
    }
    if (receipts_ == nullptr) return;
    const std::int64_t now = now_ns();
    buffer_.append(bytes, static_cast<std::size_t>(count));
    for (Message message = scan_message(buffer_); message.size != 0; message = scan_message(buffer_)) {
      note(message, now);
      buffer_.erase(0, message.size);
      static constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      // The answer is smaller than any socket buffer: it goes out whole, or the connection is gone.
      if (send(fd_, kAnswer, sizeof kAnswer - 1, MSG_NOSIGNAL) < 0) buffer_.clear();
    }
  }

 private:
  void note(const Message& message, std::int64_t now) {
    ++receipts_->received;
    const std::size_t stream = message.head.find("/s/");
    const std::size_t stamp = message.body.find(kStampKey);
    if (stream == std::string_view::npos || stamp == std::string_view::npos) return;
    const std::int64_t due = std::atoll(message.body.data() + stamp + kStampKey.size());
    if (due < receipts_->count_from_ns) return;
    if (std::strtoull(message.head.data() + stream + 3, nullptr, 10) < receipts_->measured_from) return;
    receipts_->latencies.add_ns(now - due);
  }

  int fd_;
  Receipts* receipts_;
  std::string buffer_;
};

class Listener final : public Handler {
 public:
  Listener(const Poller& poller, int fd, Receipts* receipts) : poller_(poller), fd_(fd), receipts_(receipts) {}

  void ready(std::uint32_t) override {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    poller_.add(fd, new Subscriber(fd, receipts_));
  }

 private:
  const Poller& poller_;
  int fd_;
  Receipts* receipts_;
};

}  // namespace

void listen_on(const Poller& poller, std::uint16_t port, Receipts* receipts) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("bind");
  if (listen(fd, 4096) != 0) die("listen");
  poller.add(fd, new Listener(poller, fd, receipts));
}

}  // namespace eventrelay::bench
