#include "api/event_body.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/limits.h"

namespace eventrelay {
namespace {

const WallTime kNow = *parse_time("2026-03-01T12:00:00Z");

EventBody read(std::string_view body) {
  return read_event(body, kNow);
}
EventBody read_items(std::string_view body, BatchFormat format = BatchFormat::kArray) {
  return read_batch(body, format, 1'000, kNow);
}

int status(const EventBody& body) {
  return body.refusal ? body.refusal->status : 0;
}

std::vector<std::string> paths(const EventBody& body) {
  std::vector<std::string> result;
  if (!body.refusal) return result;
  const auto problem = nlohmann::json::parse(body.refusal->body);
  if (!problem.contains("errors")) return result;
  for (const auto& error : problem["errors"]) result.push_back(error["path"]);
  return result;
}
using Paths = std::vector<std::string>;

std::string with_payload(std::string_view payload) {
  return R"({"type":"a.b","payload":)" + std::string(payload) + "}";
}

TEST(ReadEvent, payload_bytes_are_kept_exactly) {
  for (const std::string_view payload :
       {R"({ "b" : 1.0,"a":  [1,2 ,3] })", "1e400", "123456789012345678901234567890", "-0.0", R"("\u00e9\/ \ud83d")",
        "null", "\"\xE2\x82\xAC\"", "[ ]", "{\"a\":1,\"a\":2}", "0.10"}) {
    const auto body = read(" {\"type\" : \"a.b\" , \"payload\" :  " + std::string(payload) + " \n} ");
    ASSERT_EQ(status(body), 0) << payload;
    EXPECT_EQ(body.events.front().payload, payload);
    EXPECT_EQ(body.events.front().type, "a.b");
  }
}

TEST(ReadEvent, all_members_are_taken) {
  const auto body = read(R"({"metadata":{"k": [1]},"deliver_at":"2026-03-02T12:00:00+00:00","tenant":"caf\u00e9",
                             "ty\u0070e":"order.created","payload":1})");
  ASSERT_EQ(status(body), 0);
  const auto& event = body.events.front();
  EXPECT_EQ(event.type, "order.created");
  EXPECT_EQ(event.tenant, "caf\xC3\xA9");
  EXPECT_EQ(event.metadata, R"({"k": [1]})");
  EXPECT_EQ(event.deliver_at, parse_time("2026-03-02T12:00:00Z"));
}

TEST(ReadEvent, a_time_that_has_passed_means_now) {
  const auto body = read(R"({"type":"a","payload":1,"deliver_at":"2026-03-01T11:59:59Z"})");
  ASSERT_EQ(status(body), 0);
  EXPECT_EQ(body.events.front().deliver_at, std::nullopt);
}

TEST(ReadEvent, thirty_days_ahead_is_the_most) {
  EXPECT_EQ(status(read(R"({"type":"a","payload":1,"deliver_at":"2026-03-31T12:00:00Z"})")), 0);
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"deliver_at":"2026-03-31T12:00:00.001Z"})")), Paths{"deliver_at"});
}

TEST(ReadEvent, what_is_no_json_is_400) {
  for (const std::string_view text : {"", "{", "{\"type\":\"a\",\"payload\":1}x", "{\"type\":\"a\",\"payload\":012}",
                                      "{\"type\":\"a\",\"payload\":tru}", "{\"type\":\"a\",\"payload\":\"\\q\"}",
                                      "{\"type\":\"a\",\"payload\":\"\xFF\"}", "{\"type\":\"a\" \"payload\":1}",
                                      "nonsense", "{\"type\":5,\"payload\":}"}) {
    EXPECT_EQ(status(read(text)), 400) << text;
  }
}

TEST(ReadEvent, a_member_that_is_there_twice_is_400) {
  EXPECT_EQ(status(read(R"({"type":"a","payload":1,"type":"a"})")), 400);
  EXPECT_EQ(status(read(R"({"type":"a","payload":1,"paylo\u0061d":1})")), 400);
  EXPECT_EQ(status(read(R"({"type":"a","payload":1,"x":1,"x":1})")), 400);
  EXPECT_EQ(status(read(R"({"type":"a","payload":{"x":1,"x":2}})")), 0) << "inside the payload it is the sender's";
}

TEST(ReadEvent, depth_is_of_the_whole_body) {
  const auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_EQ(status(read(with_payload(nested(kJsonDepthMax - 1)))), 0);
  EXPECT_EQ(status(read(with_payload(nested(kJsonDepthMax)))), 400);
  EXPECT_EQ(status(read_items("[" + with_payload(nested(kJsonDepthMax - 1)) + "]")), 0) << "the array is not counted";
  EXPECT_EQ(status(read_items("[" + with_payload(nested(kJsonDepthMax)) + "]")), 400);
}

TEST(ReadEvent, faults_name_their_paths) {
  EXPECT_EQ(paths(read("{}")), (Paths{"type", "payload"}));
  EXPECT_EQ(paths(read("[]")), Paths{""});
  EXPECT_EQ(paths(read(R"({"type":5,"payload":1})")), Paths{"type"});
  EXPECT_EQ(paths(read(R"({"type":"a b","payload":1})")), Paths{"type"});
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"tenant":""})")), Paths{"tenant"});
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"tenant":"a\u0000b"})")), Paths{"tenant"});
  EXPECT_EQ(paths(read(R"({"type":"a\u0000b","payload":1})")), Paths{"type"});
  EXPECT_EQ(status(read(R"({"type":"a","payload":"\u0000","metadata":{"\u0000":1}})")), 0) << "kept as they came";
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"tenant":")" + std::string(129, 't') + "\"}")), Paths{"tenant"});
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"metadata":[]})")), Paths{"metadata"});
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"metadata":{"x":")" + std::string(4'096, 'm') + "\"}}")),
            Paths{"metadata"});
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"colour":"red"})")), Paths{"colour"});
  EXPECT_EQ(paths(read(R"({"type":"a","payload":1,"deliver_at":7})")), Paths{"deliver_at"});
}

TEST(ReadBatch, items_come_in_their_order) {
  const auto body = read_items("[" + with_payload("1") + " , " + with_payload("{ }") + "]");
  ASSERT_EQ(status(body), 0);
  ASSERT_EQ(body.events.size(), 2u);
  EXPECT_EQ(body.events[1].payload, "{ }");
}

TEST(ReadBatch, lines_may_end_in_carriage_returns_and_be_empty) {
  const auto body = read_items(with_payload("1") + "\r\n\n" + with_payload("2"), BatchFormat::kNdjson);
  ASSERT_EQ(status(body), 0);
  EXPECT_EQ(body.events.size(), 2u);
  EXPECT_EQ(status(read_items("{\"type\":\"a\",\n\"payload\":1}", BatchFormat::kNdjson)), 400);
  EXPECT_EQ(status(read_items(with_payload("1") + with_payload("2"), BatchFormat::kNdjson)), 400);
}

TEST(ReadBatch, faults_name_the_item) {
  EXPECT_EQ(paths(read_items("[" + with_payload("1") + R"(,{"type":"a b","payload":1},7,{"type":"a"}])")),
            (Paths{"[1].type", "[2]", "[3].payload"}));
  EXPECT_EQ(paths(read_items(R"({"type":"a"})"
                             "\n7",
                             BatchFormat::kNdjson)),
            (Paths{"[0].payload", "[1]"}));
  EXPECT_EQ(paths(read_items("{}")), Paths{""});
}

TEST(ReadBatch, one_to_a_thousand_events) {
  const auto items = [](std::size_t count) {
    std::string text = "[";
    for (std::size_t i = 0; i < count; ++i) text.append(i == 0 ? "" : ",").append(with_payload("1"));
    return text + "]";
  };
  EXPECT_EQ(status(read_items("[]")), 422);
  EXPECT_EQ(status(read_items("", BatchFormat::kNdjson)), 422);
  EXPECT_EQ(read_items(items(1'000)).events.size(), 1'000u);
  EXPECT_EQ(status(read_items(items(1'001))), 422);
}

TEST(ReadBatch, an_item_past_the_limit_of_one_event_is_413) {
  const auto of_size = [](std::size_t bytes) {
    const auto frame = with_payload("\"\"").size();
    return with_payload("\"" + std::string(bytes - frame, 'x') + "\"");
  };
  EXPECT_EQ(status(read_items("[ " + of_size(1'000) + " ]")), 0);
  const auto refused = read_items("[" + with_payload("1") + "," + of_size(1'001) + "]");
  EXPECT_EQ(status(refused), 413);
  EXPECT_EQ(paths(refused), Paths{"[1]"});
  EXPECT_TRUE(refused.events.empty());
  EXPECT_EQ(status(read_items(of_size(1'001), BatchFormat::kNdjson)), 413);
}

TEST(ReadTest, a_payload_is_kept_exactly_and_may_be_left_out) {
  EXPECT_EQ(read_test(R"({ "payload" : {"a": 1.0e2} })").payload, R"({"a": 1.0e2})");
  EXPECT_EQ(read_test(R"({"payload":null})").payload, "null");
  for (const std::string_view none : {"", "{}", " { } "}) {
    const auto test = read_test(none);
    EXPECT_FALSE(test.refusal) << none;
    EXPECT_EQ(test.payload, "") << none;
  }
}

TEST(ReadTest, what_it_does_not_know_is_refused) {
  EXPECT_EQ(read_test(R"({"payload":1,"type":"a.b"})").refusal->status, 422);
  EXPECT_EQ(read_test(R"({"payload":)").refusal->status, 400);
  EXPECT_EQ(read_test("[]").refusal->status, 422);
}

}  // namespace
}  // namespace eventrelay
