// Connections that are kept: which are used again, which are not, and when they are closed.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/http_client.h"
#include "tests/net/client_fixture.h"

namespace eventrelay::test {
namespace {

struct HttpClientConnectionsTest : ClientTest {};

TEST_F(HttpClientConnectionsTest, a_connection_is_kept_and_used_again) {
  RawServer server(always(ok_answer()));
  send(url(server));
  const auto second = send(url(server));
  EXPECT_EQ(second.status_code, 200);
  EXPECT_EQ(second.timings.connect_us, -1);
  EXPECT_GE(second.timings.first_byte_us, 0);
  EXPECT_FALSE(second.remote_address.empty());
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientConnectionsTest, requests_at_the_same_time_get_connections_of_their_own) {
  RawServer server(always(ok_answer()));
  int done = 0;
  for (int i = 0; i < 5; ++i) {
    the_client().send(request(url(server)), [&](AttemptOutcome outcome) { done += outcome.status_code == 200; });
  }
  ASSERT_TRUE(run_until([&] { return done == 5; }));
  EXPECT_EQ(server.connections(), 5);
}

TEST_F(HttpClientConnectionsTest, a_completion_may_send_the_next_and_finds_the_connection_free) {
  RawServer server(always(ok_answer()));
  int done = 0;
  std::function<void(AttemptOutcome)> next = [&](AttemptOutcome outcome) {
    EXPECT_EQ(outcome.status_code, 200);
    if (++done < 100) the_client().send(request(url(server)), next);
  };
  the_client().send(request(url(server)), next);
  ASSERT_TRUE(run_until([&] { return done == 100; }));
  EXPECT_EQ(server.connections(), 1);
}

struct KeepAlive {
  const char* answer;
  bool kept;
};
class KeepAliveTest : public HttpClientConnectionsTest, public testing::WithParamInterface<KeepAlive> {};

TEST_P(KeepAliveTest, the_answer_says_whether_the_connection_is_kept) {
  RawServer server(always(GetParam().answer));
  EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
  EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
  EXPECT_EQ(server.connections(), GetParam().kept ? 1 : 2);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, KeepAliveTest,
    testing::Values(KeepAlive{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
                    KeepAlive{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", false},
                    KeepAlive{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
                    KeepAlive{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok", true},
                    KeepAlive{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
                    KeepAlive{"HTTP/1.1 204 No Content\r\n\r\n", true},
                    KeepAlive{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", true},
                    KeepAlive{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokMORE", false},
                    KeepAlive{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", false}));

TEST_F(HttpClientConnectionsTest, a_kept_connection_that_dies_before_an_answer_is_replaced_without_a_failure) {
  RawServer server([](RawConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(ok_answer());
    // The first connection ends only when the second request has come: the client cannot see it beforehand.
    if (connection.number() == 0) {
      connection.read_request();
      return connection.reset();
    }
    while (connection.read_request()) connection.send(ok_answer("again"));
  });
  send(url(server));
  const auto second = send(url(server));
  EXPECT_EQ(second.error, AttemptError::kNone) << second.error_message;
  EXPECT_EQ(second.response_body, "ok");
  EXPECT_GE(second.timings.connect_us, 0);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientConnectionsTest, the_free_retry_is_one_and_on_a_new_connection) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    if (connection.number() == 0 || connection.number() == 1) connection.send(ok_answer());
    if (connection.number() < 2) connection.read_request();
  });
  int done = 0;
  for (int i = 0; i < 2; ++i) the_client().send(request(url(server)), [&](AttemptOutcome) { ++done; });
  ASSERT_TRUE(run_until([&] { return done == 2; }));
  // Two are kept, both will die, and so will the new one.
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.error, AttemptError::kConnectionClosed);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpClientConnectionsTest, what_may_not_be_sent_any_more_when_the_connection_is_there_is_withheld) {
  std::atomic<bool> received{false};
  RawServer server([&](RawConnection& connection) {
    if (connection.read_request()) received = true;
  });
  OutboundRequest late = request(url(server));
  late.not_after = std::make_shared<const SteadyTime>(boot_clock_now());
  EXPECT_TRUE(send(std::move(late)).withheld);
  ASSERT_TRUE(run_until([&] { return server.connections() == 1; }));
  EXPECT_FALSE(received);
  OutboundRequest in_time = request(url(server));
  in_time.not_after = std::make_shared<const SteadyTime>(boot_clock_now() + 1h);
  EXPECT_FALSE(send(std::move(in_time)).withheld);
  EXPECT_TRUE(received);
}

TEST_F(HttpClientConnectionsTest, the_free_retry_is_withheld_too) {
  RawServer server([](RawConnection& connection) {
    if (connection.number() > 0) return connection.wait_until_closed();
    connection.read_request();
    connection.send(ok_answer());
    connection.read_request();
    std::this_thread::sleep_for(400ms);
    connection.reset();
  });
  send(url(server));
  OutboundRequest late = request(url(server));
  late.not_after = std::make_shared<const SteadyTime>(boot_clock_now() + 300ms);
  const AttemptOutcome outcome = send(std::move(late));
  EXPECT_TRUE(outcome.withheld);
  EXPECT_EQ(outcome.error, AttemptError::kNone);
}

TEST_F(HttpClientConnectionsTest, a_new_connection_that_is_closed_without_an_answer_is_a_failure) {
  RawServer server([](RawConnection& connection) { connection.read_request(); });
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.error, AttemptError::kConnectionClosed);
  EXPECT_EQ(outcome.status_code, 0);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientConnectionsTest, a_kept_connection_with_part_of_an_answer_is_not_tried_again) {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.send(ok_answer());
    connection.read_request();
    connection.send("HTTP/1.1 20");
  });
  send(url(server));
  EXPECT_EQ(send(url(server)).error, AttemptError::kConnectionClosed);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientConnectionsTest, a_server_that_closes_an_idle_connection_costs_nothing) {
  RawServer server(once(ok_answer()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(HttpClientConnectionsTest, an_idle_connection_on_which_the_server_speaks_is_not_used_again) {
  for (const bool loop_has_seen_it : {true, false}) {
    std::atomic<bool> speak{false}, spoken{false};
    RawServer server([&](RawConnection& connection) {
      connection.read_request();
      connection.send(ok_answer());
      if (connection.number() == 0) {
        for (int i = 0; i < 10'000 && !speak; ++i) std::this_thread::sleep_for(1ms);
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
        spoken = true;
      }
      connection.wait_until_closed();
    });
    send(url(server));
    speak = true;
    if (loop_has_seen_it) run_until([&] { return spoken.load(); });
    for (int i = 0; i < 10'000 && !spoken; ++i) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(send(url(server)).response_body, "ok");
    EXPECT_EQ(server.connections(), 2);
  }
}

TEST_F(HttpClientConnectionsTest, connections_beyond_the_idle_limits_are_closed) {
  limits.idle_per_origin = 2;
  limits.idle_total = 3;
  std::atomic<int> closed{0};
  const auto script = [&](RawConnection& connection) {
    while (connection.read_request()) connection.send(ok_answer());
    ++closed;
  };
  RawServer one(script), other(script);
  int done = 0;
  for (int i = 0; i < 4; ++i) the_client().send(request(url(one)), [&](AttemptOutcome) { ++done; });
  ASSERT_TRUE(run_until([&] { return done == 4 && closed == 2; }));
  for (int i = 0; i < 2; ++i) the_client().send(request(url(other)), [&](AttemptOutcome) { ++done; });
  ASSERT_TRUE(run_until([&] { return done == 6 && closed == 3; }));
}

TEST_F(HttpClientConnectionsTest, a_connection_that_was_idle_for_long_is_closed) {
  limits.idle = 30ms;
  std::atomic<bool> closed{false};
  RawServer server([&](RawConnection& connection) {
    while (connection.read_request()) connection.send(ok_answer());
    closed = true;
  });
  send(url(server));
  EXPECT_TRUE(run_until([&] { return closed.load(); }));
}

}  // namespace
}  // namespace eventrelay::test
