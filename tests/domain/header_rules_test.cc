#include "domain/header_rules.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace eventrelay {
namespace {

std::vector<std::string> fault_paths(const Headers& headers) {
  std::vector<std::string> paths;
  for (const auto& fault : header_faults(headers)) paths.push_back(fault.path);
  return paths;
}

TEST(HeaderRules, allow_ordinary_headers) {
  EXPECT_TRUE(header_faults({}).empty());
  EXPECT_TRUE(header_faults({{"Authorization", "Bearer abc"},
                             {"X-Customer", "42"},
                             {"x-empty", ""},
                             {"X-Umlaut", "gr\xc3\xbc\xc3\x9f"},
                             {"User-Agent", "mine"},
                             {"!#$%&'*+-.^_`|~09azAZ", "token"},
                             {"proxy", "no prefix"},
                             {"webhooks", "neither"}})
                  .empty());
}

TEST(HeaderRules, refuse_what_the_connection_and_the_signature_own) {
  for (const char* name :
       {"Connection", "keep-alive", "Proxy-Authorization", "proxy-connection", "PROXY-anything", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "Host", "HOST", "Content-Length", "content-type", "Expect", "webhook-id",
        "Webhook-Signature", "WEBHOOK-timestamp", "webhook-"}) {
    EXPECT_EQ(fault_paths({{name, "x"}}), std::vector<std::string>{"headers." + std::string(name)}) << name;
  }
}

TEST(HeaderRules, refuse_names_that_are_no_tokens) {
  using namespace std::string_literals;
  for (const auto& name : {""s, "a b"s, "a:"s, "a\r\nb"s, "a\0"s, "(a)"s, "a,b"s, "\xc3\xa4"s, "a/b"s, "\"a\""s, "a=b"s,
                           " a"s, "a\t"s, "{a}"s}) {
    EXPECT_EQ(fault_paths({{name, "x"}}), std::vector<std::string>{"headers." + name}) << name;
  }
}

TEST(HeaderRules, refuse_control_characters_in_values) {
  using namespace std::string_literals;
  for (const auto& value : {"a\r\nx: y"s, "a\n"s, "\r"s, "a\0b"s, "a\x01"s, "\x7f"s, "a\tb"s, "\x1b[0m"s}) {
    EXPECT_EQ(fault_paths({{"x-a", value}}), std::vector<std::string>{"headers.x-a"});
  }
}

TEST(HeaderRules, refuse_a_name_twice) {
  EXPECT_EQ(fault_paths({{"X-A", "1"}, {"x-b", "2"}, {"x-a", "3"}}), std::vector<std::string>{"headers.x-a"});
}

TEST(HeaderRules, allow_20_headers_and_4_kib) {
  Headers headers;
  for (std::size_t i = 0; i < kWebhookHeadersMax; ++i) headers.push_back({"x-" + std::to_string(i), "v"});
  EXPECT_TRUE(header_faults(headers).empty());
  headers.push_back({"x-more", "v"});
  EXPECT_EQ(fault_paths(headers), std::vector<std::string>{"headers"});

  EXPECT_TRUE(header_faults({{"x-a", std::string(kWebhookHeaderBytesMax - 3, 'v')}}).empty());
  EXPECT_EQ(fault_paths({{"x-a", std::string(kWebhookHeaderBytesMax - 2, 'v')}}), std::vector<std::string>{"headers"});
}

TEST(HeaderRules, hide_credentials_when_shown) {
  EXPECT_EQ(shown_value("Authorization", "Bearer abc"), "[redacted]");
  EXPECT_EQ(shown_value("PROXY-authorization", "x"), "[redacted]");
  EXPECT_EQ(shown_value("cookie", "x"), "[redacted]");
  EXPECT_EQ(shown_value("x-authorization", "x"), "x");
  EXPECT_EQ(shown_value("cookies", "x"), "x");
}

TEST(EqualIgnoringCase, folds_ascii_letters_alone) {
  EXPECT_TRUE(equal_ignoring_case("Content-Length", "cONTENT-lENGTH"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

}  // namespace
}  // namespace eventrelay
