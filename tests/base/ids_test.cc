#include "base/ids.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace eventrelay {
namespace {

constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();

TEST(IdText, is_a_prefix_and_13_characters) {
  EXPECT_EQ(to_text(EventId{0}), "evt_0000000000000");
  EXPECT_EQ(to_text(WebhookId{31}), "whk_000000000000z");
  EXPECT_EQ(to_text(DeliveryId{32}), "dlv_0000000000010");
  EXPECT_EQ(to_text(JobId{kGreatest}), "job_7zzzzzzzzzzzz");
}

TEST(IdText, leaves_out_the_letters_that_look_like_digits) {
  std::string seen;
  for (std::int64_t value = 0; value < 32; ++value) seen += encode_id("", value).back();
  EXPECT_EQ(seen, "0123456789abcdefghjkmnpqrstvwxyz");
}

TEST(IdText, reads_back_to_the_same_number) {
  for (std::int64_t value :
       {std::int64_t{1}, std::int64_t{31}, std::int64_t{32}, std::int64_t{1} << 62, kGreatest - 1, kGreatest}) {
    EXPECT_EQ(parse_id<EventId>(to_text(EventId{value})), EventId{value});
  }
}

TEST(IdText, sorts_like_the_number) {
  std::int64_t value = 1;
  std::string last = encode_id("evt_", 0);
  for (int i = 0; i < 62; ++i) {
    for (std::int64_t near : {value, value + 1}) {
      auto text = encode_id("evt_", near);
      EXPECT_LE(last, text);
      last = text;
    }
    value <<= 1;
  }
}

TEST(IdText, of_another_kind_is_refused) {
  auto text = to_text(EventId{7});
  EXPECT_TRUE(parse_id<EventId>(text));
  EXPECT_FALSE(parse_id<WebhookId>(text));
  EXPECT_FALSE(parse_id<DeliveryId>(text));
  EXPECT_EQ(parse_id<UserId>("usr_0000000000007"), UserId{7});
  EXPECT_EQ(parse_id<InvitationId>("inv_0000000000007"), InvitationId{7});
  EXPECT_EQ(parse_id<OrganizationId>("org_0000000000007"), OrganizationId{7});
  EXPECT_EQ(to_text(AuditId{7}), "aud_0000000000007");
}

TEST(IdText, of_nothing_is_refused) {
  EXPECT_FALSE(parse_id<EventId>("evt_0000000000000"));
  EXPECT_FALSE(parse_id<WebhookId>("whk_0000000000000"));
  EXPECT_EQ(decode_id("evt_", "evt_0000000000000"), 0) << "a search for the beginning of an id needs the least one";
}

TEST(IdText, is_refused_unless_prefix_length_and_alphabet_fit) {
  for (const char* text : {"", "evt_", "evt_000000000000", "evt_00000000000000", "evt_000000000000Z",
                           "EVT_0000000000000", "evt_000000000000i", "evt_000000000000l", "evt_000000000000o",
                           "evt_000000000000u", "evt_ 000000000000", "evt_-000000000001", "evt-0000000000000",
                           // 64 bits and more
                           "evt_8000000000000", "evt_zzzzzzzzzzzzz",
                           "evt_\x80"
                           "000000000000"}) {
    EXPECT_FALSE(parse_id<EventId>(text)) << text;
  }
}

TEST(IdTime, comes_back_from_the_id) {
  auto time = from_unix_ms(1'772'368'496'789);
  EXPECT_EQ(time_of_id(first_id_at(time)), time);
  EXPECT_EQ(time_of_id(first_id_at(time) + (1 << kIdSequenceBits) - 1), time);
  EXPECT_EQ(time_of_id(first_id_at(time) - 1), time - milliseconds{1});
}

TEST(IdTime, before_the_epoch_is_the_smallest_id) {
  EXPECT_EQ(first_id_at(from_unix_ms(0)), 0);
  EXPECT_EQ(first_id_at(from_unix_ms(kIdEpochUnixMs)), 0);
  EXPECT_EQ(first_id_at(WallTime::min()), 0);
  EXPECT_EQ(first_id_at(from_unix_ms(kIdEpochUnixMs + 1)), 1 << kIdSequenceBits);
}

TEST(IdTime, past_what_an_id_holds_is_the_greatest_id) {
  EXPECT_EQ(first_id_at(WallTime::max()), kGreatest);
  EXPECT_EQ(first_id_at(*parse_time("9999-12-31T23:59:59Z")), kGreatest);
  EXPECT_LT(first_id_at(*parse_time("2089-01-01T00:00:00Z")), kGreatest);
}

TEST(IdGenerator, gives_ids_of_the_millisecond) {
  IdGenerator ids;
  auto now = from_unix_ms(1'772'368'496'789);
  EXPECT_EQ(ids.next(now), first_id_at(now));
  EXPECT_EQ(ids.next(now), first_id_at(now) + 1);
  EXPECT_EQ(ids.next(now + milliseconds{1}), first_id_at(now + milliseconds{1}));
}

TEST(IdGenerator, only_rises_when_the_clock_steps_back) {
  IdGenerator ids;
  auto now = from_unix_ms(1'772'368'496'789);
  auto first = ids.next(now);
  EXPECT_EQ(ids.next(now - std::chrono::hours{5}), first + 1);
  EXPECT_EQ(ids.next(from_unix_ms(0)), first + 2);
  EXPECT_EQ(ids.last(), first + 2);
}

TEST(IdGenerator, goes_on_after_the_greatest_id_that_exists) {
  auto now = from_unix_ms(1'772'368'496'789);
  IdGenerator ids(first_id_at(now + std::chrono::hours{1}));
  EXPECT_EQ(ids.next(now), first_id_at(now + std::chrono::hours{1}) + 1);
}

TEST(IdGenerator, spills_into_the_next_millisecond_without_a_repeat) {
  auto now = from_unix_ms(1'772'368'496'789);
  IdGenerator ids(first_id_at(now + milliseconds{1}) - 1);
  auto spilled = ids.next(now);
  EXPECT_EQ(spilled, first_id_at(now + milliseconds{1}));
  EXPECT_EQ(ids.next(now + milliseconds{1}), spilled + 1);
}

}  // namespace
}  // namespace eventrelay
