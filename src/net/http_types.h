// A request and an answer as the routes see them. Values; one event loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eventrelay {

struct HttpRequest {
  std::string_view method;  ///< upper case, as sent; the views live as long as the request is being answered
  std::string_view target;  ///< raw: path and query
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< as sent
  std::string body;
  std::string_view remote_address;  ///< "127.0.0.1", without the port

  /// The first value of that name, whatever its case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// The body of an answer that goes on until one side ends it. One event loop's; destroyed with the connection.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  /// Appends what comes next, once there is something. False: it has ended. Not called again before what it gave is
  /// written.
  virtual boost::asio::awaitable<bool> next(std::string& out) = 0;
  /// Asked while what it gave is being written: whether the client is so far behind that it is to be closed.
  virtual bool is_behind() const = 0;
  /// The client was closed because it did not take what it was sent.
  virtual void drop() = 0;
  /// The connection ends: next() returns false, now and from here on.
  virtual void end() = 0;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string_view static_body;              ///< goes out where body is empty; lives as long as the process
  std::shared_ptr<ResponseStream> stream{};  ///< follows the body; the connection closes after it

  std::string_view content() const { return body.empty() ? static_body : body; }
};

/// Asked before a body is read.
struct BodyRules {
  /// How many bytes of it may come; 0 refuses with 413 without reading.
  std::function<std::size_t(std::string_view method, std::string_view target)> bytes_max;
  /// Where some of it has yet to come: an answer refuses the request, which has no body yet, and closes. The request
  /// stays until then.
  std::function<boost::asio::awaitable<std::optional<HttpResponse>>(const HttpRequest& request)> refusal;
};
using HttpHandler = std::function<boost::asio::awaitable<HttpResponse>(HttpRequest request)>;

/// "Not Found"; "Unknown" for codes that this server never sends.
std::string_view reason_phrase(int status);

/// application/problem+json (RFC 9457) that says no more than the status and one sentence: type about:blank.
/// detail: plain text that needs no escapes in JSON.
HttpResponse plain_problem(int status, std::string_view detail);

}  // namespace eventrelay
