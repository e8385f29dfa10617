#include "net/response_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>

#include "base/limits.h"
#include "domain/header_rules.h"

namespace eventrelay {
namespace {

namespace http = boost::beast::http;
using BeastView = boost::beast::string_view;
using BeastError = boost::beast::error_code;

/// An unfinished line of a chunked body, or the last of a head: more than this is no line.
constexpr std::size_t kRestBytesMax = kResponseHeaderBytesMax + 1'024;

bool is_one_length(std::string_view value) {
  return !value.empty() && value.size() <= 18 &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// Beast's grammar, with the framing rules that it leaves open closed: exactly one Content-Length, or exactly
/// `chunked`, never both.
class Parser final : public http::basic_parser<false> {
 public:
  explicit Parser(AttemptOutcome& outcome) : outcome_(outcome) {
    header_limit(static_cast<std::uint32_t>(kResponseHeaderBytesMax));
    body_limit(boost::none);
    eager(true);
  }

  int status() const { return status_; }
  bool is_interim() const { return status_ >= 100 && status_ < 200; }
  bool past_the_kept() const { return past_the_kept_; }
  const char* fault() const { return fault_; }

 private:
  void refuse(const char* why, BeastError& error) {
    fault_ = why;
    error = http::error::bad_value;
  }

  void on_request_impl(http::verb, BeastView, BeastView, int, BeastError&) override {}

  void on_response_impl(int status, BeastView, int version, BeastError& error) override {
    status_ = status;
    version_ = version;
    if (status < 100) refuse("the answer's status code is below 100", error);
  }

  void on_field_impl(http::field field, BeastView name, BeastView value, BeastError& error) override {
    if (in_body_) return;  // a trailer
    head_bytes_ += name.size() + value.size() + 4;
    if (head_bytes_ > kResponseHeaderBytesMax) return refuse("the answer's headers are too long", error);
    if (field == http::field::content_length && !is_interim()) {
      if (has_length_) return refuse("the answer has more than one Content-Length", error);
      if (has_coding_) return refuse("the answer has both Content-Length and Transfer-Encoding", error);
      if (!is_one_length(value)) return refuse("the answer's Content-Length is not a number", error);
      has_length_ = true;
    }
    if (field == http::field::transfer_encoding && !is_interim()) {
      if (has_length_) return refuse("the answer has both Content-Length and Transfer-Encoding", error);
      if (has_coding_ || version_ < 11 || !equal_ignoring_case(value, "chunked")) {
        return refuse("the answer has a Transfer-Encoding other than chunked", error);
      }
      has_coding_ = true;
    }
    if (!is_interim()) outcome_.response_headers.push_back({lower(name), std::string(value)});
  }

  void on_header_impl(BeastError&) override {
    in_body_ = true;
    if (!is_interim()) outcome_.status_code = static_cast<std::uint16_t>(status_);
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, BeastError&) override {}

  std::size_t keep(BeastView body) {
    const std::size_t room = kResponseBytesKept - outcome_.response_body.size();
    outcome_.response_body.append(body.data(), std::min(room, body.size()));
    if (body.size() > room) past_the_kept_ = outcome_.response_truncated = true;
    return body.size();
  }
  std::size_t on_body_impl(BeastView body, BeastError&) override { return keep(body); }
  void on_chunk_header_impl(std::uint64_t, BeastView, BeastError&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastView body, BeastError&) override { return keep(body); }
  void on_finish_impl(BeastError&) override {}

  AttemptOutcome& outcome_;
  const char* fault_ = nullptr;
  std::size_t head_bytes_ = 0;
  int status_ = 0;
  int version_ = 0;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool in_body_ = false;
  bool past_the_kept_ = false;
};

}  // namespace

struct ResponseReader::Parsing {
  std::optional<Parser> parser;
};

ResponseReader::ResponseReader() : parsing_(std::make_unique<Parsing>()) {}
ResponseReader::~ResponseReader() = default;

void ResponseReader::begin(AttemptOutcome& outcome) {
  outcome_ = &outcome;
  outcome.response_headers.reserve(8);
  parsing_->parser.emplace(outcome);
  rest_.clear();
  fault_.clear();
  interim_ = 0;
  any_byte_ = reusable_ = false;
}

bool ResponseReader::has_head() const {
  return parsing_->parser && parsing_->parser->is_header_done();
}

ResponseReader::Progress ResponseReader::failed(std::string why) {
  fault_ = std::move(why);
  return Progress::kFault;
}

ResponseReader::Progress ResponseReader::feed(std::string_view bytes) {
  any_byte_ |= !bytes.empty();
  std::size_t used = 0;
  if (rest_.empty()) {
    const Progress progress = parse(bytes, used);
    if (progress == Progress::kMore) rest_.assign(bytes.substr(used));
    return progress;
  }
  rest_.append(bytes);
  const Progress progress = parse(rest_, used);
  if (progress == Progress::kMore) rest_.erase(0, used);
  return progress;
}

ResponseReader::Progress ResponseReader::parse(std::string_view bytes, std::size_t& used) {
  while (used < bytes.size()) {
    Parser& parser = *parsing_->parser;
    BeastError error;
    used += parser.put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), error);
    if (error == http::error::need_more) break;
    if (error) return failed(parser.fault() ? parser.fault() : "the answer is not HTTP/1.1: " + error.message());
    if (!parser.is_done()) continue;
    if (!parser.is_interim()) {
      reusable_ = parser.keep_alive() && used == bytes.size();
      return Progress::kDone;
    }
    if (parser.status() == 101) return failed("the server switched protocols without being asked to");
    if (++interim_ > kInterimAnswersMax) return failed("the server sends interim answers without end");
    parsing_->parser.emplace(*outcome_);
  }
  if (parsing_->parser->past_the_kept()) return Progress::kDone;
  if (bytes.size() - used > kRestBytesMax) return failed("the answer has a line that is too long");
  return Progress::kMore;
}

ResponseReader::Progress ResponseReader::feed_end() {
  Parser& parser = *parsing_->parser;
  if (!parser.is_header_done() || !parser.need_eof()) return Progress::kMore;
  return Progress::kDone;
}

}  // namespace eventrelay
