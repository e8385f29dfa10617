// How a connection reads a request's body.
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>

#include "net/body_share.h"
#include "net/http_connection.h"
#include "net/http_request_parser.h"

namespace eventrelay {
namespace {

namespace asio = boost::asio;
using SystemError = boost::system::error_code;

/// First allotment of a body that is not all there yet; then it doubles. What is declared but not sent costs nothing.
constexpr std::size_t kBodyAllotment = 64 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

std::optional<RequestFault> HttpConnection::fault_of(BodyEnd end) {
  switch (end) {
    case BodyEnd::kComplete:
    case BodyEnd::kClosed:
      return std::nullopt;
    case BodyEnd::kTooLarge:
      return RequestFault{413, "The body is too large."};
    case BodyEnd::kNoRoom:
      return RequestFault{503, "Too many bytes are being taken in."};
    case BodyEnd::kTooSlow:
      return RequestFault{408, "The request's body took too long."};
    case BodyEnd::kInvalid:
      return RequestFault{400, "The chunked body is not valid."};
  }
  return std::nullopt;
}

/// body: what of it came with the head.
asio::awaitable<HttpConnection::BodyEnd> HttpConnection::read_body(RequestParser& parser, std::size_t limit,
                                                                   std::string& body, BodyShare& share) {
  enter(Phase::kBody, state_->limits.body_read);
  if (parser.expects_continue && body.empty()) {
    SystemError error;
    // Into an empty send buffer: fits, or the client is gone.
    if (socket_.write_some(asio::buffer(kContinue), error) != kContinue.size()) co_return BodyEnd::kClosed;
  }
  if (!parser.chunked_body) co_return co_await read_sized(parser.content_length_bytes, body, share);
  raw_.clear();
  raw_.append(body);
  body.clear();
  co_return co_await read_chunked(parser, limit, body, share);
}

asio::awaitable<HttpConnection::BodyEnd> HttpConnection::read_sized(std::size_t length, std::string& body,
                                                                    BodyShare& share) {
  SystemError error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  auto filled = body.size();
  while (filled < length) {
    if (filled == body.size()) {
      const auto allotted = std::min(length, std::max(kBodyAllotment, filled * 2));
      if (!share.grow_to(allotted)) co_return BodyEnd::kNoRoom;
      body.resize(allotted);
    }
    const auto buffer = asio::buffer(body.data() + filled, body.size() - filled);
    filled += co_await socket_.async_read_some(buffer, token);
    if (expired_) co_return BodyEnd::kTooSlow;
    if (error) co_return BodyEnd::kClosed;
  }
  assert(body.size() == length);
  co_return BodyEnd::kComplete;
}

asio::awaitable<HttpConnection::BodyEnd> HttpConnection::read_chunked(RequestParser& parser, std::size_t limit,
                                                                      std::string& body, BodyShare& share) {
  SystemError error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  while (true) {
    while (!raw_.empty() && !parser.chunks_done()) {
      std::size_t taken = 0;
      if (auto fault = parser.read_chunks(raw_.view(), body, limit, taken)) {
        co_return fault->status == 413 ? BodyEnd::kTooLarge : BodyEnd::kInvalid;
      }
      raw_.consume(taken);
      if (taken == 0) break;
    }
    if (parser.chunks_done()) co_return BodyEnd::kComplete;
    // What is left is the head of a chunk or the trailers.
    if (raw_.size() > state_->limits.header_bytes) co_return BodyEnd::kInvalid;
    if (!share.grow_to(body.capacity() + raw_.size() + kBodyAllotment)) co_return BodyEnd::kNoRoom;
    const auto [place, room] = raw_.room();
    const auto buffer = asio::buffer(place, room);
    const auto count = co_await socket_.async_read_some(buffer, token);
    if (expired_) co_return BodyEnd::kTooSlow;
    if (error) co_return BodyEnd::kClosed;
    raw_.commit(count);
  }
}

}  // namespace eventrelay
