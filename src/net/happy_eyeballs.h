// Connects to the first of several checked addresses that answers (RFC 8305): families take turns, the next address
// starts 250 ms after the last or as soon as that failed. Belongs to its loop's thread.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "domain/target_url.h"
#include "net/client_stream.h"

namespace eventrelay {

inline constexpr std::chrono::milliseconds kConnectStagger{250};
inline constexpr std::size_t kConnectAddressesMax = 16;  ///< of one name; the rest is not tried

/// IPv6 first, then by turns, each family in its own order.
std::vector<IpAddress> in_turns(const std::vector<IpAddress>& addresses);

/// "203.0.113.7:443", "[2001:db8::1]:443".
std::string address_text(const boost::asio::ip::tcp::endpoint& endpoint);

class HappyEyeballs : public std::enable_shared_from_this<HappyEyeballs> {
 public:
  /// A connected socket with Nagle's delay off; or none, and why the last address failed.
  using Done = std::function<void(LoopSocket* socket, const IpAddress& peer, std::string fault)>;

  /// Calls `done` once, never from inside start(), unless cancel() comes first. No deadline of its own.
  /// addresses: judged already; nothing else is connected to.
  HappyEyeballs(boost::asio::io_context& loop, const std::vector<IpAddress>& addresses, std::uint16_t port, Done done);
  void start();
  void cancel();

 private:
  struct Try {
    explicit Try(boost::asio::io_context& loop) : socket(loop.get_executor()) {}
    LoopSocket socket;
    IpAddress address;
  };

  void start_next();
  void connected(const std::shared_ptr<Try>& which, const boost::system::error_code& error);
  void failed(const boost::asio::ip::tcp::endpoint& endpoint, const boost::system::error_code& error);
  void end(LoopSocket* socket, const IpAddress& peer);

  boost::asio::io_context& loop_;
  std::vector<IpAddress> addresses_;
  std::uint16_t port_;
  Done done_;
  boost::asio::steady_timer stagger_;
  std::vector<std::shared_ptr<Try>> tries_;
  std::size_t next_ = 0;
  std::size_t open_ = 0;
  std::string fault_;
};

}  // namespace eventrelay
