#include "net/happy_eyeballs.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace eventrelay {
namespace {

using boost::asio::ip::tcp;

tcp::endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
  if (!address.is_v4()) return {boost::asio::ip::address_v6(address.bytes), port};
  boost::asio::ip::address_v4::bytes_type v4;
  std::copy_n(address.bytes.begin() + 12, 4, v4.begin());
  return {boost::asio::ip::address_v4(v4), port};
}

}  // namespace

std::vector<IpAddress> in_turns(const std::vector<IpAddress>& addresses) {
  std::vector<IpAddress> v6, v4, mixed;
  for (const IpAddress& address : addresses) (address.is_v4() ? v4 : v6).push_back(address);
  for (std::size_t i = 0; i < std::max(v6.size(), v4.size()); ++i) {
    if (i < v6.size()) mixed.push_back(v6[i]);
    if (i < v4.size()) mixed.push_back(v4[i]);
  }
  return mixed;
}

std::string address_text(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? '[' + address + "]:" + port : address + ':' + port;
}

HappyEyeballs::HappyEyeballs(boost::asio::io_context& loop, const std::vector<IpAddress>& addresses, std::uint16_t port,
                             Done done)
    : loop_(loop), addresses_(in_turns(addresses)), port_(port), done_(std::move(done)), stagger_(loop) {
  if (addresses_.size() > kConnectAddressesMax) addresses_.resize(kConnectAddressesMax);
}

void HappyEyeballs::start() {
  start_next();
}

void HappyEyeballs::start_next() {
  if (next_ >= addresses_.size()) return;
  auto attempt = std::make_shared<Try>(loop_);
  attempt->address = addresses_[next_++];
  const tcp::endpoint endpoint = endpoint_of(attempt->address, port_);
  tries_.push_back(attempt);
  ++open_;
  boost::system::error_code error;
  attempt->socket.open(endpoint.protocol(), error);
  if (!error) attempt->socket.non_blocking(true, error);
  if (!error) attempt->socket.set_option(tcp::no_delay(true), error);
  if (error) {
    boost::asio::post(loop_, [self = shared_from_this(), attempt, error] { self->connected(attempt, error); });
  } else {
    attempt->socket.async_connect(endpoint,
                                  [self = shared_from_this(), attempt](const boost::system::error_code& result) {
                                    self->connected(attempt, result);
                                  });
  }
  if (next_ >= addresses_.size()) return;
  stagger_.expires_after(kConnectStagger);
  stagger_.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    if (!cancelled && self->done_) self->start_next();
  });
}

void HappyEyeballs::connected(const std::shared_ptr<Try>& which, const boost::system::error_code& error) {
  if (!done_) return;
  if (!error) return end(&which->socket, which->address);
  --open_;
  failed(endpoint_of(which->address, port_), error);
}

void HappyEyeballs::failed(const tcp::endpoint& endpoint, const boost::system::error_code& error) {
  fault_ = "cannot connect to " + address_text(endpoint) + ": " + error.message();
  if (next_ < addresses_.size()) {
    stagger_.cancel();
    return start_next();
  }
  if (open_ == 0) end(nullptr, {});
}

void HappyEyeballs::end(LoopSocket* socket, const IpAddress& peer) {
  const Done done = std::exchange(done_, nullptr);
  LoopSocket* const winner = socket;
  stagger_.cancel();
  const auto tries = std::exchange(tries_, {});
  for (const auto& other : tries) {
    boost::system::error_code ignored;
    if (&other->socket != winner) other->socket.close(ignored);
  }
  done(winner, peer, std::move(fault_));
}

void HappyEyeballs::cancel() {
  done_ = nullptr;
  stagger_.cancel();
  for (const auto& open : std::exchange(tries_, {})) {
    boost::system::error_code ignored;
    open->socket.close(ignored);
  }
}

}  // namespace eventrelay
