// The small parsers: whatever is read and written again reads the same.
#include <cstdlib>
#include <string_view>

#include "base/crypto.h"
#include "base/ids.h"
#include "base/time.h"
#include "domain/delivery.h"
#include "domain/event_type.h"
#include "domain/http_date.h"
#include "domain/webhook.h"

using namespace eventrelay;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const WallTime now = from_unix_ms(1'772'368'496'789);
  if (auto bytes = base64_decode(text)) require(base64_encode(*bytes) == text);
  if (auto id = parse_event_id(text)) require(to_text(*id) == text);
  if (auto secret = parse_secret(text)) require(to_text(*secret) == text);
  if (auto time = parse_time(text)) require(parse_time(format_time(*time)) == *time);
  if (auto date = parse_http_date(text, now)) require(format_time(*date).size() == 24);
  if (auto wait = retry_after({{"Retry-After", std::string(text)}}, now)) {
    require(wait->count() >= 0 && *wait <= milliseconds{kRetryAfterMax});
  }
  if (event_type_fault(text).empty()) require(pattern_fault(text).empty() && pattern_matches(text, text));
  return 0;
}
