// Writes JSON text front to back into one string; keeps commas, nothing else: the caller keeps the structure.
// One caller's.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace eventrelay {

/// Appends the text as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    fresh_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    fresh_ = false;
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_ += ':';
    fresh_ = true;
    return *this;
  }
  JsonWriter& text(std::string_view value) {
    separate();
    append_json_string(out_, value);
    return *this;
  }
  /// JSON as it is.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_.append(json);
    return *this;
  }
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(double value);  ///< finite; up to three decimals
  JsonWriter& ratio(double value);   ///< finite; as exact as it is
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }

  // Members.
  JsonWriter& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonWriter& field(std::string_view name, std::int64_t value) { return key(name).number(value); }
  JsonWriter& flag(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonWriter& time(std::string_view name, WallTime value) { return key(name).text(format_time(value)); }
  /// null where there is none.
  JsonWriter& time(std::string_view name, const std::optional<WallTime>& value) {
    return value ? time(name, *value) : key(name).null();
  }
  /// null for empty.
  JsonWriter& text_or_null(std::string_view name, std::string_view value) {
    return value.empty() ? key(name).null() : field(name, value);
  }
  JsonWriter& number_or_null(std::string_view name, std::int64_t value, bool present) {
    return present ? field(name, value) : key(name).null();
  }

  std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (!fresh_) out_ += ',';
    fresh_ = false;
  }
  std::string out_;
  bool fresh_ = true;  ///< no comma before what comes next
};

}  // namespace eventrelay
