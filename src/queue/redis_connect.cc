// How a connection to Redis begins.
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "queue/redis_connection_impl.h"

namespace eventrelay {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Deadline = RedisConnection::Deadline;
using Addresses = std::vector<tcp::endpoint>;

Error unreachable(const RedisEndpoint& endpoint, const std::string& why) {
  return Error{ErrorCode::kUnavailable, "cannot connect to Redis at " + to_text(endpoint) + ": " + why, {}};
}

/// A look-up of a name cannot be called off: whoever is first, it or the deadline, answers.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  using Done = Completion<Result<Addresses>>;
  Lookup(asio::io_context& context, Done done) : resolver_(context), timer_(context), done_(std::move(done)) {}

  void start(const RedisEndpoint& endpoint, Deadline deadline) {
    timer_.expires_at(deadline);
    timer_.async_wait([self = shared_from_this(), endpoint](const error_code&) {
      self->end(unreachable(endpoint, "its name was not resolved in time"));
    });
    resolver_.async_resolve(endpoint.host, std::to_string(endpoint.port),
                            [self = shared_from_this(), endpoint](const error_code& error, const auto& found) {
                              if (error) return self->end(unreachable(endpoint, error.message()));
                              Addresses addresses;
                              for (const auto& entry : found) addresses.push_back(entry.endpoint());
                              self->end(std::move(addresses));
                            });
  }

 private:
  void end(Result<Addresses> result) {
    if (!done_) return;
    auto done = std::exchange(done_, nullptr);
    timer_.cancel();
    resolver_.cancel();
    std::move(done)(std::move(result));
  }

  tcp::resolver resolver_;
  asio::steady_timer timer_;
  Done done_;
};

asio::awaitable<Result<Addresses>> resolve(asio::io_context& context, RedisEndpoint endpoint, Deadline deadline) {
  error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (!error) co_return Addresses{{address, endpoint.port}};
  auto start = [&](auto done) {
    std::make_shared<Lookup>(context, Lookup::Done(std::move(done)))->start(endpoint, deadline);
  };
  Result<Addresses> found = co_await completion_of<Result<Addresses>>(std::move(start));
  co_return found;
}

/// Closes the socket at the deadline unless it is let go before.
class Watch {
 public:
  Watch(asio::io_context& context, std::shared_ptr<tcp::socket> socket, Deadline deadline)
      : timer_(std::make_shared<asio::steady_timer>(context, deadline)) {
    timer_->async_wait([socket = std::move(socket), timer = timer_, late = late_](const error_code& error) {
      if (error) return;
      *late = true;
      error_code ignored;
      socket->close(ignored);
    });
  }
  ~Watch() { timer_->cancel(); }
  bool is_late() const { return *late_; }

 private:
  std::shared_ptr<bool> late_ = std::make_shared<bool>(false);
  std::shared_ptr<asio::steady_timer> timer_;
};

/// Each address gets an equal part of the time that is left.
asio::awaitable<error_code> connect_first(asio::io_context& context, std::shared_ptr<tcp::socket> socket,
                                          Addresses addresses, Deadline deadline) {
  error_code error = asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto now = std::chrono::steady_clock::now();
    error_code ignored;
    socket->close(ignored);
    const Watch watch(context, socket, now + (deadline - now) / static_cast<long>(addresses.size() - i));
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await socket->async_connect(addresses[i], token);
    if (watch.is_late()) error = asio::error::timed_out;
    if (!error) break;
  }
  if (!error) socket->set_option(tcp::no_delay(true), error);
  co_return error;
}

/// A server may repeat what it did not understand.
std::string without_secret(std::string text, const std::string& secret) {
  if (secret.empty()) return text;
  constexpr std::string_view kInstead = "(password)";
  for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + kInstead.size()))
    text.replace(at, secret.size(), kInstead);
  return text;
}

struct Greeting {
  RedisBatch batch;
  std::size_t must = 0;  ///< so many at the front have to succeed; then CLIENT ID, then the name
};

Greeting make_greeting(const RedisConnectOptions& options) {
  Greeting greeting;
  const RedisUrl& url = options.url;
  if (!url.user.empty()) {
    greeting.batch.add({"AUTH", url.user, url.password});
  } else if (!url.password.empty()) {
    greeting.batch.add({"AUTH", url.password});
  }
  if (url.database != 0) greeting.batch.add({"SELECT", std::to_string(url.database)});
  greeting.batch.add({"PING"});
  greeting.must = greeting.batch.commands;
  greeting.batch.add({"CLIENT", "ID"});
  if (!options.name.empty()) greeting.batch.add({"CLIENT", "SETNAME", options.name});
  return greeting;
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<RedisConnection>>> RedisConnection::connect(asio::io_context& context,
                                                                                   RedisConnectOptions options) {
  const Deadline deadline = std::chrono::steady_clock::now() + options.timeout;
  const RedisEndpoint endpoint = options.url.endpoint;
  auto impl = std::make_shared<Impl>(context, std::move(options));
  Result<Addresses> addresses = co_await resolve(context, endpoint, deadline);
  if (!addresses) co_return addresses.error();

  std::shared_ptr<tcp::socket> socket(impl, &impl->socket);
  error_code error = co_await connect_first(context, socket, *addresses, deadline);
  if (error) co_return unreachable(endpoint, error.message());
  if (impl->options.url.tls) {
    if (!impl->options.tls) co_return unreachable(endpoint, "TLS is not set up");
    impl->tls.emplace(impl->socket, *impl->options.tls);
    error_code is_name;
    asio::ip::make_address(endpoint.host, is_name);
    if (is_name) SSL_set_tlsext_host_name(impl->tls->native_handle(), endpoint.host.c_str());
    impl->tls->set_verify_callback(asio::ssl::host_name_verification(endpoint.host));
    const Watch watch(context, socket, deadline);
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await impl->tls->async_handshake(asio::ssl::stream_base::client, token);
    if (watch.is_late()) error = asio::error::timed_out;
    if (error) co_return unreachable(endpoint, "TLS: " + error.message());
  }

  impl->open = true;
  impl->read();
  std::unique_ptr<RedisConnection> connection(new RedisConnection(impl));
  Greeting greeting = make_greeting(impl->options);
  Result<RedisReplies> replies = co_await connection->run(std::move(greeting.batch), deadline);
  if (!replies) co_return replies.error();
  for (std::size_t i = 0; i < greeting.must; ++i) {
    const RedisReply& reply = (*replies)[i];
    if (!reply.is_error()) continue;
    co_return unreachable(endpoint, without_secret(reply.text, impl->options.url.password));
  }
  impl->client_id = (*replies)[greeting.must].integer;
  co_return connection;
}

}  // namespace eventrelay
