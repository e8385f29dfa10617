#include "base/time.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

TEST(FormatTime, always_has_milliseconds_and_utc) {
  EXPECT_EQ(format_time(from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(from_unix_ms(1'772'368'496'789)), "2026-03-01T12:34:56.789Z");
  EXPECT_EQ(format_time(from_unix_ms(1'709'164'800'005)), "2024-02-29T00:00:00.005Z");
}

TEST(FormatTime, reaches_from_year_0_to_9999) {
  EXPECT_EQ(format_time(from_unix_ms(-62'167'219'200'000)), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(from_unix_ms(253'402'300'799'999)), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_time(from_unix_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(ParseTime, reads_what_format_time_wrote) {
  for (std::int64_t ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'772'368'496'789},
                          std::int64_t{253'402'300'799'999}, std::int64_t{-62'167'219'200'000}}) {
    EXPECT_EQ(parse_time(format_time(from_unix_ms(ms))), from_unix_ms(ms));
  }
}

TEST(ParseTime, takes_any_offset) {
  auto expected = parse_time("2026-03-01T12:00:00Z");
  ASSERT_TRUE(expected);
  EXPECT_EQ(parse_time("2026-03-01T14:30:00+02:30"), expected);
  EXPECT_EQ(parse_time("2026-03-01T00:00:00-12:00"), expected);
  EXPECT_EQ(parse_time("2026-03-02T11:59:00+23:59"), expected);
  EXPECT_EQ(parse_time("2026-03-01t12:00:00z"), expected);
  EXPECT_EQ(parse_time("2026-03-01T12:00:00-00:00"), expected);
}

TEST(ParseTime, cuts_fractions_to_milliseconds) {
  EXPECT_EQ(unix_ms(*parse_time("1970-01-01T00:00:00.5Z")), 500);
  EXPECT_EQ(unix_ms(*parse_time("1970-01-01T00:00:00.05Z")), 50);
  EXPECT_EQ(unix_ms(*parse_time("1970-01-01T00:00:00.1239Z")), 123);
  EXPECT_EQ(unix_ms(*parse_time("1970-01-01T00:00:00.999999999Z")), 999);
  EXPECT_EQ(unix_ms(*parse_time("1969-12-31T23:59:59.9999Z")), -1);
}

TEST(ParseTime, takes_a_leap_second_only_where_one_can_be) {
  EXPECT_EQ(parse_time("2016-12-31T23:59:60Z"), parse_time("2017-01-01T00:00:00Z"));
  EXPECT_EQ(parse_time("2016-12-31T15:59:60-08:00"), parse_time("2017-01-01T00:00:00Z"));
  EXPECT_FALSE(parse_time("2016-12-31T12:00:60Z"));
  EXPECT_FALSE(parse_time("2016-12-31T23:59:60+01:00"));
}

TEST(ParseTime, refuses_everything_else) {
  for (const char* text : {"",
                           "2026",
                           "2026-03-01",
                           "2026-03-01T12:00:00",
                           "2026-03-01 12:00:00Z",
                           "2026-03-01T12:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-03-00T00:00:00Z",
                           "2026-03-01T24:00:00Z",
                           "2026-03-01T00:60:00Z",
                           "2026-03-01T00:00:61Z",
                           "2026-03-01T00:00:00.Z",
                           "2026-03-01T00:00:00.1234567890Z",
                           "2026-03-01T00:00:00,5Z",
                           "2026-03-01T00:00:00+24:00",
                           "2026-03-01T00:00:00+00:60",
                           "2026-03-01T00:00:00+0000",
                           "2026-03-01T00:00:00Z ",
                           " 2026-03-01T00:00:00Z",
                           "+026-03-01T00:00:00Z",
                           "2026-3-1T00:00:00Z",
                           "12026-03-01T00:00:00Z",
                           "0000-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace eventrelay
