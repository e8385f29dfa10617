// Just enough HTTP/1.1 to find where a message ends: both peers are known and send a Content-Length.
#pragma once
#include <strings.h>

#include <cstddef>
#include <string_view>

namespace eventrelay::bench {

struct Message {
  std::string_view head;  ///< first line and headers, with the empty line
  std::string_view body;
  std::size_t size = 0;  ///< 0: not whole yet
};

/// The first message in `bytes`. One without a Content-Length has no body.
inline Message scan_message(std::string_view bytes) {
  constexpr std::string_view kName = "content-length:";
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return {};
  const std::string_view head = bytes.substr(0, end + 4);
  std::size_t length = 0;
  for (std::size_t line = head.find("\r\n") + 2; line < end; line = head.find("\r\n", line) + 2) {
    if (head.size() - line < kName.size() || strncasecmp(head.data() + line, kName.data(), kName.size()) != 0) continue;
    for (std::size_t at = line + kName.size(); head[at] != '\r'; ++at) {
      if (head[at] >= '0' && head[at] <= '9') length = length * 10 + static_cast<std::size_t>(head[at] - '0');
    }
  }
  if (bytes.size() - head.size() < length) return {};
  return {head, bytes.substr(head.size(), length), head.size() + length};
}

}  // namespace eventrelay::bench
