#include "domain/api_key.h"

#include <gtest/gtest.h>

#include <set>

namespace eventrelay {
namespace {

TEST(ApiKey, is_er_and_43_characters_that_need_no_quotes) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    auto key = random_api_key();
    EXPECT_EQ(key.size(), 46u);
    EXPECT_TRUE(key.starts_with("er_"));
    EXPECT_EQ(key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(is_acceptable_api_key(key));
    seen.insert(key);
  }
  EXPECT_EQ(seen.size(), 200u);
}

TEST(ApiKey, of_an_operator_has_16_to_256_printable_characters) {
  EXPECT_TRUE(is_acceptable_api_key(std::string(16, '!')));
  EXPECT_TRUE(is_acceptable_api_key(std::string(256, '~')));
  EXPECT_FALSE(is_acceptable_api_key(std::string(15, 'a')));
  EXPECT_FALSE(is_acceptable_api_key(std::string(257, 'a')));
  EXPECT_FALSE(is_acceptable_api_key(""));
  EXPECT_TRUE(is_acceptable_api_key("correct horse battery staple"));
  EXPECT_FALSE(is_acceptable_api_key(" correct horse battery staple")) << "HTTP would not bring the space";
  for (char bad : {' ', '\t', '\n', '\0', '\x7f', '\x80', '\xff'}) {
    EXPECT_FALSE(is_acceptable_api_key(std::string(16, 'a') + bad));
  }
}

TEST(Scope, has_its_words) {
  for (auto scope : {Scope::kAdmin, Scope::kPublish, Scope::kRead}) EXPECT_EQ(parse_scope(to_text(scope)), scope);
  EXPECT_EQ(to_text(Scope::kPublish), "publish");
  EXPECT_FALSE(parse_scope(""));
  EXPECT_FALSE(parse_scope("Admin"));
  EXPECT_FALSE(parse_scope("root"));
}

}  // namespace
}  // namespace eventrelay
