// The two clocks' types and the text form of wall time. Pure functions; any thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eventrelay {

using std::chrono::milliseconds;

/// Stored and shown times: UTC, milliseconds since 1970.
using WallTime = std::chrono::sys_time<milliseconds>;
/// Waits in memory: never steps.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

constexpr std::int64_t unix_ms(WallTime t) {
  return t.time_since_epoch().count();
}
constexpr WallTime from_unix_ms(std::int64_t ms) {
  return WallTime{milliseconds{ms}};
}

/// "2026-03-01T12:34:56.789Z" (RFC 3339, UTC, always milliseconds). Years 0000 to 9999.
std::string format_time(WallTime time);
/// Reads RFC 3339 with any offset and 0 to 9 fractional digits (cut to milliseconds); nullopt for anything else.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace eventrelay
