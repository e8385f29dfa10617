#include "base/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/time.h"

namespace eventrelay {
namespace {

std::string line(LogFormat format, std::string_view message) {
  spdlog::memory_buf_t buffer;
  spdlog::string_view_t text(message.data(), message.size());
  make_log_formatter(format)->format(spdlog::details::log_msg("eventrelay", spdlog::level::warn, text), buffer);
  return {buffer.data(), buffer.size()};
}

TEST(Log, text_has_time_level_and_message) {
  auto text = line(LogFormat::kText, "listening on 127.0.0.1:8080, \"ready\"");
  auto space = text.find(' ');
  EXPECT_TRUE(parse_time(text.substr(0, space))) << text;
  EXPECT_EQ(text.substr(space), " warning listening on 127.0.0.1:8080, \"ready\"\n");
}

TEST(Log, json_is_one_object_a_line) {
  auto text = line(LogFormat::kJson, "a \"quoted\" \\ and\na second line");
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  auto object = nlohmann::json::parse(text);
  EXPECT_EQ(object.at("level"), "warning");
  EXPECT_EQ(object.at("message"), "a \"quoted\" \\ and\na second line");
  EXPECT_TRUE(parse_time(object.at("time").get<std::string>()));
}

TEST(Log, a_message_cannot_forge_a_line) {
  auto text = line(LogFormat::kText, "webhook said: x\n2026-01-01T00:00:00.000Z info all is well\x1b[2J");
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Log, broken_utf8_is_still_json) {
  EXPECT_TRUE(nlohmann::json::accept(line(LogFormat::kJson, "bad \xff\xfe bytes")));
}

TEST(Log, formats_and_levels_have_names) {
  EXPECT_EQ(parse_log_format("text"), LogFormat::kText);
  EXPECT_EQ(parse_log_format("json"), LogFormat::kJson);
  EXPECT_FALSE(parse_log_format("JSON"));
  EXPECT_EQ(parse_log_level("warn"), spdlog::level::warn);
  EXPECT_EQ(parse_log_level("off"), spdlog::level::off);
  EXPECT_FALSE(parse_log_level("loud"));
}

}  // namespace
}  // namespace eventrelay
