// Event types and the patterns by which webhooks subscribe to them. Pure functions; any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace eventrelay {

/// Of what people send to one webhook to try it. Such an event is sent though the webhook is disabled.
inline constexpr std::string_view kTestEventType = "webhook.test";

/// Dot-separated words of [A-Za-z0-9_-], 1 to kEventTypeCharsMax characters. The message says what is wrong; empty when
/// valid.
std::string event_type_fault(std::string_view type);
/// An exact type, `prefix.*` (one or more words below the prefix, not the prefix itself), or `*`. As above.
std::string pattern_fault(std::string_view pattern);
/// pattern, type: valid.
bool pattern_matches(std::string_view pattern, std::string_view type);

}  // namespace eventrelay
