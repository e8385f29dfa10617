// One client's connection to the HTTP server, and what the connections of one loop share. For http_server.cc.
// Belongs to its loop's thread. One coroutine a connection; deadlines are swept, not timed one by one.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "net/http_server.h"
#include "net/read_buffer.h"

namespace eventrelay {

class BodyShare;
class HttpConnection;
class RequestParser;
struct RequestFault;

/// Handed to a connection that came past the limit: it gets a 503 and is not counted.
enum class Admission { kServed, kRefused };

struct HttpLoopState {
  HttpLoopState(boost::asio::io_context& io, HttpServerLimits server_limits, HttpServerShared& server_shared,
                Metrics& server_metrics, BodyRules rules_of_bodies, HttpHandler request_handler);

  /// Reads the clock; between calls every deadline is reckoned from the last one.
  void refresh_clock();
  /// Ends what has passed its deadline, every `tick`, for as long as there are connections.
  void arm_sweep(std::shared_ptr<HttpLoopState> self);

  HttpServerLimits limits;
  HttpServerShared& shared;
  Metrics& metrics;
  BodyRules body_rules;
  HttpHandler handler;

  std::chrono::milliseconds tick;
  std::chrono::steady_clock::time_point now{};
  std::string date;  ///< of the Date header
  std::list<HttpConnection*> connections;
  std::size_t refused = 0;  ///< of them, those that are only told 503
  bool stopping = false;
  bool sweeping = false;
  boost::asio::steady_timer sweep;
  boost::asio::steady_timer drained;  ///< cancelled when the last connection is gone
};

class HttpConnection {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, std::string remote_address, std::shared_ptr<HttpLoopState> state,
                 Admission admission);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Answers requests until the connection is to end.
  static boost::asio::awaitable<void> serve(std::shared_ptr<HttpConnection> self);
  /// Says 503 and closes.
  static boost::asio::awaitable<void> refuse(std::shared_ptr<HttpConnection> self);

  /// Acts on a passed deadline: a request that is not all there is answered 408, everything else is closed.
  void expire_if_due();
  /// Closes now if no request has begun; ends a stream.
  void end_if_idle();
  void close();

 private:
  enum class Phase { kIdle, kHead, kBody, kHandling, kWriting, kStreaming, kLingering };
  enum class BodyEnd { kComplete, kClosed, kTooLarge, kNoRoom, kTooSlow, kInvalid };

  static std::optional<RequestFault> fault_of(BodyEnd end);
  void enter(Phase phase, std::chrono::milliseconds limit);
  std::size_t find_head();
  void wait_for_head();
  boost::asio::awaitable<BodyEnd> read_body(RequestParser& parser, std::size_t limit, std::string& body,
                                            BodyShare& share);
  boost::asio::awaitable<BodyEnd> read_sized(std::size_t length, std::string& body, BodyShare& share);
  boost::asio::awaitable<BodyEnd> read_chunked(RequestParser& parser, std::size_t limit, std::string& body,
                                               BodyShare& share);
  bool write_now(std::string_view& head, std::string_view& tail);
  boost::asio::awaitable<void> write_rest(std::string_view head, std::string_view tail);
  static boost::asio::awaitable<void> write_stream(std::shared_ptr<HttpConnection> self);
  bool is_too_slow() const;
  boost::asio::awaitable<void> linger();
  void frame_answer(const HttpResponse& response, bool keep_alive, bool http_1_1, bool body_follows);

  std::shared_ptr<HttpLoopState> state_;
  boost::asio::ip::tcp::socket socket_;
  std::string remote_address_;
  Admission admission_;
  std::list<HttpConnection*>::iterator place_;
  Phase phase_ = Phase::kIdle;
  std::chrono::steady_clock::time_point deadline_;
  bool expired_ = false;
  bool broken_ = false;       ///< a write failed
  ReadBuffer in_;             ///< holds the head in place while its request is answered
  ReadBuffer raw_;            ///< of a chunked body; after it, what belongs to the next request
  std::size_t searched_ = 0;  ///< bytes of in_ known not to hold the end of a head
  std::string out_;
  std::shared_ptr<ResponseStream> stream_;  ///< that is being written
};

}  // namespace eventrelay
