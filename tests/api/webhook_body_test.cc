#include "api/webhook_body.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace eventrelay {
namespace {

using Paths = std::vector<std::string>;

Paths paths(const std::optional<HttpResponse>& refusal) {
  Paths result;
  if (!refusal) return result;
  EXPECT_EQ(refusal->status, 422) << refusal->body;
  const auto problem = nlohmann::json::parse(refusal->body);
  for (const auto& error : problem["errors"]) result.push_back(error["path"]);
  return result;
}

const EgressRules kPublicOnly;

/// A creation with these members beside a good URL and pattern.
WebhookCreation read_with(const std::string& members, const EgressRules& rules = kPublicOnly) {
  return read_webhook(R"({"url":"https://example.com/in","event_types":["a.*"])" + members + "}", rules);
}
Paths faults_of(const std::string& members) {
  return paths(read_with(members).refusal);
}

TEST(ReadWebhook, members_that_are_not_named_have_their_defaults) {
  const auto made = read_with("");
  ASSERT_FALSE(made.refusal);
  WebhookSpec expected;
  expected.url = "https://example.com/in";
  expected.event_types = {"a.*"};
  EXPECT_EQ(made.spec, expected);
  EXPECT_FALSE(made.secret);
}

TEST(ReadWebhook, every_member_is_taken) {
  const auto made = read_with(
      R"(,"tenant":"acme","description":"d","headers":{"x-a":"1"},"ordered":true,"max_in_flight":5,"timeout_ms":2000,
         "retry":{"max_attempts":3,"initial_ms":100,"multiplier":2.5,"max_ms":1000},"enabled":false,
         "secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")");
  ASSERT_FALSE(made.refusal) << made.refusal->body;
  EXPECT_EQ(made.spec.tenant, "acme");
  EXPECT_EQ(made.spec.headers, (Headers{{"x-a", "1"}}));
  EXPECT_TRUE(made.spec.ordered);
  EXPECT_EQ(made.spec.max_in_flight, 5u);
  EXPECT_EQ(made.spec.timeout, milliseconds{2'000});
  EXPECT_EQ(made.spec.retry, (RetryPolicy{3, milliseconds{100}, 2.5, milliseconds{1'000}, {}}));
  EXPECT_FALSE(made.spec.enabled);
  EXPECT_EQ(made.secret, (Secret{"012345678901234567890123"}));
}

TEST(ReadWebhook, a_schedule_stands_alone) {
  const auto made = read_with(R"(,"retry":{"schedule_ms":[0,5000]})");
  ASSERT_FALSE(made.refusal);
  EXPECT_EQ(made.spec.retry.schedule, (std::vector{milliseconds{0}, milliseconds{5'000}}));
  EXPECT_EQ(faults_of(R"(,"retry":{"schedule_ms":[1],"max_attempts":2})"), Paths{"retry.schedule_ms"});
  EXPECT_EQ(faults_of(R"(,"retry":{"schedule_ms":[]})"), Paths{"retry.schedule_ms"});
  EXPECT_EQ(faults_of(R"(,"retry":{"schedule_ms":[1,"x",-1,99999999999999999999]})"),
            (Paths{"retry.schedule_ms[1]", "retry.schedule_ms[2]", "retry.schedule_ms[3]"}));
}

TEST(ReadWebhook, faults_name_their_paths) {
  EXPECT_EQ(paths(read_webhook("{}", kPublicOnly).refusal), (Paths{"url", "event_types"}));
  EXPECT_EQ(paths(read_webhook("[]", kPublicOnly).refusal), Paths{""});
  EXPECT_EQ(faults_of(R"(,"filter":{})"), Paths{"filter"});
  EXPECT_EQ(faults_of(R"(,"rate_limit":5)"), Paths{"rate_limit"});
  EXPECT_EQ(faults_of(R"(,"colour":1)"), Paths{"colour"});
  EXPECT_EQ(faults_of(R"(,"tenant":5)"), Paths{"tenant"});
  EXPECT_EQ(faults_of(R"(,"headers":{"host":"x"})"), Paths{"headers.host"});
  EXPECT_EQ(faults_of(R"(,"headers":{"x-a":5})"), Paths{"headers.x-a"});
  EXPECT_EQ(faults_of(R"(,"headers":[])"), Paths{"headers"});
  EXPECT_EQ(faults_of(R"(,"ordered":"yes")"), Paths{"ordered"});
  EXPECT_EQ(faults_of(R"(,"max_in_flight":0)"), Paths{"max_in_flight"});
  EXPECT_EQ(faults_of(R"(,"max_in_flight":18446744073709551615)"), Paths{"max_in_flight"});
  EXPECT_EQ(faults_of(R"(,"timeout_ms":1000.5)"), Paths{"timeout_ms"});
  EXPECT_EQ(faults_of(R"(,"retry":{"max_attempts":0})"), Paths{"retry.max_attempts"});
  EXPECT_EQ(faults_of(R"(,"retry":{"multiplier":0.5,"x":1})"), (Paths{"retry.x", "retry.multiplier"}));
  EXPECT_EQ(faults_of(R"(,"retry":null)"), Paths{"retry"});
  EXPECT_EQ(faults_of(R"(,"enabled":1)"), Paths{"enabled"});
  EXPECT_EQ(faults_of(R"(,"secret":"whsec_short")"), Paths{"secret"});
  EXPECT_EQ(faults_of(R"(,"description":"a\u0000b")"), Paths{"description"});
}

TEST(ReadWebhook, broken_json_and_repeated_members_are_400) {
  for (const std::string_view text : {"", "{", "{\"url\":\"https://example.com/\",\"url\":\"https://example.com/\"}",
                                      "{\"retry\":{\"max_ms\":1,\"max_ms\":2}}", "{\"url\":\"\\ud800\"}"}) {
    const auto refusal = read_webhook(text, kPublicOnly).refusal;
    ASSERT_TRUE(refusal) << text;
    EXPECT_EQ(refusal->status, 400) << text;
  }
}

TEST(ReadWebhook, an_address_that_deliveries_may_not_go_to_is_refused_at_once) {
  const auto refusal = [](const std::string& url, const EgressRules& rules) {
    return paths(read_webhook(R"({"url":")" + url + R"(","event_types":["*"]})", rules).refusal);
  };
  for (const char* url : {"http://127.0.0.1/", "http://10.1.2.3:8080/x", "http://[::1]/", "http://[::ffff:10.0.0.1]/",
                          "http://169.254.169.254/"}) {
    EXPECT_EQ(refusal(url, kPublicOnly), Paths{"url"}) << url;
    EXPECT_EQ(refusal(url, EgressRules{true, {}}), Paths{}) << url;
  }
  EXPECT_EQ(refusal("http://10.1.2.3/", EgressRules{false, {*Cidr::parse("10.0.0.0/8")}}), Paths{});
  EXPECT_EQ(refusal("http://8.8.8.8/", kPublicOnly), Paths{});
}

TEST(ReadWebhookPatch, only_what_is_named_changes) {
  Webhook current;
  current.spec = read_with(R"(,"tenant":"acme","description":"old")").spec;
  const auto change = read_webhook_patch(R"({"description":"new","tenant":null})", current, kPublicOnly);
  ASSERT_FALSE(change.refusal);
  EXPECT_EQ(change.patch.description, "new");
  EXPECT_EQ(change.patch.tenant, "");
  EXPECT_FALSE(change.patch.url);
  EXPECT_FALSE(change.patch.enabled);
}

TEST(ReadWebhookPatch, the_result_must_be_valid) {
  Webhook current;
  current.spec = read_with("").spec;
  EXPECT_EQ(paths(read_webhook_patch(R"({"event_types":[]})", current, kPublicOnly).refusal), Paths{"event_types"});
  EXPECT_EQ(paths(read_webhook_patch(R"({"url":"http://10.0.0.1/"})", current, kPublicOnly).refusal), Paths{"url"});
  EXPECT_EQ(paths(read_webhook_patch(R"({"secret":"x"})", current, kPublicOnly).refusal), Paths{"secret"});
}

TEST(ReadWebhookPatch, a_url_that_is_refused_today_can_still_be_disabled) {
  Webhook current;
  current.spec = read_with("").spec;
  current.spec.url = "http://10.0.0.1/";
  EXPECT_EQ(paths(read_webhook_patch(R"({"enabled":false})", current, kPublicOnly).refusal), Paths{});
}

}  // namespace
}  // namespace eventrelay
