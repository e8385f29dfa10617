#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "tests/api/api_fixture.h"

namespace eventrelay {
namespace {

class StreamTest : public ApiTest {
 protected:
  StreamTest() { activity.start(loop.loop(), nullptr); }

  /// What the stream gives next; "(ended)" for its end, "" for nothing within `time`.
  std::string next(ResponseStream& stream, std::chrono::milliseconds time = std::chrono::seconds(1)) {
    if (!waiting_) {
      waiting_ = std::make_shared<Waiting>();
      boost::asio::co_spawn(
          loop.context(),
          [](ResponseStream& from, std::shared_ptr<Waiting> into) -> Awaitable<void> {
            auto reading = from.next(into->out);
            const bool more = co_await std::move(reading);
            if (!more) into->out = "(ended)";
            into->done = true;
          }(stream, waiting_),
          boost::asio::detached);
    }
    const auto until = std::chrono::steady_clock::now() + time;
    while (!waiting_->done && std::chrono::steady_clock::now() < until) {
      loop.context().restart();
      loop.context().run_one_for(std::chrono::milliseconds(10));
    }
    return waiting_->done ? std::exchange(waiting_, nullptr)->out : "";
  }
  std::string until_end(ResponseStream& stream) {
    const auto deadline = std::chrono::steady_clock::now() + kStreamCheckEvery + std::chrono::seconds(2);
    std::string text;
    while (text != "(ended)" && std::chrono::steady_clock::now() < deadline) text = next(stream);
    return text;
  }
  void tell(std::string data) { activity.add(kFirstOrganization, ActivityKind::kWebhookUpdated, std::move(data)); }

 private:
  struct Waiting {
    std::string out;
    bool done = false;
  };
  std::shared_ptr<Waiting> waiting_;
};

TEST_F(StreamTest, a_reader_is_sent_its_place_and_then_what_happens) {
  const auto response = ask(request("GET", "/api/stream"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/event-stream");
  ASSERT_TRUE(response.stream);
  EXPECT_TRUE(next(*response.stream).starts_with(": from here on\nid: "));
  EXPECT_EQ(next(*response.stream, std::chrono::milliseconds(300)), "");
  tell(R"({"webhook_id":"whk_1"})");
  const auto told = next(*response.stream);
  EXPECT_NE(told.find("event: webhook.updated\ndata: {\"id\":\""), std::string::npos) << told;
  EXPECT_TRUE(told.ends_with(R"("webhook_id":"whk_1"})"
                             "\n\n"));
}

TEST_F(StreamTest, an_unknown_last_event_id_gives_a_gap_first) {
  auto asked = request("GET", "/api/stream");
  asked.headers.emplace_back("last-event-id", "1-1");
  const auto response = ask(std::move(asked));
  ASSERT_TRUE(response.stream);
  const auto first = next(*response.stream);
  EXPECT_NE(first.find("event: gap\n"), std::string::npos) << first;
  EXPECT_NE(first.find(R"("reason":"unknown")"), std::string::npos);
}

TEST_F(StreamTest, a_head_begins_no_stream) {
  const auto response = ask(request("HEAD", "/api/stream"));
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.stream);
  EXPECT_FALSE(activity.is_recording());
}

TEST_F(StreamTest, who_ends_it_gets_nothing_more) {
  const auto response = ask(request("GET", "/api/stream"));
  next(*response.stream);
  EXPECT_EQ(next(*response.stream, std::chrono::milliseconds(50)), "");
  response.stream->end();
  EXPECT_EQ(next(*response.stream), "(ended)");
}

TEST_F(StreamTest, it_ends_when_its_key_is_deleted) {
  put_key("read-key-0123456789", Scope::kRead);
  const auto response = ask(request("GET", "/api/stream", "", "read-key-0123456789"));
  const auto stays = ask(request("GET", "/api/stream"));
  ApiKey key;
  key.hash = sha256("read-key-0123456789");
  catalog.apply({key, true});
  EXPECT_EQ(until_end(*response.stream), "(ended)");
  EXPECT_NE(next(*stays.stream), "(ended)");
}

TEST_F(StreamTest, it_ends_when_its_session_ends_or_goes_to_another_organization) {
  for (const bool ends : {true, false}) {
    const auto cookie = put_person("somebody@example.com", Role::kViewer);
    const auto response = ask(with_cookie("GET", "/api/stream", cookie));
    ASSERT_TRUE(response.stream);
    const auto token = sha256(cookie.substr(cookie.find('=') + 1));
    if (ends) {
      people.sessions.erase(token);
    } else {
      people.sessions.at(token).organization.id = OrganizationId{77};
    }
    EXPECT_EQ(until_end(*response.stream), "(ended)");
  }
}

TEST_F(StreamTest, past_the_limit_a_reader_is_refused) {
  std::vector<std::unique_ptr<ActivityReader>> readers;
  while (readers.size() < kStreamReadersMax) readers.push_back(activity.admit(loop.loop(), kFirstOrganization, [] {}));
  const auto response = ask(request("GET", "/api/stream"));
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(response.stream);
}

}  // namespace
}  // namespace eventrelay
