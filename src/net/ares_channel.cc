#include "net/ares_channel.h"

#include <sys/time.h>

#include <chrono>
#include <utility>

namespace eventrelay {
namespace {

constexpr int kQueryTimeoutMs = 2'000;  ///< of a server's first turn; doubles with each
constexpr int kQueryTurns = 3;

bool library_is_ready() {
  static const bool ready = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
  return ready;
}

}  // namespace

AresChannel::AresChannel(boost::asio::io_context& loop, const std::string& servers) : loop_(loop), timer_(loop) {
  if (!library_is_ready()) return;
  ares_options options{};
  options.timeout = kQueryTimeoutMs;
  options.tries = kQueryTurns;
  options.sock_state_cb = on_socket_state;
  options.sock_state_cb_data = this;
  if (ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
      ARES_SUCCESS) {
    channel_ = nullptr;
    return;
  }
  if (!servers.empty() && ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS) close();
}

void AresChannel::close() {
  timer_.cancel();
  if (ares_channel channel = std::exchange(channel_, nullptr)) ares_destroy(channel);
}

void AresChannel::on_socket_state(void* self, ares_socket_t fd, int readable, int writable) {
  auto& channel = *static_cast<AresChannel*>(self);
  auto& slot = channel.sockets_[fd];
  if (!readable && !writable) {
    // c-ares closes the socket itself.
    if (slot) slot->descriptor.release();
    channel.sockets_.erase(fd);
    return;
  }
  if (!slot) {
    slot = std::make_shared<Socket>(channel.loop_);
    boost::system::error_code ignored;
    slot->descriptor.assign(fd, ignored);
  }
  slot->wants_read = readable != 0;
  slot->wants_write = writable != 0;
  channel.wait(fd, slot);
}

void AresChannel::wait(ares_socket_t fd, const std::shared_ptr<Socket>& socket) {
  if (!socket->descriptor.is_open()) return;
  if (socket->wants_read && !std::exchange(socket->waits_to_read, true)) {
    socket->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  [weak = weak_from_this(), socket, fd](const boost::system::error_code&) {
                                    socket->waits_to_read = false;
                                    const auto self = weak.lock();
                                    if (!self || !socket->descriptor.is_open()) return;
                                    self->process(fd, ARES_SOCKET_BAD);
                                    if (self->channel_) self->wait(fd, socket);
                                  });
  }
  if (socket->wants_write && !std::exchange(socket->waits_to_write, true)) {
    socket->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                                  [weak = weak_from_this(), socket, fd](const boost::system::error_code&) {
                                    socket->waits_to_write = false;
                                    const auto self = weak.lock();
                                    if (!self || !socket->descriptor.is_open()) return;
                                    self->process(ARES_SOCKET_BAD, fd);
                                    if (self->channel_) self->wait(fd, socket);
                                  });
  }
}

void AresChannel::process(ares_socket_t readable, ares_socket_t writable) {
  if (!channel_) return;
  ares_process_fd(channel_, readable, writable);
  set_timer();
}

void AresChannel::set_timer() {
  timeval left{};
  if (!channel_ || !ares_timeout(channel_, nullptr, &left)) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) +
                       std::chrono::milliseconds(1));
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace eventrelay
