// Puts an answer's head into bytes, and knows today's Date. One loop's, no locks.
#pragma once
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/http_types.h"

namespace eventrelay {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7).
std::string format_http_date(WallTime time);

struct ResponseFrame {
  bool keep_alive = true;
  bool http_1_1 = true;
  std::string_view date;  ///< format_http_date's
};

/// Appends status line, headers and the empty line. The content-length is that of response.content();
/// 204 and 304 have none.
/// REQUIRES: no header of the response holds CR or LF, and none is one that is written here.
void append_response_head(std::string& out, const HttpResponse& response, const ResponseFrame& frame);

}  // namespace eventrelay
