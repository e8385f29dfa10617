// Reads one request's head, and its body if that is chunked, with Beast's parser; refuses every framing that two
// programs could read differently. Include it in one file: it brings Beast. One connection's, no locks.
#pragma once
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/header_rules.h"

namespace eventrelay {

/// Why a request is refused before a route sees it. The connection closes after the answer.
struct RequestFault {
  int status = 400;
  std::string_view detail;  ///< a literal
};

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  explicit RequestParser(std::size_t header_bytes) {
    header_limit(static_cast<std::uint32_t>(header_bytes));
    body_limit(boost::none);  // counted by the connection
    headers.reserve(12);
  }

  /// block: from the request line to the empty line, whole; the views below point into it.
  std::optional<RequestFault> read_head(std::string_view block);

  /// Appends what `raw` holds of a chunked body to `body` and says how many bytes of raw it took.
  /// REQUIRES: read_head() gave no fault, chunked, !chunks_done().
  std::optional<RequestFault> read_chunks(std::string_view raw, std::string& body, std::size_t body_bytes_max,
                                          std::size_t& taken);
  bool chunks_done() const { return is_done(); }
  bool has_body() const { return chunked_body || content_length_bytes > 0; }

  std::string_view method;
  std::string_view target;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  std::uint64_t content_length_bytes = 0;
  bool chunked_body = false;
  bool expects_continue = false;
  bool http_1_1 = true;

 private:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;
  using Field = boost::beast::http::field;
  static std::string_view std_view(View view) { return {view.data(), view.size()}; }

  void on_request_impl(boost::beast::http::verb, View method_text, View target_text, int version, Error&) override;
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(Field field, View name, View value, Error& error) override;
  void on_header_impl(Error&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(View body, Error&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t chunk_bytes, View, Error& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Error& error) override;
  void on_finish_impl(Error&) override {}

  std::optional<RequestFault> framing_fault() const;
  bool is_folded(std::string_view name, std::string_view value) const;

  std::string_view block_;
  std::string* body_ = nullptr;
  std::size_t body_bytes_max_ = 0;
  int lengths_ = 0;
  int codings_ = 0;
  int hosts_ = 0;
  bool head_done_ = false;
  bool length_digits_ = true;
  bool coding_known_ = true;
  bool expectation_known_ = true;
};

inline std::optional<RequestFault> RequestParser::read_head(std::string_view block) {
  block_ = block;
  Error error;
  const auto taken = put({block.data(), block.size()}, error);
  if (error == boost::beast::http::error::bad_version)
    return RequestFault{505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  // Some of these Beast refuses itself before they are counted; those get the general message below.
  if (auto fault = framing_fault()) return fault;
  if (error || taken != block.size()) return RequestFault{400, "The request's head is not valid HTTP."};
  if (!expectation_known_) return RequestFault{417, "The only expectation known is 100-continue."};
  return std::nullopt;
}

inline std::optional<RequestFault> RequestParser::framing_fault() const {
  if (lengths_ > 0 && codings_ > 0) {
    return RequestFault{400, "Content-Length and Transfer-Encoding must not come together."};
  }
  if (lengths_ > 1) return RequestFault{400, "Content-Length must come once."};
  if (!length_digits_) return RequestFault{400, "Content-Length must be one decimal number."};
  if (codings_ > 1 || !coding_known_) return RequestFault{400, "The only transfer coding known is chunked."};
  if (codings_ == 1 && !http_1_1) return RequestFault{400, "HTTP/1.0 has no transfer codings."};
  if (head_done_ && (hosts_ > 1 || (hosts_ == 0 && http_1_1))) return RequestFault{400, "Host must come once."};
  return std::nullopt;
}

inline std::optional<RequestFault> RequestParser::read_chunks(std::string_view raw, std::string& body,
                                                              std::size_t body_bytes_max, std::size_t& taken) {
  body_ = &body;
  body_bytes_max_ = body_bytes_max;
  eager(true);
  Error error;
  taken = put({raw.data(), raw.size()}, error);
  if (error == boost::beast::http::error::body_limit) return RequestFault{413, "The body is too large."};
  if (error && error != boost::beast::http::error::need_more) {
    return RequestFault{400, "The chunked body is not valid."};
  }
  return std::nullopt;
}

inline void RequestParser::on_request_impl(boost::beast::http::verb, View method_text, View target_text, int version,
                                           Error&) {
  method = std_view(method_text);
  target = std_view(target_text);
  http_1_1 = version >= 11;
}

inline void RequestParser::on_field_impl(Field field, View name, View value, Error& error) {
  if (head_done_) return;  // a trailer: nothing here reads them
  if (is_folded(std_view(name), std_view(value))) {
    error = boost::beast::http::error::bad_obs_fold;
    return;
  }
  const auto text = std_view(value);
  switch (field) {
    case Field::content_length: {
      ++lengths_;
      length_digits_ = length_digits_ && !text.empty() && text.size() <= 18;
      content_length_bytes = 0;
      for (const char c : text) {
        length_digits_ = length_digits_ && c >= '0' && c <= '9';
        if (length_digits_) content_length_bytes = content_length_bytes * 10 + static_cast<std::uint64_t>(c - '0');
      }
      break;
    }
    case Field::transfer_encoding:
      ++codings_;
      coding_known_ = coding_known_ && equal_ignoring_case(text, "chunked");
      chunked_body = true;
      break;
    case Field::host:
      ++hosts_;
      break;
    case Field::expect:
      expects_continue = equal_ignoring_case(text, "100-continue");
      expectation_known_ = expectation_known_ && expects_continue;
      break;
    default:
      break;
  }
  headers.emplace_back(std_view(name), text);
}

inline void RequestParser::on_chunk_header_impl(std::uint64_t chunk_bytes, View, Error& error) {
  if (chunk_bytes > body_bytes_max_ - body_->size()) error = boost::beast::http::error::body_limit;
}

/// A value over several lines was joined elsewhere, or begins on a line of its own. RFC 9112 §5.2 lets a server refuse
/// it.
inline bool RequestParser::is_folded(std::string_view name, std::string_view value) const {
  if (value.empty()) return false;
  if (value.data() < block_.data() || value.data() >= block_.data() + block_.size()) return true;
  const auto* gap = name.data() + name.size();
  return std::string_view(gap, static_cast<std::size_t>(value.data() - gap)).find('\n') != std::string_view::npos;
}

inline std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, Error&) {
  body_->append(body.data(), body.size());
  return body.size();
}

}  // namespace eventrelay
