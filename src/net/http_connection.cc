#include "net/http_connection.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "net/body_share.h"
#include "net/http_request_parser.h"
#include "net/http_response_writer.h"

namespace eventrelay {
namespace {

namespace asio = boost::asio;
using SystemError = boost::system::error_code;

/// An answer up to this goes out in one piece with its head; a larger body is not copied.
constexpr std::size_t kCopiedBodyBytes = 16 * 1024;
/// How long a closed connection's last bytes are read, so that the client sees the answer and not a reset.
constexpr std::chrono::milliseconds kLinger{2'000};
constexpr std::chrono::milliseconds kLingerStopping{200};
constexpr int kStreamSendBufferBytes = 32 * 1024;

HttpResponse answer_to(const RequestFault& fault) {
  auto response = plain_problem(fault.status, fault.detail);
  if (fault.status == 503) response.headers.emplace_back("retry-after", "1");
  return response;
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, std::string remote_address,
                               std::shared_ptr<HttpLoopState> state, Admission admission)
    : state_(std::move(state)),
      socket_(std::move(socket)),
      remote_address_(std::move(remote_address)),
      admission_(admission),
      place_(state_->connections.insert(state_->connections.end(), this)),
      deadline_(state_->now + state_->limits.idle) {
  if (admission_ == Admission::kRefused) {
    ++state_->refused;
  } else {
    state_->metrics.connections.Increment();
  }
}

HttpConnection::~HttpConnection() {
  if (admission_ == Admission::kRefused) {
    --state_->refused;
  } else {
    state_->shared.connections.fetch_sub(1, std::memory_order_relaxed);
    state_->metrics.connections.Decrement();
  }
  state_->connections.erase(place_);
  if (state_->connections.empty() && state_->stopping) state_->drained.cancel();
}

void HttpConnection::close() {
  SystemError ignored;
  socket_.close(ignored);
}

void HttpConnection::end_if_idle() {
  if (phase_ == Phase::kIdle) close();
  if (!stream_) return;
  stream_->end();
  if (phase_ == Phase::kStreaming) close();
}

/// A stream's piece is being written, for too long or while too much comes after it.
bool HttpConnection::is_too_slow() const {
  return phase_ == Phase::kStreaming && (state_->now >= deadline_ || stream_->is_behind());
}

void HttpConnection::expire_if_due() {
  if (is_too_slow()) {
    stream_->drop();
    return close();
  }
  if (phase_ == Phase::kHandling || state_->now < deadline_) return;
  if (phase_ != Phase::kHead && phase_ != Phase::kBody) return close();
  expired_ = true;
  SystemError ignored;
  socket_.cancel(ignored);
}

void HttpConnection::enter(Phase phase, std::chrono::milliseconds limit) {
  phase_ = phase;
  deadline_ = state_->now + limit + state_->tick;
}

/// The size of the request's head with its empty line; 0 when it is not all there. Drops empty lines before it.
std::size_t HttpConnection::find_head() {
  while (in_.view().starts_with("\r\n")) {
    in_.consume(2);
    searched_ = 0;
  }
  const auto end = in_.view().find("\r\n\r\n", searched_);
  if (end == std::string_view::npos) {
    searched_ = in_.size() < 3 ? 0 : in_.size() - 3;
    return 0;
  }
  searched_ = 0;
  return end + 4;
}

void HttpConnection::wait_for_head() {
  if (in_.empty()) {
    enter(Phase::kIdle, state_->limits.idle);
  } else if (phase_ != Phase::kHead) {  // the first byte sets the deadline, later ones do not move it
    enter(Phase::kHead, state_->limits.header_read);
  }
}

asio::awaitable<void> HttpConnection::serve(std::shared_ptr<HttpConnection> self) {
  auto& c = *self;
  auto& state = *c.state_;
  const auto& limits = state.limits;
  SystemError error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  bool keep_alive = true;
  while (keep_alive) {
    std::optional<RequestFault> fault;
    std::size_t head_bytes = 0;
    while ((head_bytes = c.find_head()) == 0 && c.in_.size() <= limits.header_bytes) {
      c.wait_for_head();
      if (state.stopping && c.phase_ == Phase::kIdle) co_return;
      const auto [place, room] = c.in_.room();
      const auto buffer = asio::buffer(place, room);
      const auto count = co_await c.socket_.async_read_some(buffer, token);
      if (c.expired_) {
        fault = RequestFault{408, "The request's head took too long."};
        break;
      }
      if (error) co_return;
      c.in_.commit(count);
    }
    if (!fault && (head_bytes == 0 || head_bytes > limits.header_bytes)) {
      fault = RequestFault{431, "The request's head is too large."};
    }

    RequestParser parser(limits.header_bytes);
    BodyShare share(state.shared, limits.ingest_bytes);
    HttpRequest request;
    std::optional<HttpResponse> refusal;
    std::size_t used = head_bytes;
    if (!fault) fault = parser.read_head(c.in_.view().substr(0, head_bytes));
    request.method = parser.method;
    request.target = parser.target;
    request.headers = std::move(parser.headers);
    request.remote_address = c.remote_address_;
    if (!fault && parser.has_body()) {
      const auto limit = state.body_rules.bytes_max(parser.method, parser.target);
      const auto length = parser.content_length_bytes;
      const bool all_there = !parser.chunked_body && c.in_.size() - head_bytes >= length;
      if (!all_there) {
        c.phase_ = Phase::kHandling;
        auto asked = state.body_rules.refusal(request);
        refusal = co_await std::move(asked);
      }
      if (refusal) {
        // Whoever may not do this has no share of the bytes of bodies.
      } else if (limit == 0 || length > limit) {
        fault = RequestFault{413, "The body is too large."};
      } else if (all_there) {
        if (!share.grow_to(length)) fault = RequestFault{503, "Too many bytes are being taken in."};
        request.body.assign(c.in_.view().substr(head_bytes, length));
        used += length;
      } else {
        request.body.assign(c.in_.view().substr(head_bytes));
        used = c.in_.size();
        const auto end = co_await c.read_body(parser, limit, request.body, share);
        if (end == BodyEnd::kClosed) co_return;
        fault = fault_of(end);
      }
    }

    c.phase_ = Phase::kHandling;
    HttpResponse response;
    const bool head_only = !fault && parser.method == "HEAD";
    if (fault) {
      response = answer_to(*fault);
    } else if (refusal) {
      response = std::move(*refusal);
    } else {
      try {
        auto answer = state.handler(std::move(request));
        response = co_await std::move(answer);
      } catch (const std::exception& exception) {
        spdlog::error("a request failed: {}", exception.what());
        response = plain_problem(500, "An internal error; the server's log has more.");
      }
    }
    state.metrics.requests.Increment();
    keep_alive = !fault && !refusal && !response.stream && parser.keep_alive() && !state.stopping;
    c.frame_answer(response, keep_alive, parser.http_1_1, !head_only);
    std::string_view head = c.out_;
    std::string_view tail;
    if (!head_only && response.content().size() > kCopiedBodyBytes) tail = response.content();
    if (!c.write_now(head, tail)) co_await c.write_rest(head, tail);
    if (c.broken_) co_return;
    if (response.stream && !head_only) {
      c.stream_ = std::move(response.stream);
      auto streaming = write_stream(self);
      co_await std::move(streaming);
      if (c.broken_) co_return;
      break;
    }
    if (parser.chunked_body && !fault && !refusal) {
      std::swap(c.in_, c.raw_);
      c.raw_.clear();
    } else {
      c.in_.consume(used);
    }
  }
  co_await c.linger();
}

void HttpConnection::frame_answer(const HttpResponse& response, bool keep_alive, bool http_1_1, bool body_follows) {
  out_.clear();
  append_response_head(out_, response, {keep_alive, http_1_1, state_->date});
  const auto content = response.content();
  if (body_follows && content.size() <= kCopiedBodyBytes) out_.append(content);
}

/// Writes what the socket takes at once and cuts it off the views; true when nothing is left to do.
bool HttpConnection::write_now(std::string_view& head, std::string_view& tail) {
  SystemError error;
  while (!head.empty() || !tail.empty()) {
    std::size_t count = 0;
    if (tail.empty()) {
      count = socket_.write_some(asio::buffer(head), error);
    } else {
      const std::array buffers = {asio::buffer(head), asio::buffer(tail)};
      count = socket_.write_some(buffers, error);
    }
    if (error) {
      broken_ = error != asio::error::would_block && error != asio::error::try_again;
      return broken_;
    }
    const auto of_head = std::min(count, head.size());
    head.remove_prefix(of_head);
    tail.remove_prefix(count - of_head);
  }
  return true;
}

asio::awaitable<void> HttpConnection::write_rest(std::string_view head, std::string_view tail) {
  if (stream_) {
    enter(Phase::kStreaming, state_->limits.stream_write);
  } else {
    enter(Phase::kWriting, state_->limits.write);
  }
  SystemError error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  do {
    co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, token);
    broken_ = static_cast<bool>(error);
  } while (!broken_ && !write_now(head, tail));
}

/// The system's buffer is small, so that a client that does not read is found out, and 200 of them cost little.
asio::awaitable<void> HttpConnection::write_stream(std::shared_ptr<HttpConnection> self) {
  auto& c = *self;
  SystemError ignored;
  c.socket_.set_option(asio::socket_base::send_buffer_size(kStreamSendBufferBytes), ignored);
  // What a client sends now is of no use, but for its end.
  c.socket_.async_wait(asio::ip::tcp::socket::wait_read, [self](const SystemError&) {
    if (self->stream_) self->stream_->end();
  });
  if (c.state_->stopping) c.stream_->end();
  try {
    while (!c.broken_) {
      c.phase_ = Phase::kHandling;
      c.out_.clear();
      auto waiting = c.stream_->next(c.out_);
      const bool more = co_await std::move(waiting);
      if (!more) break;
      std::string_view text = c.out_;
      std::string_view none;
      if (!c.write_now(text, none)) co_await c.write_rest(text, none);
    }
  } catch (const std::exception& exception) {
    spdlog::error("a stream failed: {}", exception.what());
  }
  // The wait for what the client sends may keep the connection in the list for a moment: nothing is written any more.
  c.phase_ = Phase::kHandling;
  c.stream_.reset();
  c.socket_.cancel(ignored);
}

/// Reads and drops what the client still sends, so that closing does not reset the answer away.
asio::awaitable<void> HttpConnection::linger() {
  SystemError error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) co_return;
  enter(Phase::kLingering, state_->stopping ? kLingerStopping : kLinger);
  auto token = asio::redirect_error(asio::use_awaitable, error);
  in_.clear();
  const auto [place, room] = in_.room();
  const auto buffer = asio::buffer(place, room);
  while (!error) co_await socket_.async_read_some(buffer, token);
}

asio::awaitable<void> HttpConnection::refuse(std::shared_ptr<HttpConnection> self) {
  auto& c = *self;
  c.phase_ = Phase::kHandling;
  const auto response = answer_to({503, "Too many connections."});
  c.frame_answer(response, false, true, true);
  std::string_view head = c.out_;
  std::string_view tail;
  if (!c.write_now(head, tail) || c.broken_) co_return;
  co_await c.linger();
}

}  // namespace eventrelay
