// Dates as HTTP writes them. Pure functions; any thread.
#pragma once
#include <optional>
#include <string_view>

#include "base/time.h"

namespace eventrelay {

/// Reads the three forms of RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
/// "Sun Nov  6 08:49:37 1994"; nullopt for anything else. Two-digit years lie at most 50 years after `now`.
std::optional<WallTime> parse_http_date(std::string_view text, WallTime now);

}  // namespace eventrelay
