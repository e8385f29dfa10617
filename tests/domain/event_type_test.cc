#include "domain/event_type.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace eventrelay {
namespace {

TEST(EventType, is_words_separated_by_dots) {
  for (const char* type : {"order", "order.created", "a.b.c.d", "Order_2.line-item.X", "0", "-", "_._"}) {
    EXPECT_EQ(event_type_fault(type), "") << type;
  }
}

TEST(EventType, with_empty_words_or_other_characters_is_refused) {
  using namespace std::string_view_literals;
  for (auto type :
       {""sv, "."sv, ".order"sv, "order."sv, "order..created"sv, "order created"sv, "order.*"sv, "*"sv,
        "order/created"sv, "bestellung.geändert"sv, "order\n"sv, "order\0"sv, "order:created"sv, "a\"b"sv}) {
    EXPECT_NE(event_type_fault(type), "") << type;
  }
}

TEST(EventType, has_at_most_128_characters) {
  EXPECT_EQ(event_type_fault(std::string(kEventTypeCharsMax, 'a')), "");
  EXPECT_NE(event_type_fault(std::string(kEventTypeCharsMax + 1, 'a')), "");
}

TEST(Pattern, is_a_type_or_a_prefix_with_a_star_or_a_star) {
  for (const char* pattern : {"order", "order.created", "order.*", "order.line.*", "*"}) {
    EXPECT_EQ(pattern_fault(pattern), "") << pattern;
  }
}

TEST(Pattern, with_a_star_elsewhere_is_refused) {
  for (const char* pattern : {"", ".*", "**", "*.created", "order*", "order.*.x", "order.**", "order..*", "*.*",
                              "order.", ".order", "order .*", "o*.x"}) {
    EXPECT_NE(pattern_fault(pattern), "") << pattern;
  }
}

TEST(Pattern, has_at_most_128_characters) {
  std::string pattern = ".*";
  pattern.insert(0, kEventTypeCharsMax - pattern.size(), 'a');
  EXPECT_EQ(pattern_fault(pattern), "");
  EXPECT_NE(pattern_fault("a" + pattern), "");
}

TEST(Pattern, without_a_star_matches_exactly_itself) {
  EXPECT_TRUE(pattern_matches("order.created", "order.created"));
  EXPECT_FALSE(pattern_matches("order.created", "order.created.eu"));
  EXPECT_FALSE(pattern_matches("order.created", "order"));
  EXPECT_FALSE(pattern_matches("order.created", "Order.created"));
}

TEST(Pattern, with_a_star_matches_one_or_more_words_below) {
  EXPECT_TRUE(pattern_matches("order.*", "order.created"));
  EXPECT_TRUE(pattern_matches("order.*", "order.created.eu"));
  EXPECT_TRUE(pattern_matches("order.line.*", "order.line.added"));
  EXPECT_FALSE(pattern_matches("order.*", "order"));
  EXPECT_FALSE(pattern_matches("order.*", "orders.created"));
  EXPECT_FALSE(pattern_matches("order.line.*", "order.line"));
  EXPECT_FALSE(pattern_matches("order.line.*", "order.created"));
}

TEST(Pattern, that_is_a_star_matches_every_type) {
  EXPECT_TRUE(pattern_matches("*", "order"));
  EXPECT_TRUE(pattern_matches("*", "order.created.eu"));
}

}  // namespace
}  // namespace eventrelay
