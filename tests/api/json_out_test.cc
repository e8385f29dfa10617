#include "api/json_out.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/problem.h"

namespace eventrelay {
namespace {

using nlohmann::json;

template <class Write>
json written(Write write) {
  JsonWriter writer;
  write(writer);
  return json::parse(writer.take());
}

TEST(JsonWriter, keeps_commas_in_nested_structures) {
  JsonWriter writer;
  writer.open('{').field("a", "x").key("b").open('[').number(std::int64_t{1}).open('{').close('}').null().close(']');
  writer.flag("c", true).key("d").number(1.2345).close('}');
  EXPECT_EQ(writer.take(), R"({"a":"x","b":[1,{},null],"c":true,"d":1.235})");
}

TEST(JsonWriter, text_is_escaped_and_always_valid_utf8) {
  std::string out;
  append_json_string(out, std::string_view("\"\\\n\r\t\x01\0é", 9));
  EXPECT_EQ(json::parse(out), json(std::string("\"\\\n\r\t\x01\0é", 9)));
  out.clear();
  append_json_string(out,
                     "a\xFF"
                     "b\"");
  EXPECT_EQ(json::parse(out), json("a\xEF\xBF\xBD"
                                   "b\""));
}

TEST(WriteDelivery, an_attempt_shows_what_there_was_and_null_for_the_rest) {
  DeliveryDetail detail;
  detail.delivery.id = DeliveryId{first_id_at(from_unix_ms(1'700'000'000'000))};
  detail.delivery.type = "a.b";
  AttemptRow failed;
  failed.number = 1;
  failed.outcome.error = AttemptError::kTimeout;
  failed.outcome.error_message = "took too long";
  failed.outcome.timings.connect_us = 1'500;
  failed.outcome.request_headers = {{"authorization", "Bearer secret"}, {"x-a", "1"}};
  failed.outcome.response_headers = {{"set-cookie", "a=1"}, {"set-cookie", "b=2"}};
  failed.outcome.response_body = "\xFF";
  detail.attempts = {failed};
  const auto shown = written([&](auto& writer) { write_delivery_detail(writer, detail, true); });
  EXPECT_EQ(shown["created_at"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(shown["tenant"], nullptr);
  EXPECT_EQ(shown["replay_of"], nullptr);
  EXPECT_EQ(shown["last_status_code"], nullptr);
  const auto& attempt = shown["attempts"][0];
  EXPECT_EQ(attempt["status_code"], nullptr);
  EXPECT_EQ(attempt["error"], (json{{"code", "timeout"}, {"message", "took too long"}}));
  EXPECT_EQ(attempt["timings"],
            (json{{"dns_ms", nullptr}, {"connect_ms", 1.5}, {"tls_ms", nullptr}, {"first_byte_ms", nullptr}}));
  EXPECT_EQ(attempt["request_headers"], (json{{"authorization", "[redacted]"}, {"x-a", "1"}}));
  EXPECT_EQ(attempt["response_headers"], (json{{"set-cookie", "a=1, b=2"}}));
  EXPECT_EQ(attempt["response_body"], "\xEF\xBF\xBD");
}

TEST(WriteDelivery, who_may_only_read_sees_no_value_that_a_webhook_set) {
  DeliveryDetail detail;
  AttemptRow attempt;
  attempt.outcome.request_headers = {{"webhook-id", "evt_1"}, {"content-type", "application/json"}, {"X-Api-Key", "s"}};
  attempt.outcome.response_headers = {{"server", "nginx"}};
  detail.attempts = {attempt};
  const auto shown = written([&](auto& writer) { write_delivery_detail(writer, detail, false); })["attempts"][0];
  EXPECT_EQ(shown["request_headers"],
            (json{{"webhook-id", "evt_1"}, {"content-type", "application/json"}, {"X-Api-Key", "[redacted]"}}));
  EXPECT_EQ(shown["response_headers"], (json{{"server", "nginx"}}));
}

TEST(WriteEvent, payload_and_metadata_are_inserted_as_they_are) {
  EventDetail detail;
  detail.event.type = "a";
  detail.event.metadata = R"({"k":  1})";
  detail.payload = "1e400";
  JsonWriter writer;
  write_event_detail(writer, detail);
  const auto text = writer.take();
  EXPECT_NE(text.find(R"("metadata":{"k":  1},)"), std::string::npos);
  EXPECT_NE(text.find(R"("payload":1e400,)"), std::string::npos);
}

TEST(WriteWebhook, secrets_are_shown_only_where_asked) {
  Webhook webhook;
  webhook.spec.headers = {{"Authorization", "Bearer s3cret"}, {"X-Api-Key", "s3cret"}};
  webhook.secret = random_secret();
  const auto plain = written([&](auto& writer) { write_webhook(writer, webhook, {}); });
  EXPECT_EQ(plain["headers"], (json{{"Authorization", "[redacted]"}, {"X-Api-Key", "[redacted]"}}));
  EXPECT_FALSE(plain.contains("secret"));
  const auto full = written([&](auto& writer) { write_webhook(writer, webhook, {true, true}); });
  EXPECT_EQ(full["headers"], (json{{"Authorization", "Bearer s3cret"}, {"X-Api-Key", "s3cret"}}));
  EXPECT_EQ(full["secret"], to_text(webhook.secret));
}

TEST(WriteWebhook, a_multiplier_is_shown_as_it_is_kept) {
  Webhook webhook;
  webhook.spec.retry.multiplier = 1.00049;
  const auto shown = written([&](auto& writer) { write_webhook(writer, webhook, {}); });
  EXPECT_EQ(shown["retry"]["multiplier"], 1.00049);
}

TEST(WriteMetrics, the_success_rate_is_of_attempts_and_null_for_none) {
  MetricsReport report;
  EXPECT_EQ(written([&](auto& writer) { write_metrics(writer, report, "15m"); })["success_rate"], nullptr);
  report.totals.attempts = 3;
  report.totals.failed_attempts = 2;
  EXPECT_DOUBLE_EQ(written([&](auto& writer) { write_metrics(writer, report, "15m"); })["success_rate"], 1.0 / 3.0);
}

TEST(ProblemOf, every_error_has_its_status) {
  const auto status = [](ErrorCode code) { return problem_of(Error{code, "m", {}}).status; };
  EXPECT_EQ(status(ErrorCode::kInvalid), 422);
  EXPECT_EQ(status(ErrorCode::kNotFound), 404);
  EXPECT_EQ(status(ErrorCode::kConflict), 409);
  EXPECT_EQ(status(ErrorCode::kKeyReused), 422);
  EXPECT_EQ(status(ErrorCode::kTooLarge), 422);
  for (const auto code : {ErrorCode::kUnavailable, ErrorCode::kUnknown, ErrorCode::kTimeout}) {
    const auto response = problem_of(Error{code, "m", {}});
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.headers, (std::vector<std::pair<std::string, std::string>>{{"retry-after", "1"}}));
  }
}

}  // namespace
}  // namespace eventrelay
