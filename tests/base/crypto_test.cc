#include "base/crypto.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace eventrelay {
namespace {

std::string hex(const Sha256& digest) {
  std::string text;
  for (auto byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

TEST(Sha256, gives_the_published_vectors) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256({})), hex(sha256("")));
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// RFC 4231.
TEST(HmacSha256, gives_the_published_vectors) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), {"Hi There"})),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", {"what do ya want for nothing?"})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'), {"Test Using Larger Than Block-Size Key - Hash Key First"})),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, takes_parts_as_one_string) {
  auto whole = hmac_sha256("Jefe", {"what do ya want for nothing?"});
  EXPECT_EQ(hmac_sha256("Jefe", {"what do ya", "", " want ", {}, "for nothing?"}), whole);
}

TEST(HmacSha256, keeps_nothing_of_the_call_before) {
  auto first = hmac_sha256("Jefe", {"what do ya want for nothing?"});
  hmac_sha256(std::string(200, 'k'), {"other"});
  EXPECT_EQ(hmac_sha256("Jefe", {"what do ya want for nothing?"}), first);
  // HMAC with the empty key and the empty message.
  EXPECT_EQ(hex(hmac_sha256("", {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(hmac_sha256({}, {""}), hmac_sha256("", {}));
}

TEST(HmacSha256, runs_in_many_threads_at_once) {
  auto expected = hmac_sha256("Jefe", {"what do ya want for nothing?"});
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 500; ++round) {
        wrong[i] += hmac_sha256("Jefe", {"what do ya want ", "for nothing?"}) != expected;
        wrong[i] += sha256("abc") != sha256("abc");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

// RFC 4648 §10.
TEST(Base64, gives_the_published_vectors_both_ways) {
  std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                   {"f", "Zg=="},
                                                   {"fo", "Zm8="},
                                                   {"foo", "Zm9v"},
                                                   {"foob", "Zm9vYg=="},
                                                   {"fooba", "Zm9vYmE="},
                                                   {"foobar", "Zm9vYmFy"}};
  for (auto [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, carries_every_byte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t length = 250; length <= all.size(); ++length) {
    EXPECT_EQ(base64_decode(base64_encode(all.substr(0, length))), all.substr(0, length));
  }
  EXPECT_EQ(base64_encode("\xfb\xff\xfe"), "+//+");
}

TEST(Base64, decoding_is_strict) {
  using namespace std::string_view_literals;
  for (auto text : {"Z"sv, "Zg"sv, "Zg="sv, "Zg==="sv, "===="sv, "Z==="sv, "=Zg="sv, "Zg==Zg=="sv, "Zm9v\n"sv,
                    " Zm9v"sv, "Zm 9"sv, "Zm9-"sv, "Zm9_"sv, "Zm9*"sv, "Zm9\0"sv, "Zm9\xff"sv,
                    // bits that the padding cuts off are not zero
                    "Zh=="sv, "Zm9="sv}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(RandomBytes, have_the_length_and_do_not_repeat) {
  EXPECT_EQ(random_bytes(0), "");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    auto bytes = random_bytes(16);
    EXPECT_EQ(bytes.size(), 16u);
    seen.insert(bytes);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(RandomNumber, is_positive_and_comes_once) {
  std::set<std::int64_t> seen;
  for (int i = 0; i < 100; ++i) {
    const std::int64_t number = random_number();
    EXPECT_GT(number, 0);
    seen.insert(number);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(EqualConstantTime, compares_length_and_every_byte) {
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_TRUE(equal_constant_time({}, ""));
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secre"));
  EXPECT_FALSE(equal_constant_time("secret", "Secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST(RandomToken, a_token_needs_no_quoting_and_comes_once) {
  const auto token = random_token();
  EXPECT_EQ(token.size(), 43u);
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  EXPECT_NE(token, random_token());
}

}  // namespace
}  // namespace eventrelay
