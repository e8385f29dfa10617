#include "base/result.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace eventrelay {
namespace {

TEST(Error, of_one_field_names_it_in_message_and_fields) {
  Error error = invalid("retry.max_ms", "must be positive");
  EXPECT_EQ(error.code, ErrorCode::kInvalid);
  EXPECT_EQ(error.message, "retry.max_ms must be positive");
  EXPECT_EQ(error.fields, (std::vector<FieldError>{{"retry.max_ms", "must be positive"}}));
}

TEST(Result, value_of_an_error_throws_with_its_message) {
  Result<int> result = invalid("url", "must not be empty");
  ASSERT_FALSE(result);
  try {
    result.value();
    FAIL() << "did not throw";
  } catch (const std::logic_error& thrown) {
    EXPECT_NE(std::string(thrown.what()).find("url must not be empty"), std::string::npos);
  }
}

}  // namespace
}  // namespace eventrelay
