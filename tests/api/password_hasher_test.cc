#include "api/password_hasher.h"

#include <gtest/gtest.h>

#include "tests/support/test_loop.h"

namespace eventrelay {
namespace {

class PasswordHasherTest : public testing::Test {
 protected:
  Result<std::string> hash(const std::string& password) {
    return loop.wait<Result<std::string>>([&](auto done) { hasher.hash(loop.loop(), password, std::move(done)); });
  }
  Result<bool> verify(const std::string& hashed, const std::string& password) {
    return loop.wait<Result<bool>>([&](auto done) { hasher.verify(loop.loop(), hashed, password, std::move(done)); });
  }
  template <class Work>
  static std::chrono::steady_clock::duration time_of(Work work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - begin;
  }

  TestLoop loop;
  PasswordHasher hasher;
};

TEST_F(PasswordHasherTest, a_hash_says_how_it_was_made_and_knows_its_password_alone) {
  const auto hashed = hash("correct horse battery");
  ASSERT_TRUE(hashed);
  EXPECT_TRUE(hashed->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hashed;
  EXPECT_TRUE(*verify(*hashed, "correct horse battery"));
  EXPECT_FALSE(*verify(*hashed, "correct horse batterz"));
  EXPECT_NE(*hash("correct horse battery"), *hashed) << "a salt of its own";
}

TEST_F(PasswordHasherTest, no_account_takes_as_long_as_a_wrong_password) {
  const auto hashed = hash("correct horse battery");
  auto wrong = time_of([&] { EXPECT_FALSE(*verify(*hashed, "wrong")); });
  auto nobody = time_of([&] { EXPECT_FALSE(*verify("", "wrong")); });
  for (int i = 0; i < 4; ++i) {
    wrong = std::min(wrong, time_of([&] { verify(*hashed, "wrong"); }));
    nobody = std::min(nobody, time_of([&] { verify("", "wrong"); }));
  }
  EXPECT_GT(nobody, wrong / 2);
  EXPECT_LT(nobody, wrong * 2);
}

TEST_F(PasswordHasherTest, only_so_many_wait) {
  std::size_t answered = 0;
  std::size_t refused = 0;
  const std::size_t count = kPasswordsWaitingMax + 20;
  for (std::size_t i = 0; i < count; ++i) {
    hasher.verify(loop.loop(), "", "password", [&](const Result<bool>& right) {
      ++answered;
      if (!right) refused += right.error().code == ErrorCode::kUnavailable ? 1 : 0;
    });
  }
  loop.run_until([&] { return answered == count; });
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, count - kPasswordsWaitingMax + 1);
}

TEST_F(PasswordHasherTest, what_waits_at_the_end_is_answered) {
  int answered = 0;
  for (int i = 0; i < 10; ++i) {
    hasher.hash(loop.loop(), "password", [&](const Result<std::string>&) { ++answered; });
  }
  hasher.stop();
  hasher.hash(loop.loop(), "password", [&](const Result<std::string>& hashed) {
    ++answered;
    EXPECT_FALSE(hashed);
  });
  loop.run_until([&] { return answered == 11; });
}

}  // namespace
}  // namespace eventrelay
