// A c-ares channel whose sockets and timeouts are served by the loop. Belongs to its loop's thread.
#pragma once
#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <unordered_map>

namespace eventrelay {

class AresChannel : public std::enable_shared_from_this<AresChannel> {
 public:
  /// servers: as DnsLimits::servers. Where c-ares cannot begin, handle() is nullptr.
  AresChannel(boost::asio::io_context& loop, const std::string& servers);
  ~AresChannel() { close(); }
  AresChannel(const AresChannel&) = delete;
  AresChannel& operator=(const AresChannel&) = delete;

  ares_channel handle() const { return channel_; }
  /// After each call into c-ares that may have begun or ended a query.
  void set_timer();
  /// Queries end with ARES_EDESTRUCTION before this returns. Not from inside one of their callbacks.
  void close();

 private:
  struct Socket {
    explicit Socket(boost::asio::io_context& loop) : descriptor(loop) {}
    boost::asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool waits_to_read = false;
    bool waits_to_write = false;
  };

  static void on_socket_state(void* self, ares_socket_t fd, int readable, int writable);
  void wait(ares_socket_t fd, const std::shared_ptr<Socket>& socket);
  void process(ares_socket_t readable, ares_socket_t writable);

  boost::asio::io_context& loop_;
  ares_channel channel_ = nullptr;
  boost::asio::steady_timer timer_;
  std::unordered_map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
};

}  // namespace eventrelay
