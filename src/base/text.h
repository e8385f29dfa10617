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

}  // namespace eventrelay
