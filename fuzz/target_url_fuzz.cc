// What parse_target_url accepts must be safe to send, and read the same when it is written again.
#include <cstdlib>
#include <string_view>

#include "domain/target_url.h"

using namespace eventrelay;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

bool is_printable(std::string_view text) {
  for (char c : text) {
    if (c <= ' ' || c > '~' || c == '\\') return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto cidr = Cidr::parse(text)) require(cidr->contains(cidr->network));
  auto url = parse_target_url(text);
  if (!url) return 0;
  require(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
  require(is_printable(url->authority) && is_printable(url->target));
  require(url->target.find('#') == std::string::npos && url->authority.find('@') == std::string::npos);
  auto again = parse_target_url((url->tls ? "https://" : "http://") + url->authority + url->target);
  require(again.has_value() || url->authority.size() + url->target.size() + 8 > 2'048);
  if (again) {
    require(again->tls == url->tls && again->host == url->host && again->port == url->port);
    require(again->target == url->target && again->authority == url->authority);
  }
  return 0;
}
