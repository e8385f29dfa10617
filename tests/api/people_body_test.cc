#include "api/people_body.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

HttpRequest with_body(std::string body) {
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"content-type", "application/json"}};
  request.body = std::move(body);
  return request;
}

template <class Take>
std::string faulty(const std::string& body_text, Take take) {
  const auto request = with_body(body_text);
  BodyReader body(request);
  if (body.object) take(body, "it");
  body.finish();
  return body.faults.empty() ? "" : body.faults.front().path + " " + body.faults.front().message;
}

std::string quoted(const std::string& text) {
  return R"({"it":")" + text + "\"}";
}

std::string many(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(PeopleBody, a_password_has_12_to_1000_characters) {
  EXPECT_NE(faulty(quoted(many("a", 11)), take_new_password), "");
  EXPECT_EQ(faulty(quoted(many("a", 12)), take_new_password), "");
  EXPECT_EQ(faulty(quoted(many("a", 1'000)), take_new_password), "");
  EXPECT_NE(faulty(quoted(many("a", 1'001)), take_new_password), "");
  EXPECT_NE(faulty(quoted(many("\u00e9", 6)), take_new_password), "") << "twelve bytes are not twelve characters";
  EXPECT_EQ(faulty(quoted(many("\u00e9", 1'000)), take_new_password), "");
  EXPECT_EQ(faulty(quoted(many(" ", 12)), take_new_password), "") << "any characters";
}

TEST(PeopleBody, a_name_is_one_line_that_is_not_blank) {
  EXPECT_EQ(faulty(quoted("Ada"), take_name), "");
  EXPECT_EQ(faulty(quoted(many("\u00e9", 128)), take_name), "");
  for (const std::string& text : {std::string(), std::string("  "), std::string("a\\nb"), many("a", 129)}) {
    EXPECT_NE(faulty(quoted(text), take_name), "") << text;
  }
}

TEST(PeopleBody, an_address_and_a_role_are_checked) {
  EXPECT_EQ(faulty(quoted("Ada@Example.com"), take_email), "");
  EXPECT_NE(faulty(quoted("ada"), take_email), "");
  EXPECT_EQ(faulty(quoted("owner"), take_role), "");
  EXPECT_NE(faulty(quoted("king"), take_role), "");
}

TEST(PeopleBody, what_is_missing_is_told_once) {
  const auto request = with_body("{}");
  BodyReader body(request);
  take_email(body, "email");
  take_new_password(body, "password");
  take_role(body, "role");
  body.finish();
  EXPECT_EQ(body.faults.size(), 3u);
  ASSERT_TRUE(body.refusal);
  EXPECT_EQ(body.refusal->status, 422);
}

}  // namespace
}  // namespace eventrelay
