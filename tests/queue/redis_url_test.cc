#include "queue/redis_url.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

TEST(RedisUrlTest, a_host_alone_is_enough) {
  const auto url = parse_redis_url("redis://cache");
  ASSERT_TRUE(url);
  EXPECT_FALSE(url->tls);
  EXPECT_EQ(url->endpoint, (RedisEndpoint{"cache", 6379}));
  EXPECT_EQ(url->user, "");
  EXPECT_EQ(url->password, "");
  EXPECT_EQ(url->database, 0);
}

TEST(RedisUrlTest, every_part_is_read) {
  const auto url = parse_redis_url("rediss://relay:p%40ss:w%2frd@[fd00::1]:7000/3");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->endpoint, (RedisEndpoint{"fd00::1", 7000}));
  EXPECT_EQ(to_text(url->endpoint), "[fd00::1]:7000");
  EXPECT_EQ(url->user, "relay");
  EXPECT_EQ(url->password, "p@ss:w/rd");
  EXPECT_EQ(url->database, 3);
}

TEST(RedisUrlTest, a_password_needs_no_user) {
  const auto url = parse_redis_url("redis://:secret@127.0.0.1:6380/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->user, "");
  EXPECT_EQ(url->password, "secret");
  EXPECT_EQ(url->endpoint.port, 6380);
}

TEST(RedisUrlTest, a_password_may_hold_an_at_sign) {
  const auto url = parse_redis_url("redis://u:a@b@host");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->password, "a@b");
  EXPECT_EQ(url->endpoint.host, "host");
}

TEST(RedisUrlTest, faults_are_named_and_the_password_is_not) {
  const std::pair<const char*, const char*> faults[] = {
      {"http://u:hunter2@host", "redis://"},
      {"redis://", "no host"},
      {"redis://u:hunter2@", "no host"},
      {"redis://u:hunter2@host:0", "port"},
      {"redis://u:hunter2@host:65536", "port"},
      {"redis://u:hunter2@host:", "port"},
      {"redis://u:hunter2@host:6x", "port"},
      {"redis://u:hunter2@::1", "brackets"},
      {"redis://u:hunter2@[::1", "']'"},
      {"redis://u:hunter2@[::1]6379", "']'"},
      {"redis://u:hunter2@host/one", "database"},
      {"redis://u:hunter2@host/-1", "database"},
      {"redis://u:hunter2@host/1/2", "database"},
      {"redis://u:hunter2%4@host", "hexadecimal"},
      {"redis://u:hunter2%zz@host", "hexadecimal"},
      {"redis://u:hunter2@host?db=1", "query"},
      {"redis://u:hunter2/x@host", "%2F"},
  };
  for (const auto& [text, fault] : faults) {
    const auto url = parse_redis_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kInvalid);
    EXPECT_NE(url.error().message.find(fault), std::string::npos) << text << ": " << url.error().message;
    EXPECT_EQ(url.error().message.find("hunter"), std::string::npos) << url.error().message;
  }
}

}  // namespace
}  // namespace eventrelay
