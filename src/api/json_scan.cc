#include "api/json_scan.h"

#include <simdjson.h>

#include <array>
#include <cassert>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace eventrelay {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool ends_plain(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

/// The first quote, backslash or control character at or after `at`; `end` if there is none.
const char* skip_plain(const char* at, const char* end) {
#ifdef __SSE2__
  const auto quote = _mm_set1_epi8('"');
  const auto backslash = _mm_set1_epi8('\\');
  const auto control = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stop)); mask != 0) return at + __builtin_ctz(mask);
  }
#endif
  while (at != end && !ends_plain(*at)) ++at;
  return at;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::optional<std::string> unescape_json(std::string_view inside_quotes) {
  if (inside_quotes.find('\\') == std::string_view::npos) return std::string(inside_quotes);
  std::string quoted;
  quoted.append("\"").append(inside_quotes).append("\"");
  const auto parsed = nlohmann::json::parse(quoted, nullptr, false);
  if (!parsed.is_string()) return std::nullopt;
  return parsed.get<std::string>();
}

bool JsonScanner::fail(std::string_view what) {
  if (fault_.empty()) fault_ = what;
  return false;
}

void JsonScanner::skip_spacing() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

char JsonScanner::peek() {
  skip_spacing();
  return at_ == end_ ? '\0' : *at_;
}

bool JsonScanner::expect(char c, std::string_view what) {
  if (peek() != c || at_ == end_) return fail(what);
  ++at_;
  return true;
}

bool JsonScanner::value(std::string_view& slice) {
  skip_spacing();
  const char* const from = at_;
  if (!skip_value()) return false;
  slice = {from, static_cast<std::size_t>(at_ - from)};
  skip_spacing();
  return true;
}

bool JsonScanner::open(char bracket) {
  assert(bracket == '{' || bracket == '[');
  if (!expect(bracket, bracket == '{' ? "An object should begin here." : "An array should begin here.")) return false;
  if (++depth_ > depth_max_) return fail("Too many levels of arrays and objects.");
  first_ = true;
  return true;
}

bool JsonScanner::next_member(JsonMember& member, bool& more) {
  more = false;
  if (peek() == '}') {
    ++at_;
    --depth_;
    first_ = false;
    return true;
  }
  if (!first_ && !expect(',', "A comma or the object's end should be here.")) return false;
  first_ = false;
  skip_spacing();
  const char* const from = at_;
  if (!skip_key()) return false;
  member.key = {from + 1, static_cast<std::size_t>(at_ - from) - 2};
  more = true;
  return expect(':', "A colon should be here.") && value(member.value);
}

bool JsonScanner::next_element(bool& more) {
  more = false;
  if (peek() == ']') {
    ++at_;
    --depth_;
    first_ = false;
    return true;
  }
  if (!first_ && !expect(',', "A comma or the array's end should be here.")) return false;
  first_ = false;
  more = true;
  return true;
}

bool JsonScanner::finish() {
  skip_spacing();
  return at_ == end_ || fail("Nothing should follow the value.");
}

bool JsonScanner::skip_key() {
  if (at_ == end_ || *at_ != '"') return fail("A member's name in quotes should be here.");
  return skip_string();
}

bool JsonScanner::skip_value() {
  if (at_ == end_) return fail("The text ends where a value should be.");
  return *at_ == '{' || *at_ == '[' ? skip_nested() : skip_scalar();
}

/// A whole array or object without recursion: `closers` is what has to close, innermost last.
bool JsonScanner::skip_nested() {
  std::array<char, 160> closers;
  assert(depth_max_ < closers.size());
  std::size_t level = 0;
  const std::size_t level_max = depth_max_ - depth_;
  while (true) {
    // A value begins here.
    if (at_ == end_) return fail("The text ends where a value should be.");
    bool opened = false;
    if (*at_ == '{' || *at_ == '[') {
      if (level >= level_max) return fail("Too many levels of arrays and objects.");
      closers[level++] = *at_ == '{' ? '}' : ']';
      ++at_;
      opened = true;
    } else if (!skip_scalar()) {
      return false;
    }
    // What follows it: the end of one or more of the open ones, or a comma and the next.
    while (peek() == closers[level - 1] && at_ != end_) {
      ++at_;
      opened = false;
      if (--level == 0) return true;
    }
    if (!opened && !expect(',', "A comma or an end should be here.")) return false;
    skip_spacing();
    if (closers[level - 1] == '}') {
      if (!skip_key() || !expect(':', "A colon should be here.")) return false;
      skip_spacing();
    }
  }
}

bool JsonScanner::skip_scalar() {
  switch (*at_) {
    case '"':
      return skip_string();
    case 't':
      return skip_word("true");
    case 'f':
      return skip_word("false");
    case 'n':
      return skip_word("null");
    default:
      return skip_number();
  }
}

bool JsonScanner::skip_word(std::string_view word) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0) {
    return fail("This is no JSON value.");
  }
  at_ += word.size();
  return true;
}

bool JsonScanner::skip_string() {
  ++at_;
  while (true) {
    at_ = skip_plain(at_, end_);
    if (at_ == end_) return fail("A string does not end.");
    if (*at_ == '"') {
      ++at_;
      return true;
    }
    if (*at_ != '\\') return fail("A control character in a string must be escaped.");
    if (!skip_escape()) return false;
  }
}

bool JsonScanner::skip_escape() {
  if (end_ - at_ < 2) return fail("A string does not end.");
  const char kind = at_[1];
  at_ += 2;
  if (kind != 'u') return std::strchr("\"\\/bfnrt", kind) != nullptr && kind != '\0' ? true : fail("No such escape.");
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_ || !is_hex(*at_)) return fail("\\u needs four hexadecimal digits.");
  }
  return true;
}

bool JsonScanner::skip_number() {
  const auto digits = [this] {
    const char* const from = at_;
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return at_ != from;
  };
  if (at_ != end_ && *at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
    if (at_ != end_ && is_digit(*at_)) return fail("A number must not begin with 0 and another digit.");
  } else if (!digits()) {
    return fail("This is no JSON value.");
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return fail("A digit should follow the decimal point.");
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return fail("A digit should be in the exponent.");
  }
  return true;
}

}  // namespace eventrelay
