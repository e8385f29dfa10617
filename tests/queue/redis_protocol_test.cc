#include "queue/redis_protocol.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

TEST(RedisProtocolTest, commands_are_written_with_their_lengths) {
  RedisBatch batch;
  batch.add({"SET", "k", std::string_view("a\r\n\0b", 5)}).add({"PING"});
  EXPECT_EQ(batch.commands, 2u);
  EXPECT_EQ(batch.bytes,
            "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\n" + std::string(1, '\0') + "b\r\n*1\r\n$4\r\nPING\r\n");
}

TEST(RedisProtocolTest, replies_are_read_however_they_are_cut) {
  const std::string bytes =
      "+OK\r\n-ERR no\r\n:-42\r\n$-1\r\n*-1\r\n$3\r\nabc\r\n*3\r\n*2\r\n$1\r\na\r\n:7\r\n*0\r\n$-1\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    RedisReplyReader reader;
    std::vector<RedisReply> replies;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.feed(std::string_view(bytes).substr(at, step));
      for (auto reply = reader.next(); reply && *reply; reply = reader.next()) replies.push_back(std::move(**reply));
    }
    ASSERT_EQ(replies.size(), 7u);
    EXPECT_EQ(replies[0].kind, RedisReply::Kind::kStatus);
    EXPECT_EQ(replies[0].text, "OK");
    EXPECT_TRUE(replies[1].is_error());
    EXPECT_EQ(replies[1].text, "ERR no");
    EXPECT_EQ(replies[2].integer, -42);
    EXPECT_TRUE(replies[3].is_nil());
    EXPECT_TRUE(replies[4].is_nil());
    EXPECT_EQ(replies[5].text, "abc");
    ASSERT_EQ(replies[6].items.size(), 3u);
    EXPECT_EQ(replies[6].items[0].items[0].text, "a");
    EXPECT_EQ(replies[6].items[0].items[1].integer, 7);
    EXPECT_EQ(replies[6].items[1].kind, RedisReply::Kind::kArray);
    EXPECT_TRUE(replies[6].items[2].is_nil());
  }
}

TEST(RedisProtocolTest, what_is_not_the_protocol_is_refused) {
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n", "*2147483647\r\n", "*1000001\r\n", "$-5\r\n", "*-7\r\n"}) {
    RedisReplyReader reader;
    reader.feed(bytes);
    EXPECT_FALSE(reader.next()) << bytes;
  }
}

TEST(RedisProtocolTest, half_a_reply_is_freed_with_its_reader) {
  RedisReplyReader reader;
  reader.feed("*2\r\n*1\r\n$40\r\nabc");
  const auto reply = reader.next();
  ASSERT_TRUE(reply);
  EXPECT_FALSE(*reply);
}

}  // namespace
}  // namespace eventrelay
