#include <nlohmann/json.hpp>

#include "tests/api/api_fixture.h"

namespace eventrelay {
namespace {

using nlohmann::json;

class ReceiverRoutesTest : public ApiTest {
 protected:
  ReceiverRoutesTest() {
    ReceivedRequest request;
    request.id = ReceivedId{1};
    request.received_at = from_unix_ms(1'767'225'600'000);
    request.delivery = DeliveryId{5};
    request.headers = {{"webhook-id", "evt_1"}, {"x-secret", "s"}};
    request.body = "{\"a\":1}";
    receiver.requests = {request};
  }
  HttpResponse set(std::string body, std::string_view target = "/api/receiver/try-1") {
    return ask(request("POST", target, std::move(body)));
  }
};

TEST_F(ReceiverRoutesTest, the_list_is_the_callers_organizations) {
  const auto response = ask(request("GET", "/api/receiver/try-1"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(receiver.asked, (ReceiverKey{kFirstOrganization, "try-1"}));
  EXPECT_EQ(json::parse(response.body), json::parse(R"({"data":[{"id":"req_0000000000001",
    "received_at":"2026-01-01T00:00:00.000Z","delivery_id":"dlv_0000000000005",
    "headers":{"webhook-id":"evt_1","x-secret":"s"},"body":"{\"a\":1}","truncated":false}]})"));
}

TEST_F(ReceiverRoutesTest, who_may_only_read_sees_no_value_of_a_webhooks_header) {
  const auto cookie = put_person("viewer@example.com", Role::kViewer);
  const auto data = json::parse(ask(with_cookie("GET", "/api/receiver/a", cookie)).body)["data"];
  EXPECT_EQ(data[0]["headers"], json::parse(R"({"webhook-id":"evt_1","x-secret":"[redacted]"})"));
}

TEST_F(ReceiverRoutesTest, an_id_that_is_none_is_not_there) {
  for (const std::string id : {"A", "a_b", "a%2Fb"}) {
    EXPECT_EQ(ask(request("GET", "/api/receiver/" + id)).status, 404) << id;
    EXPECT_EQ(set(R"({"status":500})", "/api/receiver/" + id).status, 404) << id;
  }
}

TEST_F(ReceiverRoutesTest, a_status_is_set_or_said_to_be_none) {
  const auto done = set(R"({"status":500})");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body, R"({"status":500})");
  for (const std::string body : {"{}", R"({"status":199})", R"({"status":600})", R"({"status":"500"})"}) {
    const auto refused = set(body);
    EXPECT_EQ(refused.status, 422) << body;
    EXPECT_EQ(json::parse(refused.body)["errors"][0]["path"], "status") << body;
  }
}

}  // namespace
}  // namespace eventrelay
