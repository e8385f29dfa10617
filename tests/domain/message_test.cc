#include "domain/message.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

TEST(Message, carries_type_creation_time_and_payload) {
  EventId id{first_id_at(from_unix_ms(1'772'368'496'789)) + 5};
  auto message = make_message(id, "order.created", R"({"n":1})");
  EXPECT_EQ(message->event, id);
  EXPECT_EQ(message->id, to_text(id));
  EXPECT_EQ(message->body, R"({"type":"order.created","timestamp":"2026-03-01T12:34:56.789Z","data":{"n":1}})");
}

TEST(Message, keeps_the_payloads_bytes) {
  std::string payload = "{ \"b\" : 1.50e+0 ,\n\t\"a\":\"\\u00e4\\/\xc3\xa4\", \"b\":12345678901234567890 }";
  auto body = make_message(EventId{1}, "t", payload)->body;
  EXPECT_TRUE(body.ends_with("\"data\":" + payload + "}"));
}

TEST(Message, is_the_same_whenever_it_is_made) {
  EXPECT_EQ(make_message(EventId{99}, "t", "null")->body, make_message(EventId{99}, "t", "null")->body);
}

TEST(Message, tells_its_events_type) {
  EXPECT_EQ(type_of(*make_message(EventId{99}, "order.created", R"({"type":"other"})")), "order.created");
  EXPECT_EQ(type_of(Message{}), "");
}

}  // namespace
}  // namespace eventrelay
