// The listening sockets of a process: one for each event loop, all on one address. At the start, on one thread.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace eventrelay {

/// Bound and listening, one a loop, in their order; port 0: one that is free. loops: at least one.
/// Errors: kUnavailable with a sentence for the operator; also where another program has the port.
Result<std::vector<boost::asio::ip::tcp::acceptor>> listen(const std::vector<boost::asio::io_context*>& loops,
                                                           boost::asio::ip::tcp::endpoint endpoint);

/// "127.0.0.1:8080"
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace eventrelay
