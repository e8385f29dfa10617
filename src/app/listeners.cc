#include "app/listeners.h"

#include <sstream>

namespace eventrelay {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// shared: other loops of this process listen on the same port.
Result<tcp::acceptor> listen_on(asio::io_context& context, const tcp::endpoint& endpoint, bool shared) {
  tcp::acceptor acceptor(context);
  boost::system::error_code error;
  const auto step = [&](auto&& call) {
    if (!error) call();
  };
  step([&] { acceptor.open(endpoint.protocol(), error); });
  step([&] { acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  if (shared) step([&] { acceptor.set_option(ReusePort(true), error); });
  step([&] { acceptor.bind(endpoint, error); });
  step([&] { acceptor.listen(asio::socket_base::max_listen_connections, error); });
  if (error) return unavailable("Cannot listen on " + to_text(endpoint) + ": " + error.message());
  return acceptor;
}

}  // namespace

std::string to_text(const tcp::endpoint& endpoint) {
  std::ostringstream text;
  text << endpoint;
  return text.str();
}

Result<std::vector<tcp::acceptor>> listen(const std::vector<asio::io_context*>& loops, tcp::endpoint endpoint) {
  // Alone first, so that another program on the port is noticed and port 0 becomes one for all.
  {
    auto probe = listen_on(*loops.front(), endpoint, false);
    if (!probe) return probe.error();
    endpoint = probe->local_endpoint();
  }
  std::vector<tcp::acceptor> acceptors;
  for (asio::io_context* loop : loops) {
    auto acceptor = listen_on(*loop, endpoint, loops.size() > 1);
    if (!acceptor) return acceptor.error();
    acceptors.push_back(std::move(*acceptor));
  }
  return acceptors;
}

}  // namespace eventrelay
