// Answers that go on: GET /stream/N gives N pieces.
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/net/http_server_fixture.h"
#include "tests/support/wait_for.h"

namespace eventrelay::test {
namespace {

namespace asio = boost::asio;

/// Gives `pieces` of 4 KiB, one by one as fast as they are taken, then waits to be ended. Its state is the test's.
struct StreamState {
  std::atomic<int> given{0}, dropped{0}, gone{0};
  std::atomic<bool> behind{false};
};
StreamState stream_state;

class TestStream final : public ResponseStream {
 public:
  TestStream(asio::any_io_executor executor, int pieces) : timer_(executor), left_(pieces) {}
  ~TestStream() override { ++stream_state.gone; }
  asio::awaitable<bool> next(std::string& out) override {
    if (left_ < 0) throw std::runtime_error("thrown on purpose");
    if (left_ == 0 && !ended_) {
      timer_.expires_after(1h);
      boost::system::error_code ignored;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (ended_) co_return false;
    --left_;
    out.assign(4096, static_cast<char>('a' + stream_state.given++ % 26));
    co_return true;
  }
  bool is_behind() const override { return stream_state.behind; }
  void drop() override { ++stream_state.dropped; }
  void end() override {
    ended_ = true;
    timer_.cancel();
  }

 private:
  asio::steady_timer timer_;
  int left_;
  bool ended_ = false;
};

asio::awaitable<HttpResponse> stream_pieces(HttpRequest request) {
  HttpResponse response;
  const int pieces = std::stoi(std::string(request.target.substr(request.target.rfind('/') + 1)));
  response.stream = std::make_shared<TestStream>(co_await asio::this_coro::executor, pieces);
  co_return response;
}

class HttpStreamTest : public HttpServerFixture {
 protected:
  HttpStreamTest() : HttpServerFixture(stream_pieces) {
    for (std::atomic<int>* count : {&stream_state.given, &stream_state.dropped, &stream_state.gone}) *count = 0;
    stream_state.behind = false;
  }
};

TEST_F(HttpStreamTest, a_stream_follows_its_head_piece_by_piece_and_ends_with_the_server) {
  begin();
  Client client(port_);
  client.send("GET /stream/3 HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = client.answer(false);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find("connection: close\r\n"), std::string::npos);
  EXPECT_EQ(head.find("content-length"), std::string::npos);
  wait_for([] { return stream_state.given == 3; }, 2s);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(stop(30s).wait_for(5s), std::future_status::ready) << "a stream holds up no stop";
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  EXPECT_EQ(client.rest(), std::string(4096, 'a') + std::string(4096, 'b') + std::string(4096, 'c'));
  EXPECT_EQ(stream_state.gone, 1);
}

TEST_F(HttpStreamTest, a_client_that_goes_ends_it_at_once) {
  begin();
  {
    Client client(port_);
    client.send("GET /stream/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for([] { return stream_state.given == 1; }, 2s);
    EXPECT_EQ(stream_state.gone, 0);
  }
  wait_for([] { return stream_state.gone == 1; }, 2s);
  EXPECT_EQ(stream_state.dropped, 0);
}

TEST_F(HttpStreamTest, a_client_that_resets_while_it_is_written_to_ends_it) {
  HttpServerLimits limits;
  limits.header_read = 40ms;  // sets how often deadlines are looked at
  begin(limits);
  auto client = std::make_unique<Client>(port_);
  client->send("GET /stream/100000 HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_on_loop(200ms);
  // The loop finds the reset and a look at the deadlines in the same moment.
  asio::post(loop_, [&] {
    client.reset();
    std::this_thread::sleep_for(50ms);
  });
  wait_for([] { return stream_state.gone == 1; }, 2s);
  EXPECT_EQ(stream_state.dropped, 0);
}

TEST_F(HttpStreamTest, a_client_that_takes_nothing_is_closed_when_its_time_is_over) {
  HttpServerLimits limits;
  limits.stream_write = 300ms;
  begin(limits);
  Client client(port_);
  client.send("GET /stream/100000 HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_for([] { return stream_state.dropped == 1 && stream_state.gone == 1; }, 5s);
  EXPECT_LT(stream_state.given, 100'000);
}

TEST_F(HttpStreamTest, a_client_that_takes_nothing_is_closed_when_too_much_waits) {
  begin();
  Client client(port_);
  client.send("GET /stream/100000 HTTP/1.1\r\nHost: a\r\n\r\n");
  wait_on_loop(600ms);
  EXPECT_EQ(stream_state.dropped, 0);
  stream_state.behind = true;
  wait_for([] { return stream_state.dropped == 1 && stream_state.gone == 1; }, 2s);
}

TEST_F(HttpStreamTest, a_stream_that_throws_ends) {
  begin();
  const auto answer = exchange("GET /stream/-1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_EQ(stream_state.gone, 1);
}

TEST_F(HttpStreamTest, a_head_has_no_stream) {
  begin();
  const auto answer = exchange("HEAD /stream/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  EXPECT_EQ(stream_state.given, 0);
}

}  // namespace
}  // namespace eventrelay::test
