#include "net/http_server.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/task_group.h"
#include "net/http_connection.h"
#include "net/http_response_writer.h"

namespace eventrelay {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using SystemError = boost::system::error_code;

/// Connections past the limit that are being told so at one time; beyond them they are closed without a word.
constexpr std::size_t kRefusedMax = 256;
/// The wait after an accept that failed, most likely for want of a file descriptor.
constexpr std::chrono::milliseconds kAcceptPause{50};

std::chrono::milliseconds tick_for(const HttpServerLimits& limits) {
  const auto shortest =
      std::min({limits.idle, limits.header_read, limits.body_read, limits.write, limits.stream_write});
  return std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(250));
}

}  // namespace

HttpLoopState::HttpLoopState(asio::io_context& io, HttpServerLimits server_limits, HttpServerShared& server_shared,
                             Metrics& server_metrics, BodyRules rules_of_bodies, HttpHandler request_handler)
    : limits(server_limits),
      shared(server_shared),
      metrics(server_metrics),
      body_rules(std::move(rules_of_bodies)),
      handler(std::move(request_handler)),
      tick(tick_for(limits)),
      sweep(io),
      drained(io) {
  refresh_clock();
}

void HttpLoopState::refresh_clock() {
  now = std::chrono::steady_clock::now();
  date = format_http_date(std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
}

void HttpLoopState::arm_sweep(std::shared_ptr<HttpLoopState> self) {
  sweeping = true;
  sweep.expires_after(tick);
  sweep.async_wait([self = std::move(self)](SystemError error) {
    auto& state = *self;
    state.sweeping = false;
    if (error || state.connections.empty()) return;
    state.refresh_clock();
    for (auto* connection : state.connections) connection->expire_if_due();
    state.arm_sweep(self);
  });
}

class HttpServer::Impl {
 public:
  Impl(asio::io_context& io, tcp::acceptor listener, std::shared_ptr<HttpLoopState> loop_state)
      : tasks(io, "the HTTP server"), acceptor(std::move(listener)), pause(io), state(std::move(loop_state)) {}

  static asio::awaitable<void> accept(std::shared_ptr<Impl> self);
  static asio::awaitable<void> stop(std::shared_ptr<Impl> self, std::chrono::milliseconds grace);
  void admit(tcp::socket socket, const tcp::endpoint& peer);
  void close_acceptor();
  void close_connections();

  TaskGroup tasks;  ///< who accepts, and the connections
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::shared_ptr<HttpLoopState> state;
};

asio::awaitable<void> HttpServer::Impl::accept(std::shared_ptr<Impl> self) {
  auto& server = *self;
  SystemError error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  tcp::endpoint peer;
  while (!server.state->stopping) {
    tcp::socket socket = co_await server.acceptor.async_accept(peer, token);
    if (server.state->stopping) co_return;
    if (!error) {
      server.admit(std::move(socket), peer);
    } else {
      server.pause.expires_after(kAcceptPause);
      co_await server.pause.async_wait(token);
    }
  }
}

void HttpServer::Impl::admit(tcp::socket socket, const tcp::endpoint& peer) {
  auto& shared = state->shared;
  const bool room = shared.connections.fetch_add(1, std::memory_order_relaxed) < state->limits.connections;
  if (!room) {
    shared.connections.fetch_sub(1, std::memory_order_relaxed);
    if (state->refused >= kRefusedMax) return;
  }
  SystemError error;
  socket.set_option(tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  if (!state->sweeping) {
    state->refresh_clock();
    state->arm_sweep(state);
  }
  auto connection = std::make_shared<HttpConnection>(std::move(socket), peer.address().to_string(), state,
                                                     room ? Admission::kServed : Admission::kRefused);
  tasks.spawn(room ? HttpConnection::serve(connection) : HttpConnection::refuse(connection));
}

void HttpServer::Impl::close_acceptor() {
  SystemError ignored;
  acceptor.close(ignored);
  pause.cancel();
}

void HttpServer::Impl::close_connections() {
  for (auto* connection : state->connections) connection->close();
}

asio::awaitable<void> HttpServer::Impl::stop(std::shared_ptr<Impl> self, std::chrono::milliseconds grace) {
  auto& server = *self;
  auto& state = *server.state;
  SystemError ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  state.stopping = true;
  server.close_acceptor();
  for (auto* connection : state.connections) connection->end_if_idle();
  if (!state.connections.empty()) {
    state.drained.expires_after(grace);
    co_await state.drained.async_wait(token);
    server.close_connections();
  }
  co_await server.tasks.join();
  state.sweep.cancel();
}

HttpServer::HttpServer(asio::io_context& loop, tcp::acceptor acceptor, HttpServerLimits limits,
                       HttpServerShared& shared, Metrics& metrics, BodyRules body_rules, HttpHandler handler)
    : impl_(std::make_shared<Impl>(
          loop, std::move(acceptor),
          std::make_shared<HttpLoopState>(loop, limits, shared, metrics, std::move(body_rules), std::move(handler)))) {}

HttpServer::~HttpServer() {
  impl_->state->stopping = true;
  impl_->close_acceptor();
  impl_->close_connections();
}

void HttpServer::start() {
  impl_->tasks.spawn(Impl::accept(impl_));
}

asio::awaitable<void> HttpServer::stop(std::chrono::milliseconds grace) {
  return Impl::stop(impl_, grace);
}

}  // namespace eventrelay
