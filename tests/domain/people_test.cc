#include "domain/people.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace eventrelay {
namespace {

constexpr Role kRoles[]{Role::kViewer, Role::kDeveloper, Role::kAdmin, Role::kOwner};

TEST(Role, reads_back_from_its_word) {
  for (const Role role : kRoles) EXPECT_EQ(parse_role(to_text(role)), role);
  EXPECT_EQ(to_text(Role::kOwner), "owner");
  for (const char* word : {"", "Owner", "publish", "owners"}) EXPECT_FALSE(parse_role(word)) << word;
}

TEST(Role, of_an_owner_is_the_affair_of_owners) {
  for (const Role by : kRoles) {
    const bool is_owner = by == Role::kOwner;
    EXPECT_EQ(may_set_role(by, Role::kOwner, Role::kViewer), is_owner);
    EXPECT_EQ(may_set_role(by, Role::kOwner, std::nullopt), is_owner);
    EXPECT_EQ(may_set_role(by, Role::kViewer, Role::kOwner), is_owner);
    EXPECT_EQ(may_set_role(by, std::nullopt, Role::kOwner), is_owner);
    EXPECT_TRUE(may_set_role(by, Role::kAdmin, std::nullopt));
    EXPECT_TRUE(may_set_role(by, std::nullopt, Role::kAdmin));
  }
}

TEST(Email, is_kept_in_lower_case) {
  EXPECT_EQ(parse_email("Ada@Example.COM"), "ada@example.com");
  EXPECT_EQ(parse_email("a+b!#~@x"), "a+b!#~@x");
  EXPECT_TRUE(parse_email(std::string(kEmailCharsMax - 2, 'a') + "@x"));
}

TEST(Email, has_two_sides_and_no_blanks) {
  for (const char* text :
       {"", "@", "ada", "@x", "ada@", "ada@x@y", "a da@x", "ada@x ", "ada@x\n", "ada@x\x7f", "zoë@x"})
    EXPECT_FALSE(parse_email(text)) << text;
  EXPECT_FALSE(parse_email(std::string(kEmailCharsMax - 1, 'a') + "@x"));
}

}  // namespace
}  // namespace eventrelay
