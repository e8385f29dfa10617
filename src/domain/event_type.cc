#include "domain/event_type.h"

#include "base/limits.h"

namespace eventrelay {
namespace {

bool is_word_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string length_fault() {
  return "must have at most " + std::to_string(kEventTypeCharsMax) + " characters";
}

std::string words_fault(std::string_view words) {
  bool in_word = false;
  for (char c : words) {
    if (c == '.') {
      if (!in_word) return "must have a word before each dot";
      in_word = false;
    } else if (is_word_character(c)) {
      in_word = true;
    } else {
      return "may only have words of letters, digits, '_' and '-', separated by dots";
    }
  }
  return in_word ? "" : "must not end with a dot";
}

}  // namespace

std::string event_type_fault(std::string_view type) {
  if (type.empty()) return "must not be empty";
  if (type.size() > kEventTypeCharsMax) return length_fault();
  return words_fault(type);
}

std::string pattern_fault(std::string_view pattern) {
  if (pattern == "*") return "";
  if (pattern.size() > kEventTypeCharsMax) return length_fault();
  std::string_view words = pattern.ends_with(".*") ? pattern.substr(0, pattern.size() - 2) : pattern;
  if (words.empty()) return "must not be empty";
  if (words.find('*') != std::string_view::npos) return "may have '*' only alone or as the last word";
  return words_fault(words);
}

bool pattern_matches(std::string_view pattern, std::string_view type) {
  if (pattern == "*") return true;
  if (!pattern.ends_with(".*")) return pattern == type;
  // With its dot, so that "order.*" takes neither "order" nor "orders.x".
  return type.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace eventrelay
