#include "load/sender.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <utility>

#include "load/http_scan.h"

namespace eventrelay::bench {

/// One connection with at most one request on it; a fault on it ends the run, since nothing here may fail.
class Sender::Peer final : public Handler {
 public:
  Peer(Sender& owner, int fd) : owner_(owner), fd_(fd) {}
  ~Peer() override { close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void post(const Event& event) {
    const Load& load = owner_.load_;
    char stamp[32];
    std::snprintf(stamp, sizeof stamp, "%020lld", static_cast<long long>(event.due_ns));
    std::string body = "{\"type\":\"" + load.type_prefix + std::to_string(event.number % load.streams) +
                       "\",\"payload\":{" + std::string(kStampKey) + stamp + "\",\"pad\":\"";
    constexpr std::size_t kPayloadFrame = sizeof R"({"t":"01234567890123456789","pad":""})" - 1;
    body.append(load.payload_bytes > kPayloadFrame ? load.payload_bytes - kPayloadFrame : 0, 'x');
    body += "\"}}";
    const std::string request =
        "POST " + load.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + load.key +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    event_ = event;
    if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) die("send");
  }

  void ready(std::uint32_t) override {
    char bytes[16 * 1024];
    const ssize_t count = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) die("the server closed a connection");
    buffer_.append(bytes, static_cast<std::size_t>(count));
    const Message message = scan_message(buffer_);
    if (message.size == 0) return;
    const bool accepted = message.head.starts_with("HTTP/1.1 2");
    if (!accepted && owner_.refused_ == 0) std::fprintf(stderr, "refused: %s\n", buffer_.c_str());
    buffer_.clear();
    owner_.answered(*this, event_, accepted);
  }

 private:
  Sender& owner_;
  int fd_;
  Event event_{};
  std::string buffer_;
};

Sender::Sender(const Poller& poller, Load load)
    : poller_(poller), load_(std::move(load)), timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  if (timer_ < 0) die("timerfd_create");
  poller_.add(timer_, this);
  for (std::uint64_t i = 0; i < load_.connections; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(load_.server_port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peers_.push_back(std::make_unique<Peer>(*this, fd));
    idle_.push_back(peers_.back().get());
    poller_.add(fd, peers_.back().get());
  }
}

Sender::~Sender() {
  close(timer_);
}

void Sender::start(std::int64_t start_ns, std::int64_t count_from_ns) {
  start_ns_ = start_ns;
  count_from_ns_ = count_from_ns;
  arm();
}

void Sender::ready(std::uint32_t) {
  std::uint64_t expirations = 0;
  if (read(timer_, &expirations, sizeof expirations) < 0 && errno != EAGAIN) die("read timer");
  const std::int64_t now = now_ns();
  const auto due_at = [this](std::uint64_t number) {
    return start_ns_ + static_cast<std::int64_t>(number * 1'000'000'000 / load_.rate);
  };
  for (; due_ < load_.total && due_at(due_) <= now; ++due_) waiting_.push_back({due_, due_at(due_)});
  dispatch();
  arm();
}

void Sender::dispatch() {
  while (!waiting_.empty() && !idle_.empty()) {
    const Event event = waiting_.front();
    waiting_.pop_front();
    Peer* const peer = idle_.back();
    idle_.pop_back();
    if (event.due_ns >= count_from_ns_) lag.add_ns(now_ns() - event.due_ns);
    peer->post(event);
  }
}

void Sender::answered(Peer& peer, const Event& event, bool accepted) {
  ++(accepted ? accepted_ : refused_);
  if (event.due_ns >= count_from_ns_) answers.add_ns(now_ns() - event.due_ns);
  idle_.push_back(&peer);
  dispatch();
}

void Sender::arm() {
  if (due_ == load_.total) return;
  const std::int64_t next = start_ns_ + static_cast<std::int64_t>(due_ * 1'000'000'000 / load_.rate);
  itimerspec when{};
  when.it_value.tv_sec = next / 1'000'000'000;
  when.it_value.tv_nsec = next % 1'000'000'000;
  if (timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr) != 0) die("timerfd_settime");
}

}  // namespace eventrelay::bench
