#include "queue/redis_slots.h"

#include <gtest/gtest.h>

#include <set>

#include "queue/redis_streams.h"

namespace eventrelay {
namespace {

RedisReply error(const char* text) {
  RedisReply reply;
  reply.kind = RedisReply::Kind::kError;
  reply.text = text;
  return reply;
}

TEST(RedisSlotsTest, slots_are_those_of_the_specification) {
  EXPECT_EQ(redis_slot("123456789"), 0x31C3);
  EXPECT_EQ(redis_slot("foo"), 12182);
  EXPECT_EQ(redis_slot("{user1000}.following"), redis_slot("{user1000}.followers"));
  EXPECT_EQ(redis_slot("foo{}{bar}"), redis_slot("foo{}{bar}"));
  EXPECT_NE(redis_slot("foo{}{bar}"), redis_slot("bar"));
  EXPECT_EQ(redis_slot("foo{{bar}}zap"), redis_slot("{bar"));
}

TEST(RedisSlotsTest, the_streams_lie_in_sixteen_slots) {
  std::set<int> slots;
  for (int partition = 0; partition < kPartitions; ++partition) {
    slots.insert(redis_slot(stream_key(partition)));
    EXPECT_EQ(partition_of_stream(stream_key(partition)), partition);
  }
  EXPECT_EQ(slots.size(), 16u);
  EXPECT_EQ(stream_key(255, 7), "er:{15}:255:7");
  EXPECT_EQ(partition_of_stream("er:{15}:255:7"), 255);
  EXPECT_EQ(partition_of_stream("er:{15}:255"), std::nullopt);
  for (const char* other : {"", "er:{1}:2", "er:{0}:256", "er:{0}:016", "16"})
    EXPECT_FALSE(partition_of_stream(other)) << other;
}

TEST(RedisSlotsTest, redirections_are_understood) {
  const RedisEndpoint asked{"10.0.0.9", 1};
  auto redirect = parse_redirect(error("MOVED 3999 127.0.0.1:6381"), asked);
  ASSERT_TRUE(redirect);
  EXPECT_FALSE(redirect->ask);
  EXPECT_EQ(redirect->slot, 3999);
  EXPECT_EQ(redirect->to, (RedisEndpoint{"127.0.0.1", 6381}));
  redirect = parse_redirect(error("ASK 1 ::1:6381"), asked);
  ASSERT_TRUE(redirect);
  EXPECT_TRUE(redirect->ask);
  EXPECT_EQ(redirect->to, (RedisEndpoint{"::1", 6381}));
  redirect = parse_redirect(error("MOVED 3999 :6381"), asked);
  ASSERT_TRUE(redirect);
  EXPECT_EQ(redirect->to, (RedisEndpoint{"10.0.0.9", 6381}));
  for (const char* other : {"ERR no", "MOVED", "MOVED x", "MOVED 1", "MOVED 1 host", "MOVED 16384 h:1", "MOVED 1 h:0",
                            "MOVED 1 h:99999", "MOVED -1 h:1"})
    EXPECT_FALSE(parse_redirect(error(other), asked)) << other;
}

TEST(RedisSlotsTest, stream_ids_are_read_and_written) {
  EXPECT_EQ(parse_stream_id("1526919030474-55"), (StreamId{1526919030474, 55}));
  EXPECT_EQ(to_text(StreamId{1526919030474, 55}), "1526919030474-55");
  EXPECT_LT((StreamId{1, 9}), (StreamId{2, 0}));
  for (const char* other : {"", "1", "1-", "-1", "1-2x", "x-1", "99999999999999999999-0"})
    EXPECT_FALSE(parse_stream_id(other)) << other;
}

}  // namespace
}  // namespace eventrelay
