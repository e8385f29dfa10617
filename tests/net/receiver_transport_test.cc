#include "net/receiver_transport.h"

#include <gtest/gtest.h>

#include "tests/support/fake_transport.h"
#include "tests/support/manual_loop.h"

namespace eventrelay {
namespace {

/// Keeps what it is asked, and answers when the test says.
class OpenReceiver final : public Receiver {
 public:
  void take_request(EventLoop&, ReceiverKey key, ReceivedRequest request, Completion<Result<int>> done) override {
    keys.push_back(std::move(key));
    requests.push_back(std::move(request));
    open.push_back(std::move(done));
  }
  void list_requests(EventLoop&, ReceiverKey, Completion<Result<std::vector<ReceivedRequest>>>) override {}
  void set_answer(EventLoop&, ReceiverKey, int, Completion<Result<int>>) override {}
  void answer(Result<int> status) {
    auto done = std::move(open.front());
    open.pop_front();
    std::move(done)(std::move(status));
  }

  std::vector<ReceiverKey> keys;
  std::vector<ReceivedRequest> requests;
  std::deque<Completion<Result<int>>> open;
};

struct ReceiverTransportTest : testing::Test {
  OutboundRequest request_to(std::string_view url, std::string body = "{}") {
    OutboundRequest request;
    request.target = std::make_shared<const TargetUrl>(*parse_target_url(url));
    request.headers = {{"webhook-id", "evt_1"}, {"authorization", "secret"}};
    request.message = std::make_shared<const Message>(Message{EventId{1}, "evt_1", std::move(body)});
    request.timeout = milliseconds(1'000);
    request.organization = OrganizationId{7};
    request.delivery = DeliveryId{9};
    return request;
  }
  void send(OutboundRequest request) {
    transport.send(std::move(request), [this](AttemptOutcome outcome) { outcomes.push_back(std::move(outcome)); });
    EXPECT_TRUE(outcomes.empty()) << "never before send() has returned";
    time.run_ready();
  }
  static std::string value_of(const Headers& headers, std::string_view name) {
    for (const Header& header : headers)
      if (header.name == name) return header.value;
    return "none";
  }

  VirtualTime time;
  ManualLoop loop{time};
  OpenReceiver receiver;
  FakeTransport network{loop};
  ReceiverTransport transport{loop, receiver, network};
  std::vector<AttemptOutcome> outcomes;
};

TEST_F(ReceiverTransportTest, what_goes_elsewhere_goes_to_the_network) {
  send(request_to("http://example.com/a"));
  EXPECT_EQ(network.open(), 1u);
  EXPECT_TRUE(receiver.requests.empty());
}

TEST_F(ReceiverTransportTest, the_organizations_receiver_gets_what_would_have_been_sent) {
  send(request_to("http://receiver.eventrelay.internal/try-1", "{\"a\":1}"));
  EXPECT_EQ(network.open(), 0u);
  ASSERT_EQ(receiver.requests.size(), 1u);
  EXPECT_EQ(receiver.keys[0], (ReceiverKey{OrganizationId{7}, "try-1"}));
  const ReceivedRequest& got = receiver.requests[0];
  EXPECT_EQ(got.delivery, DeliveryId{9});
  EXPECT_EQ(got.body, "{\"a\":1}");
  EXPECT_FALSE(got.truncated);
  EXPECT_EQ(value_of(got.headers, "host"), "receiver.eventrelay.internal");
  EXPECT_EQ(value_of(got.headers, "webhook-id"), "evt_1");
  EXPECT_EQ(value_of(got.headers, "content-length"), "7");
  EXPECT_EQ(value_of(got.headers, "authorization"), "[redacted]") << "it is stored";
  time.run_for(std::chrono::milliseconds(3));
  receiver.answer(503);
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].status_code, 503);
  EXPECT_EQ(outcomes[0].duration, milliseconds(3));
  EXPECT_EQ(outcomes[0].timings.first_byte_us, 3'000);
  EXPECT_EQ(outcomes[0].error, AttemptError::kNone);
  EXPECT_EQ(value_of(outcomes[0].request_headers, "webhook-id"), "evt_1");
}

TEST_F(ReceiverTransportTest, of_a_long_body_whole_characters_are_kept) {
  std::string body(kReceiverBodyBytesKept - 1, 'x');
  send(request_to("http://receiver.eventrelay.internal/a", body + "\u00e9"));
  ASSERT_EQ(receiver.requests.size(), 1u);
  EXPECT_EQ(receiver.requests[0].body, body);
  EXPECT_TRUE(receiver.requests[0].truncated);
}

TEST_F(ReceiverTransportTest, a_receiver_that_fails_is_a_failed_attempt) {
  send(request_to("http://receiver.eventrelay.internal/a"));
  receiver.answer(unavailable("The store is gone"));
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].status_code, 0);
  EXPECT_EQ(outcomes[0].error, AttemptError::kConnect);
}

TEST_F(ReceiverTransportTest, another_path_reaches_neither_the_receiver_nor_the_network) {
  send(request_to("https://receiver.eventrelay.internal/a"));
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(outcomes[0].error, AttemptError::kInvalidUrl);
  EXPECT_TRUE(receiver.requests.empty());
  EXPECT_EQ(network.open(), 0u);
}

TEST_F(ReceiverTransportTest, what_may_not_be_sent_any_more_is_withheld) {
  auto late = request_to("http://receiver.eventrelay.internal/a");
  late.not_after = std::make_shared<const SteadyTime>(loop.boot_now());
  send(std::move(late));
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(outcomes[0].withheld);
  EXPECT_TRUE(receiver.requests.empty());
}

}  // namespace
}  // namespace eventrelay
