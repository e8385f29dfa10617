#include <boost/asio/co_spawn.hpp>

#include "tests/api/api_fixture.h"

namespace eventrelay {
namespace {

/// A loop whose time the test may move on.
class SteppedLoop final : public EventLoop {
 public:
  explicit SteppedLoop(EventLoop& real) : real_(real) {}
  void step(milliseconds by) { ahead_ += by; }

  void post(Completion<> task) override { real_.post(std::move(task)); }
  SteadyTime now() const override { return real_.now() + ahead_; }
  SteadyTime boot_now() const override { return real_.boot_now() + ahead_; }
  WallTime wall_now() const override { return real_.wall_now(); }
  /// As the real loop's: what is set does not move with the steps.
  std::unique_ptr<Alarm> make_alarm(std::function<void()> handler) override {
    return real_.make_alarm(std::move(handler));
  }
  double random() override { return real_.random(); }

 private:
  EventLoop& real_;
  milliseconds ahead_{0};
};

using StreamPtr = std::shared_ptr<ResponseStream>;

class StreamTest : public ApiTest {
 protected:
  StreamTest() { activity.start(loop.loop(), nullptr); }
  /// What still reads ends here.
  ~StreamTest() override {
    if (!reading_) return;
    reading_->from->end();
    loop.run_until([&] { return reading_->done; });
  }

  HttpResponse open(HttpRequest asked) { return ask(stepped_api, std::move(asked)); }

  /// What the stream gives next; "(ended)" for its end, "" for nothing within `time`. Of one stream at a time: what was
  /// not given is waited for by the next call.
  std::string next(const StreamPtr& stream, std::chrono::milliseconds time = std::chrono::seconds(1)) {
    if (!reading_) begin_reading(stream);
    const auto until = std::chrono::steady_clock::now() + time;
    loop.run_until([&] { return reading_->done || std::chrono::steady_clock::now() > until; });
    return reading_->done ? std::exchange(reading_, nullptr)->out : "";
  }
  /// What it gives next once that time has passed and something has happened.
  std::string next_after(const StreamPtr& stream, milliseconds time) {
    next(stream, milliseconds(50));
    stepped.step(time);
    tell(R"({"webhook_id":"whk_1"})");
    return next(stream);
  }
  void tell(std::string data) { activity.add(kFirstOrganization, ActivityKind::kWebhookUpdated, std::move(data)); }

  SteppedLoop stepped{loop.loop()};
  Api stepped_api{{stepped, store, queries, people, receiver, intake, catalog, metrics, sign_in, activity}, options()};

 private:
  struct Reading {
    StreamPtr from;
    std::string out;
    bool done = false;
  };

  void begin_reading(const StreamPtr& stream) {
    reading_ = std::make_shared<Reading>();
    reading_->from = stream;
    boost::asio::co_spawn(loop.context(), stream->next(reading_->out),
                          [reading = reading_](const std::exception_ptr& fault, bool more) {
                            if (fault) std::rethrow_exception(fault);
                            if (!more) reading->out = "(ended)";
                            reading->done = true;
                          });
  }

  std::shared_ptr<Reading> reading_;
};

TEST_F(StreamTest, a_reader_is_sent_its_place_and_then_what_happens) {
  const auto response = open(request("GET", "/api/stream"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/event-stream");
  ASSERT_TRUE(response.stream);
  EXPECT_TRUE(next(response.stream).starts_with(": from here on\nid: "));
  EXPECT_EQ(next(response.stream, std::chrono::milliseconds(300)), "");
  tell(R"({"webhook_id":"whk_1"})");
  const auto told = next(response.stream);
  EXPECT_NE(told.find("event: webhook.updated\ndata: {\"id\":\""), std::string::npos) << told;
  EXPECT_TRUE(told.ends_with(R"("webhook_id":"whk_1"})"
                             "\n\n"));
}

TEST_F(StreamTest, an_unknown_last_event_id_gives_a_gap_first) {
  auto asked = request("GET", "/api/stream");
  asked.headers.emplace_back("last-event-id", "1-1");
  const auto response = open(std::move(asked));
  ASSERT_TRUE(response.stream);
  const auto first = next(response.stream);
  EXPECT_NE(first.find("event: gap\n"), std::string::npos) << first;
  EXPECT_NE(first.find(R"("reason":"unknown")"), std::string::npos);
}

TEST_F(StreamTest, a_head_begins_no_stream) {
  const auto response = open(request("HEAD", "/api/stream"));
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.stream);
  EXPECT_FALSE(activity.is_recording());
}

TEST_F(StreamTest, who_ends_it_gets_nothing_more) {
  const auto response = open(request("GET", "/api/stream"));
  next(response.stream);
  EXPECT_EQ(next(response.stream, std::chrono::milliseconds(50)), "");
  response.stream->end();
  EXPECT_EQ(next(response.stream), "(ended)");
}

TEST_F(StreamTest, it_is_looked_at_by_itself_whether_its_reader_still_may) {
  put_key("read-key-0123456789", Scope::kRead);
  const auto response = open(request("GET", "/api/stream", "", "read-key-0123456789"));
  const auto stays = open(request("GET", "/api/stream"));
  next(response.stream);
  delete_key("read-key-0123456789");
  EXPECT_EQ(next(response.stream, kStreamCheckEvery + std::chrono::seconds(1)), "(ended)");
  EXPECT_NE(next(stays.stream), "(ended)");
}

TEST_F(StreamTest, it_ends_when_its_session_ends_or_goes_to_another_organization) {
  for (const bool ends : {true, false}) {
    const auto cookie = put_person("somebody@example.com", Role::kViewer);
    const auto response = open(with_cookie("GET", "/api/stream", cookie));
    ASSERT_TRUE(response.stream);
    next(response.stream);
    EXPECT_NE(next_after(response.stream, kStreamCheckEvery), "(ended)") << "nothing has changed";
    const auto token = sha256(cookie.substr(cookie.find('=') + 1));
    if (ends) {
      people.sessions.erase(token);
    } else {
      people.sessions.at(token).organization.id = OrganizationId{77};
    }
    EXPECT_EQ(next_after(response.stream, kStreamCheckEvery), "(ended)");
  }
}

TEST_F(StreamTest, it_ends_when_the_store_cannot_say_for_long_whether_its_reader_may) {
  const auto response = open(with_cookie("GET", "/api/stream", put_person("somebody@example.com", Role::kViewer)));
  next(response.stream);
  people.sessions_readable = false;
  EXPECT_NE(next_after(response.stream, kStreamUncheckedMax - kStreamCheckEvery), "(ended)");
  people.sessions_readable = true;
  EXPECT_NE(next_after(response.stream, kStreamCheckEvery), "(ended)") << "it could again";
  people.sessions_readable = false;
  EXPECT_NE(next_after(response.stream, kStreamUncheckedMax - kStreamCheckEvery), "(ended)");
  EXPECT_EQ(next_after(response.stream, kStreamCheckEvery), "(ended)");
}

TEST_F(StreamTest, past_the_limit_a_reader_is_refused) {
  std::vector<std::unique_ptr<ActivityReader>> readers;
  while (readers.size() < kStreamReadersMax) readers.push_back(activity.admit(loop.loop(), kFirstOrganization, [] {}));
  const auto response = open(request("GET", "/api/stream"));
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(response.stream);
}

}  // namespace
}  // namespace eventrelay
