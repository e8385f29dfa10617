// A strict reader of JSON text (RFC 8259) that keeps every byte: it checks values and gives the slices they take up.
// Neither of simdjson's front ends can do this: one refuses numbers past a double, the other does not check what it
// skips. Any thread; an instance is one caller's.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace eventrelay {

/// Views into the scanned text.
struct JsonMember {
  std::string_view key;    ///< without its quotes, escapes as they came
  std::string_view value;  ///< the value alone, no spacing around it
};

class JsonScanner {
 public:
  /// text: valid UTF-8 (is_valid_utf8); outlives the scanner. depth_max: of arrays and objects within each other.
  JsonScanner(std::string_view text, std::size_t depth_max)
      : at_(text.data()), begin_(text.data()), end_(text.data() + text.size()), depth_max_(depth_max) {}

  /// Each returns false after a fault; fault() then says which, and nothing more may be read.

  /// Takes one value with the spacing around it.
  bool value(std::string_view& slice);
  /// Enters what begins here; spacing before it is skipped.
  bool open(char bracket);
  /// Inside an object: the next member, its value checked. `more` is false once the object has closed.
  bool next_member(JsonMember& member, bool& more);
  /// Inside an array: is there another element? Its value (or open()) must be read before the next call.
  bool next_element(bool& more);
  /// Nothing but spacing may be left.
  bool finish();

  /// The first character of what comes next, spacing skipped; 0 at the end.
  char peek();
  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  std::string_view fault() const { return fault_; }

 private:
  void skip_spacing();
  bool fail(std::string_view what);
  bool skip_value();
  bool skip_nested();
  bool skip_scalar();
  bool skip_string();
  bool skip_escape();
  bool skip_number();
  bool skip_word(std::string_view word);
  bool skip_key();
  bool expect(char c, std::string_view what);

  const char* at_;
  const char* begin_;
  const char* end_;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  bool first_ = false;  ///< of the innermost open array or object: nothing was read in it yet
  std::string_view fault_;
};

bool is_valid_utf8(std::string_view text);

/// The text of a JSON string's slice without its quotes; nullopt where its escapes make no valid UTF-8.
std::optional<std::string> unescape_json(std::string_view inside_quotes);

}  // namespace eventrelay
