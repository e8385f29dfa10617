#include "api/json_scan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace eventrelay {
namespace {

bool accepts(std::string_view text, std::size_t depth_max = 128) {
  JsonScanner scanner(text, depth_max);
  std::string_view slice;
  return scanner.value(slice) && scanner.finish();
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonScanner, takes_what_rfc_8259_allows) {
  for (const std::string_view text : {"null",
                                      "true",
                                      "false",
                                      "0",
                                      "-0",
                                      "12",
                                      "-1.5",
                                      "1e5",
                                      "1E-7",
                                      "1.25e+3",
                                      "1e400",
                                      "123456789012345678901234567890",
                                      "\"\"",
                                      "\"a\\u00e9\\n\\\"\\\\\\/\\b\\f\\r\\t\"",
                                      "\"\\ud83d\\ude00\"",
                                      "\"\xC3\xA9\"",
                                      "[]",
                                      "{}",
                                      "[1,2 , 3]",
                                      " { \"a\" : [ ] , \"b\" : { } } ",
                                      "[[],[{}]]",
                                      "\t\r\n 1 \n",
                                      "{\"\":0}",
                                      "{\"a\":1,\"a\":2}",
                                      "\"a string that is longer than sixteen bytes, to take the fast way\""}) {
    EXPECT_TRUE(accepts(text)) << text;
  }
}

TEST(JsonScanner, refuses_everything_else) {
  for (const std::string_view text : {"",
                                      " ",
                                      "tru",
                                      "trueish",
                                      "nul",
                                      "True",
                                      "012",
                                      "-",
                                      "-a",
                                      "+1",
                                      ".5",
                                      "1.",
                                      "1.e5",
                                      "1e",
                                      "1e+",
                                      "0x1",
                                      "01",
                                      "NaN",
                                      "Infinity",
                                      "'a'",
                                      "\"",
                                      "\"a",
                                      "\"\\q\"",
                                      "\"\\u12g4\"",
                                      "\"\\u12\"",
                                      "\"\\\"",
                                      "\"\n\"",
                                      "\"\x01\"",
                                      "[",
                                      "]",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "[1}",
                                      "{",
                                      "}",
                                      "{a:1}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{\"a\" 1}",
                                      "{\"a\":1 \"b\":2}",
                                      "{1:2}",
                                      "{\"a\":1]",
                                      "1 2",
                                      "{} {}",
                                      "[1,,2]",
                                      "{\"a\":tru,,}",
                                      "//x\n1",
                                      "1,",
                                      "[]]",
                                      "\"a string that is longer than sixteen bytes but has \x02 in it\""}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
  EXPECT_FALSE(accepts(std::string_view("1\0", 2)));
  EXPECT_FALSE(accepts(std::string_view("\"a\0\"", 4)));
  EXPECT_FALSE(accepts(std::string_view("\"\\\0\"", 4)));
}

TEST(JsonScanner, counts_depth_exactly) {
  EXPECT_TRUE(accepts(nested(128)));
  EXPECT_FALSE(accepts(nested(129)));
  EXPECT_FALSE(accepts(std::string(1'000'000, '[')));
  EXPECT_TRUE(accepts("[" + nested(1) + "," + nested(1) + "]", 2));
  EXPECT_FALSE(accepts("[" + nested(1) + "," + nested(2) + "]", 2));
}

TEST(JsonScanner, depth_counts_what_was_opened_around_a_value) {
  const auto text = "{\"a\":" + nested(3) + "}";
  for (const std::size_t depth_max : {3U, 4U}) {
    JsonScanner scanner(text, depth_max);
    JsonMember member;
    bool more = false;
    ASSERT_TRUE(scanner.open('{'));
    EXPECT_EQ(scanner.next_member(member, more), depth_max == 4);
  }
}

TEST(JsonScanner, gives_members_and_their_exact_slices) {
  const std::string_view text = R"( {"a" :  [1, 2 ] ,"b\n":"x y",  "c":-1.50e3} )";
  JsonScanner scanner(text, 128);
  ASSERT_TRUE(scanner.open('{'));
  std::vector<std::pair<std::string, std::string>> members;
  JsonMember member;
  for (bool more = true;;) {
    ASSERT_TRUE(scanner.next_member(member, more));
    if (!more) break;
    members.emplace_back(member.key, member.value);
  }
  ASSERT_TRUE(scanner.finish());
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "[1, 2 ]"}, {"b\\n", "\"x y\""}, {"c", "-1.50e3"}};
  EXPECT_EQ(members, expected);
}

TEST(JsonScanner, walks_an_array_of_objects) {
  JsonScanner scanner(R"([{"a":1}, {} ,3])", 128);
  ASSERT_TRUE(scanner.open('['));
  bool more = false;
  JsonMember member;
  ASSERT_TRUE(scanner.next_element(more) && more && scanner.open('{'));
  ASSERT_TRUE(scanner.next_member(member, more) && more);
  ASSERT_TRUE(scanner.next_member(member, more) && !more);
  ASSERT_TRUE(scanner.next_element(more) && more && scanner.open('{'));
  ASSERT_TRUE(scanner.next_member(member, more) && !more);
  std::string_view slice;
  ASSERT_TRUE(scanner.next_element(more) && more && scanner.value(slice));
  EXPECT_EQ(slice, "3");
  EXPECT_TRUE(scanner.next_element(more) && !more && scanner.finish());
}

TEST(JsonScanner, agrees_with_another_parser_on_random_text) {
  std::mt19937 chance(20240601);
  const std::string alphabet = "{}[]:,\"\\ntruefalsu01-+.eE 9a\n\x01";
  const std::vector<std::string> seeds = {R"({"a":[1,2.5e-3,"x\n",{"b":null}],"c":true})",
                                          R"([[],{},"\u0041",-0,false,[{"k":"v"}]])", R"("plain text")", "0.5"};
  int valid = 0;
  for (int round = 0; round < 60'000; ++round) {
    auto text = seeds[chance() % seeds.size()];
    for (auto edits = chance() % 4; edits > 0 && !text.empty(); --edits) {
      const auto at = chance() % text.size();
      const char c = alphabet[chance() % alphabet.size()];
      switch (chance() % 3) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, 1, c);
          break;
        default:
          text.erase(at, 1);
      }
    }
    bool overflow = false;
    bool expected = false;
    try {
      expected = !nlohmann::json::parse(text).is_discarded();
    } catch (const nlohmann::json::out_of_range&) {
      overflow = true;  // valid, but no double
    } catch (const nlohmann::json::parse_error&) {
    }
    if (overflow) continue;
    valid += expected ? 1 : 0;
    ASSERT_EQ(accepts(text), expected) << text;
  }
  EXPECT_GT(valid, 10'000);
}

TEST(IsValidUtf8, refuses_overlong_forms_surrogates_and_broken_sequences) {
  EXPECT_TRUE(is_valid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (const std::string_view text : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xE2\x82", "\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(UnescapeJson, decodes_escapes_and_refuses_lone_surrogates) {
  EXPECT_EQ(unescape_json("plain"), "plain");
  EXPECT_EQ(unescape_json("a\\n\\u0041\\ud83d\\ude00"), "a\nA\xF0\x9F\x98\x80");
  EXPECT_EQ(unescape_json("\\ud83d"), std::nullopt);
}

}  // namespace
}  // namespace eventrelay
