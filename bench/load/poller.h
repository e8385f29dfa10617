// The one event loop of the load program: level-triggered epoll. One thread uses it all.
#pragma once
#include <sys/epoll.h>
#include <time.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace eventrelay::bench {

/// Whoever owns a file descriptor in the poller; outlives its registration.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void ready(std::uint32_t events) = 0;
};

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// The clock of sender and receiver alike.
inline std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class Poller {
 public:
  Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) die("epoll_create1");
  }

  void add(int fd, Handler* handler) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = handler;
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  /// Calls what is ready, waits at most `wait_ms` for it. A handler may close and delete itself, no other.
  void run_once(int wait_ms) const {
    epoll_event events[64];
    const int count = epoll_wait(fd_, events, 64, wait_ms);
    if (count < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < count; ++i) static_cast<Handler*>(events[i].data.ptr)->ready(events[i].events);
  }

 private:
  int fd_;
};

}  // namespace eventrelay::bench
