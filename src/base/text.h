// Text as people count it. Pure; any thread.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace eventrelay {

/// Characters of valid UTF-8: every byte that does not go on with one.
inline std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The most of valid UTF-8 that has at most so many bytes and ends with a whole character.
inline std::string_view cut_to_bytes(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

}  // namespace eventrelay
