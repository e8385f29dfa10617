#include "domain/receiver.h"

#include <algorithm>

#include "base/limits.h"

namespace eventrelay {

bool is_receiver_id(std::string_view text) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kReceiverIdCharsMax && std::all_of(text.begin(), text.end(), is_allowed);
}

bool is_receiver(const TargetUrl& url) {
  return url.host == kReceiverHost;
}

std::optional<std::string_view> receiver_id(const TargetUrl& url) {
  if (!is_receiver(url) || url.tls || url.authority != kReceiverHost || !url.target.starts_with('/'))
    return std::nullopt;
  const auto id = std::string_view(url.target).substr(1);
  if (!is_receiver_id(id)) return std::nullopt;
  return id;
}

}  // namespace eventrelay
