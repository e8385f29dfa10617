#include <nlohmann/json.hpp>

#include "tests/api/api_fixture.h"

namespace eventrelay {
namespace {

using RoutesTest = ApiTest;
using nlohmann::json;

Webhook some_webhook() {
  Webhook webhook;
  webhook.id = WebhookId{5};
  webhook.organization = kFirstOrganization;
  webhook.spec.url = "https://example.com/";
  webhook.spec.event_types = {"*"};
  webhook.secret = random_secret();
  return webhook;
}

TEST_F(RoutesTest, a_created_webhook_is_shown_although_nothing_can_be_read) {
  const auto webhook = std::make_shared<const Webhook>(some_webhook());
  const auto response = ask(request("POST", "/api/webhooks", R"({"url":"https://example.com/","event_types":["*"]})"),
                            [&] { store.changes.answer(ChangeResult{.id = 5, .webhook = webhook}); });
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(json::parse(response.body)["secret"], to_text(webhook->secret));
}

TEST_F(RoutesTest, a_changed_webhook_is_shown_although_nothing_can_be_read) {
  Webhook webhook = some_webhook();
  queries.readable_once = std::make_shared<const Webhook>(webhook);
  webhook.spec.description = "new";
  const auto response = ask(request("PATCH", "/api/webhooks/" + to_text(webhook.id), R"({"description":"new"})"), [&] {
    store.changes.answer(ChangeResult{.id = 5, .webhook = std::make_shared<const Webhook>(webhook)});
  });
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body)["description"], "new");
}

TEST_F(RoutesTest, a_changed_delivery_is_shown_although_nothing_can_be_read) {
  const auto row = std::make_shared<const DeliveryRow>(DeliveryRow{.id = DeliveryId{7}, .type = "a"});
  for (const char* action : {"deliveries/{}/retry", "deliveries/{}/cancel", "dlq/{}/replay"}) {
    std::string target = std::string("/api/") + action;
    target.replace(target.find("{}"), 2, to_text(row->id));
    const auto response =
        ask(request("POST", target), [&] { store.changes.answer(ChangeResult{.id = 7, .count = 1, .delivery = row}); });
    EXPECT_EQ(response.status, 202) << action;
    EXPECT_EQ(json::parse(response.body)["id"], to_text(row->id)) << action;
  }
}

TEST_F(RoutesTest, a_cancelled_job_is_shown_although_nothing_can_be_read) {
  const auto row = std::make_shared<const JobRow>(JobRow{.id = JobId{9}, .state = JobState::kCancelled});
  const auto response = ask(request("POST", "/api/jobs/" + to_text(row->id) + "/cancel"),
                            [&] { store.changes.answer(ChangeResult{.id = 9, .job = row}); });
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(json::parse(response.body)["state"], "cancelled");
}

TEST_F(RoutesTest, what_a_route_does_not_look_at_is_refused_by_name) {
  const std::string delivery = "/api/deliveries/" + to_text(DeliveryId{7});
  const std::string webhook = "/api/webhooks/" + to_text(WebhookId{7});
  const auto faulty_path = [&](std::string_view method, std::string target, std::string body = {}) {
    const auto response = ask(request(method, target, std::move(body)));
    EXPECT_EQ(response.status, 422) << target << response.body;
    return response.status == 422 ? json::parse(response.body)["errors"][0]["path"].get<std::string>() : "";
  };
  EXPECT_EQ(faulty_path("POST", webhook + "/rotate-secret", R"({"secret":"whsec_x"})"), "secret");
  EXPECT_EQ(faulty_path("POST", delivery + "/retry", R"({"at":1})"), "at");
  EXPECT_EQ(faulty_path("DELETE", webhook, R"({"force":true})"), "force");
  EXPECT_EQ(faulty_path("GET", delivery + "?attempts=all"), "attempts");
  EXPECT_EQ(faulty_path("POST", "/api/dlq/purge?webhook_id=" + to_text(WebhookId{7})), "webhook_id");
  EXPECT_EQ(faulty_path("POST", "/api/events?type=a", R"({"type":"a","payload":1})"), "type");
  EXPECT_EQ(ask(request("POST", delivery + "/retry", "[]")).status, 422);
  EXPECT_EQ(ask(request("POST", delivery + "/retry", "{")).status, 400);
  EXPECT_EQ(ask(request("GET", "/healthz?from=balancer")).status, 200);
}

TEST_F(RoutesTest, a_text_with_a_nul_is_refused_by_name) {
  const auto faulty_path = [&](std::string_view method, std::string target, std::string body = {}) {
    const auto response = ask(request(method, target, std::move(body)));
    EXPECT_EQ(response.status, 422) << target << response.body;
    return response.status == 422 ? json::parse(response.body)["errors"][0]["path"].get<std::string>() : "";
  };
  for (const char* list : {"/api/events", "/api/deliveries", "/api/dlq"})
    EXPECT_EQ(faulty_path("GET", std::string(list) + "?tenant=%00"), "tenant");
  EXPECT_EQ(faulty_path("GET", "/api/events?q=a%00"), "q");
  EXPECT_EQ(faulty_path("POST", "/api/dlq/purge", R"({"tenant":"\u0000"})"), "tenant");
  EXPECT_EQ(faulty_path("POST", "/api/keys", R"({"scope":"read","name":"\u0000"})"), "name");
  EXPECT_EQ(faulty_path("POST", "/api/events", R"({"type":"a","payload":1,"tenant":"\u0000"})"), "tenant");
}

TEST_F(RoutesTest, an_empty_object_is_no_input) {
  for (const char* body : {"", "{}", " { } "}) {
    const auto response = ask(request("POST", "/api/webhooks/" + to_text(WebhookId{7}) + "/rotate-secret", body),
                              [&] { store.changes.answer(ChangeResult{.id = 7}); });
    EXPECT_EQ(response.status, 200) << body;
  }
}

TEST_F(RoutesTest, metrics_are_of_a_window_and_perhaps_of_one_webhook) {
  queries.report = MetricsReport{};
  queries.report->series.resize(1);
  queries.report->series[0].counters.attempts = 3;
  queries.report->series[0].p95_ms = 12.5;
  auto response = ask(request("GET", "/api/metrics"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(queries.asked_window, MetricsWindow::k15m);
  EXPECT_FALSE(queries.asked_webhook);
  const json point = json::parse(response.body)["series"][0];
  EXPECT_EQ(point["attempts"], 3);
  EXPECT_EQ(point["latency_ms"], (json{{"p50", 0}, {"p95", 12.5}, {"p99", 0}}));
  response = ask(request("GET", "/api/metrics?window=30d&webhook_id=" + to_text(WebhookId{7})));
  EXPECT_EQ(json::parse(response.body)["window"], "30d");
  EXPECT_EQ(queries.asked_window, MetricsWindow::k30d);
  EXPECT_EQ(queries.asked_webhook, WebhookId{7});
  const auto faulty_path = [&](const char* query) {
    response = ask(request("GET", std::string("/api/metrics") + query));
    EXPECT_EQ(response.status, 422) << query;
    return json::parse(response.body)["errors"][0]["path"].get<std::string>();
  };
  EXPECT_EQ(faulty_path("?window=2h"), "window");
  EXPECT_EQ(faulty_path("?webhook_id=evt_0000000000001"), "webhook_id");
  EXPECT_EQ(faulty_path("?webhook_id="), "webhook_id");
  EXPECT_EQ(faulty_path("/webhooks?window=7d"), "window");
  EXPECT_EQ(faulty_path("/webhooks?webhook_id=whk_0000000000007"), "webhook_id");
}

TEST_F(RoutesTest, webhooks_are_counted_side_by_side) {
  queries.counts = std::vector<WebhookCounts>{{WebhookId{7}, 8, 5, 2, 1, 40.5}};
  const auto response = ask(request("GET", "/api/metrics/webhooks"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(queries.asked_window, MetricsWindow::k1h);
  EXPECT_EQ(json::parse(response.body), (json{{"data",
                                               {{{"webhook_id", to_text(WebhookId{7})},
                                                 {"attempts", 8},
                                                 {"succeeded", 5},
                                                 {"failed_attempts", 2},
                                                 {"dead", 1},
                                                 {"success_rate", 0.75},
                                                 {"p95_ms", 40.5}}}}}));
  EXPECT_EQ(ask(request("GET", "/api/metrics/webhooks?window=24h")).status, 200);
  EXPECT_EQ(queries.asked_window, MetricsWindow::k24h);
}

TEST_F(RoutesTest, the_name_of_a_key_is_counted_in_characters) {
  const auto named = [&](int characters) {
    std::string name;
    for (int i = 0; i < characters; ++i) name.append("\u00e9");
    return request("POST", "/api/keys", R"({"scope":"read","name":")" + name + "\"}");
  };
  EXPECT_EQ(ask(named(128), [&] { store.changes.answer(ChangeResult{.id = 7}); }).status, 201);
  EXPECT_EQ(ask(named(129)).status, 422);
}

TEST_F(RoutesTest, who_may_not_is_refused_by_the_head_alone) {
  put_key("read-key-0123456789", Scope::kRead);
  const auto refusal = [&](const HttpRequest& asked) { return loop.wait(api.refusal(asked)); };
  const auto status = [&](const HttpRequest& asked) { return refusal(asked).value_or(HttpResponse{}).status; };
  EXPECT_EQ(status(request("POST", "/api/events", {}, "unknown-key-0123456789")), 401);
  EXPECT_EQ(status(request("POST", "/api/events", {}, "read-key-0123456789")), 403);
  EXPECT_EQ(status(request("POST", "/api/nothing")), 404);
  EXPECT_EQ(status(request("POST", "/api/metrics")), 405);
  EXPECT_EQ(status(request("GET", "/api/metrics/other")), 404);
  EXPECT_FALSE(refusal(request("POST", "/api/events")));
  EXPECT_FALSE(refusal(request("GET", "/healthz", {}, "unknown-key-0123456789")));
  const auto viewer = put_person("viewer@example.com", Role::kViewer);
  EXPECT_EQ(status(with_cookie("POST", "/api/events", "eventrelay=unknown")), 401);
  EXPECT_EQ(status(with_cookie("POST", "/api/events", viewer)), 403);
  EXPECT_FALSE(refusal(with_cookie("GET", "/api/events", viewer)));
}

}  // namespace
}  // namespace eventrelay
