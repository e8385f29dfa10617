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
  return unavailable("cannot connect to Redis at " + to_text(endpoint) + ": " + why);
}

/// A look-up of a name cannot be called off: whoever is first, it, the deadline or the timer's cancellation, answers.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  using Done = Completion<Result<Addresses>>;
  Lookup(std::shared_ptr<asio::steady_timer> timer, Done done)
      : resolver_(timer->get_executor()), timer_(std::move(timer)), done_(std::move(done)) {}

  void start(const RedisEndpoint& endpoint, Deadline deadline) {
    timer_->expires_at(deadline);
    timer_->async_wait([self = shared_from_this(), endpoint](const error_code&) {
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
    timer_->cancel();
    resolver_.cancel();
    std::move(done)(std::move(result));
  }

  tcp::resolver resolver_;
  std::shared_ptr<asio::steady_timer> timer_;
  Done done_;
};

asio::awaitable<Result<Addresses>> resolve(std::shared_ptr<asio::steady_timer> timer, RedisEndpoint endpoint,
                                           Deadline deadline) {
  error_code error;
  const auto address = asio::ip::make_address(endpoint.host, error);
  if (!error) co_return Addresses{{address, endpoint.port}};
  auto start = [&](auto done) {
    std::make_shared<Lookup>(timer, Lookup::Done(std::move(done)))->start(endpoint, deadline);
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

/// Each address gets an equal part of the time that is left.
asio::awaitable<error_code> RedisConnection::Impl::connect_first(std::shared_ptr<Impl> self, Addresses addresses,
                                                                 Deadline deadline) {
  const std::shared_ptr<tcp::socket> socket(self, &self->socket);
  error_code error = asio::error::host_not_found;
  for (std::size_t i = 0; i < addresses.size() && !self->ended; ++i) {
    const auto now = std::chrono::steady_clock::now();
    error_code ignored;
    socket->close(ignored);
    const Watch watch(self->context, socket, now + (deadline - now) / static_cast<long>(addresses.size() - i));
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await socket->async_connect(addresses[i], token);
    if (watch.is_late()) error = asio::error::timed_out;
    if (!error) break;
  }
  if (self->ended) error = asio::error::operation_aborted;
  if (!error) socket->set_option(tcp::no_delay(true), error);
  co_return error;
}

asio::awaitable<Result<void>> RedisConnection::Impl::reach(std::shared_ptr<Impl> self, Deadline deadline) {
  const RedisEndpoint& endpoint = self->options.url.endpoint;
  std::shared_ptr<asio::steady_timer> timer(self, &self->timer);
  Result<Addresses> addresses = co_await resolve(std::move(timer), endpoint, deadline);
  if (!addresses) co_return addresses.error();
  error_code error = co_await connect_first(self, *addresses, deadline);
  if (error) co_return unreachable(endpoint, error.message());
  if (!self->options.url.tls) co_return Result<void>();

  if (!self->options.tls) co_return unreachable(endpoint, "TLS is not set up");
  self->tls.emplace(self->socket, *self->options.tls);
  error_code is_name;
  asio::ip::make_address(endpoint.host, is_name);
  if (is_name) SSL_set_tlsext_host_name(self->tls->native_handle(), endpoint.host.c_str());
  self->tls->set_verify_callback(asio::ssl::host_name_verification(endpoint.host));
  const std::shared_ptr<tcp::socket> socket(self, &self->socket);
  const Watch watch(self->context, socket, deadline);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await self->tls->async_handshake(asio::ssl::stream_base::client, token);
  if (watch.is_late()) error = asio::error::timed_out;
  if (self->ended) error = asio::error::operation_aborted;
  if (error) co_return unreachable(endpoint, "TLS: " + error.message());
  co_return Result<void>();
}

asio::awaitable<Result<void>> RedisConnection::Impl::greet(std::shared_ptr<Impl> self, Deadline deadline) {
  self->open = true;
  self->read();
  Greeting greeting = make_greeting(self->options);
  auto start = [&](auto done) {
    self->run(std::move(greeting.batch), deadline, Completion<Result<RedisReplies>>(std::move(done)));
  };
  Result<RedisReplies> replies = co_await completion_of<Result<RedisReplies>>(std::move(start));
  if (!replies) co_return replies.error();
  for (std::size_t i = 0; i < greeting.must; ++i) {
    const RedisReply& reply = (*replies)[i];
    if (!reply.is_error()) continue;
    co_return unreachable(self->options.url.endpoint, without_secret(reply.text, self->options.url.password));
  }
  self->client_id = (*replies)[greeting.must].integer;
  self->ready = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> RedisConnection::Impl::connect(std::shared_ptr<Impl> self) {
  const Deadline deadline = std::chrono::steady_clock::now() + self->options.timeout;
  Result<void> connected = co_await reach(self, deadline);
  if (connected) connected = co_await greet(self, deadline);
  if (!connected) self->fail(connected.error().message);
  co_return connected;
}

}  // namespace eventrelay
