#include "domain/http_date.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

const WallTime kToday = parse_time("2026-03-01T12:00:00Z").value();

TEST(HttpDate, is_read_in_its_three_forms) {
  auto expected = parse_time("1994-11-06T08:49:37Z");
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", kToday), expected);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kToday), expected);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", kToday), expected);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", kToday), parse_time("1994-11-16T08:49:37Z"));
  EXPECT_EQ(parse_http_date("Wednesday, 16-Nov-94 08:49:37 GMT", kToday), parse_time("1994-11-16T08:49:37Z"));
}

TEST(HttpDate, with_two_digits_lies_at_most_50_years_ahead) {
  EXPECT_EQ(parse_http_date("Sunday, 01-Mar-76 00:00:00 GMT", kToday), parse_time("2076-03-01T00:00:00Z"));
  EXPECT_EQ(parse_http_date("Sunday, 01-Mar-77 00:00:00 GMT", kToday), parse_time("1977-03-01T00:00:00Z"));
  EXPECT_EQ(parse_http_date("Sunday, 01-Mar-26 00:00:00 GMT", kToday), parse_time("2026-03-01T00:00:00Z"));
  auto near_the_end = parse_time("2099-01-01T00:00:00Z").value();
  EXPECT_EQ(parse_http_date("Sunday, 01-Mar-01 00:00:00 GMT", near_the_end), parse_time("2101-03-01T00:00:00Z"));
}

TEST(HttpDate, takes_a_leap_second) {
  EXPECT_EQ(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", kToday), parse_time("2017-01-01T00:00:00Z"));
}

TEST(HttpDate, in_any_other_form_is_refused) {
  for (const char* text : {"",
                           "Sun",
                           "06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov 06 08:49:37 94",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "Xyz, 06 Nov 1994 08:49:37 GMT",
                           "1994-11-06T08:49:37Z"}) {
    EXPECT_FALSE(parse_http_date(text, kToday)) << text;
  }
}

}  // namespace
}  // namespace eventrelay
