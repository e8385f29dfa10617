// A request and an answer as the routes see them. Values; one event loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <functional>
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

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string_view static_body;  ///< goes out where body is empty; lives as long as the process

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
