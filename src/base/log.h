// The process's log: lines to stderr, as text or as JSON. Set up once, before other threads start; then log with
// spdlog::info and its siblings from any thread. Control characters in messages are escaped: one message, one line.
#pragma once
#include <spdlog/formatter.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace eventrelay {

enum class LogFormat { kText, kJson };

/// "text" and "json"; nullopt for anything else.
std::optional<LogFormat> parse_log_format(std::string_view text);
/// "trace", "debug", "info", "warn", "error" and "off"; nullopt for anything else.
std::optional<spdlog::level::level_enum> parse_log_level(std::string_view text);

/// Text: `2026-03-01T12:34:56.789Z info message`; JSON: {"time":…,"level":…,"message":…}, one object a line.
std::unique_ptr<spdlog::formatter> make_log_formatter(LogFormat format);

/// Makes spdlog's default logger write to stderr in that format, from that level on.
void set_up_log(LogFormat format, spdlog::level::level_enum level);

/// What is said of an exception that nobody caught. fault: not null.
std::string what_of(const std::exception_ptr& fault);

}  // namespace eventrelay
