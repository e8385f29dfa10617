#include "net/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "net/asio_event_loop.h"
#include "tests/net/client_fixture.h"

namespace eventrelay::test {
namespace {

struct HttpClientTest : ClientTest {};

TEST_F(HttpClientTest, a_request_arrives_whole_and_its_answer_comes_back) {
  std::string seen;
  RawServer server([&](RawConnection& connection) {
    seen = connection.read_request().value_or("");
    connection.send("HTTP/1.1 201 Made\r\nContent-Length: 5\r\nX-Note: yes\r\n\r\nhello");
    connection.wait_until_closed();
  });
  const auto outcome = send(url(server, "/hook?a=b"), "{\"n\":1}");
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.status_code, 201);
  EXPECT_EQ(outcome.response_body, "hello");
  EXPECT_FALSE(outcome.response_truncated);
  EXPECT_EQ(value_of(outcome.response_headers, "x-note"), "yes");
  EXPECT_EQ(outcome.remote_address, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(outcome.timings.dns_us, -1);
  EXPECT_GE(outcome.timings.connect_us, 0);
  EXPECT_EQ(outcome.timings.tls_us, -1);
  EXPECT_GE(outcome.timings.first_byte_us, 0);
  EXPECT_GT(unix_ms(outcome.started_at), 1'600'000'000'000);
  EXPECT_EQ(seen, "POST /hook?a=b HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(server.port()) +
                      "\r\nwebhook-id: evt_1\r\ncontent-type: application/json\r\nuser-agent: EventRelay/" +
                      EVENTRELAY_VERSION + "\r\ncontent-length: 7\r\n\r\n{\"n\":1}");
  EXPECT_EQ(outcome.request_headers, (Headers{{"host", "127.0.0.1:" + std::to_string(server.port())},
                                              {"webhook-id", "evt_1"},
                                              {"content-type", "application/json"},
                                              {"user-agent", std::string("EventRelay/") + EVENTRELAY_VERSION},
                                              {"content-length", "7"}}));
}

TEST_F(HttpClientTest, the_user_agent_of_the_webhook_counts_and_framing_headers_are_the_transports) {
  std::string seen;
  RawServer server([&](RawConnection& connection) {
    seen = connection.read_request().value_or("");
    connection.send(ok_answer());
  });
  auto outbound = request(url(server), "abc");
  outbound.headers.push_back({"user-agent", "mine"});
  outbound.headers.push_back({"content-length", "999"});
  outbound.headers.push_back({"transfer-encoding", "chunked"});
  EXPECT_EQ(send(std::move(outbound)).error, AttemptError::kNone);
  EXPECT_NE(seen.find("\r\nuser-agent: mine\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("EventRelay"), std::string::npos);
  EXPECT_EQ(seen.find("999"), std::string::npos);
  EXPECT_EQ(seen.find("chunked"), std::string::npos);
}

TEST_F(HttpClientTest, a_header_with_a_line_break_is_never_sent) {
  RawServer server(always(ok_answer()));
  for (const char* value : {"a\r\nx: y", "a\nb", "a\rb"}) {
    auto outbound = request(url(server));
    outbound.headers.push_back({"x-bad", value});
    EXPECT_EQ(send(std::move(outbound)).error, AttemptError::kInvalidUrl);
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, a_long_body_is_sent_whole_while_the_server_reads_slowly) {
  const std::string body(8 * 1024 * 1024, 'x');
  std::size_t got = 0;
  RawServer server([&](RawConnection& connection) {
    std::this_thread::sleep_for(50ms);
    got = connection.read_request().value_or("").size();
    connection.send(ok_answer());
  });
  EXPECT_EQ(send(url(server), body).error, AttemptError::kNone);
  EXPECT_GT(got, body.size());
}

TEST_F(HttpClientTest, an_answer_before_the_body_was_read_counts_and_ends_the_connection) {
  std::atomic<bool> answered{false};
  RawServer server([&](RawConnection& connection) {
    connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    for (int i = 0; i < 10'000 && !answered; ++i) std::this_thread::sleep_for(1ms);
    connection.wait_until_closed();
  });
  const auto outcome = send(url(server), std::string(32 * 1024 * 1024, 'x'));
  answered = true;
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.status_code, 413);
  EXPECT_EQ(send(url(server)).status_code, 413);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, a_refused_connection_is_a_connect_error) {
  std::uint16_t port = 0;
  { port = RawServer(always("")).port(); }
  const auto outcome = send("http://127.0.0.1:" + std::to_string(port) + "/");
  EXPECT_EQ(outcome.error, AttemptError::kConnect);
  EXPECT_NE(outcome.error_message.find("127.0.0.1:" + std::to_string(port)), std::string::npos);
  EXPECT_EQ(outcome.remote_address, "");
}

TEST_F(HttpClientTest, an_ipv6_target_is_reached) {
  std::string seen;
  RawServer server(
      [&](RawConnection& connection) {
        seen = connection.read_request().value_or("");
        connection.send(ok_answer());
      },
      "::1");
  const std::string authority = "[::1]:" + std::to_string(server.port());
  const auto outcome = send("http://" + authority + "/");
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.remote_address, authority);
  EXPECT_NE(seen.find("\r\nhost: " + authority + "\r\n"), std::string::npos);
}

// ---- Egress

TEST_F(HttpClientTest, a_denied_address_is_not_connected_to) {
  rules.allow_private = false;
  RawServer server(always(ok_answer()));
  const std::string port = std::to_string(server.port());
  for (const std::string host : {"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"}) {
    const auto outcome = send("http://" + host + ":" + port + "/");
    EXPECT_EQ(outcome.error, AttemptError::kAddressDenied) << host;
    EXPECT_EQ(outcome.remote_address, "");
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, an_allowed_range_is_reached_although_it_is_private) {
  rules.allow_private = false;
  rules.allowed.push_back(Cidr::parse("127.0.0.0/8").value());
  RawServer server(always(ok_answer()));
  EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
}

// ---- Deadlines

TEST_F(HttpClientTest, a_server_that_never_answers_times_out) {
  RawServer server([](RawConnection& connection) { connection.wait_until_closed(); });
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = send(url(server), "{}", 200ms);
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_EQ(outcome.error, AttemptError::kTimeout);
  EXPECT_GE(took, 200ms);
  EXPECT_LT(took, 2s);
  EXPECT_GE(outcome.duration, 200ms);
}

TEST_F(HttpClientTest, a_body_that_stalls_before_its_end_times_out_with_its_status) {
  RawServer server(then_silent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  const auto outcome = send(url(server), "{}", 200ms);
  EXPECT_EQ(outcome.error, AttemptError::kTimeout);
  EXPECT_EQ(outcome.status_code, 200);
  EXPECT_EQ(outcome.response_body, "half");
}

TEST_F(HttpClientTest, a_server_that_sends_a_byte_now_and_then_does_not_move_the_deadline) {
  RawServer server([](RawConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 1000 && connection.send("x"); ++i) std::this_thread::sleep_for(10ms);
  });
  EXPECT_EQ(send(url(server), "{}", 300ms).error, AttemptError::kTimeout);
}

TEST_F(HttpClientTest, a_server_that_does_not_read_times_out) {
  std::atomic<bool> end{false};
  RawServer server([&](RawConnection&) {
    for (int i = 0; i < 2000 && !end; ++i) std::this_thread::sleep_for(5ms);
  });
  EXPECT_EQ(send(url(server), std::string(32 * 1024 * 1024, 'x'), 300ms).error, AttemptError::kTimeout);
  end = true;
}

TEST_F(HttpClientTest, the_connect_deadline_ends_with_the_connect) {
  limits.connect = 100ms;
  RawServer server([](RawConnection& connection) {
    if (!connection.read_request()) return;
    std::this_thread::sleep_for(250ms);
    connection.send(ok_answer());
  });
  EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
}

TEST_F(HttpClientTest, the_deadline_of_one_attempt_does_not_end_another) {
  RawServer hanging([](RawConnection& connection) { connection.wait_until_closed(); });
  RawServer server(always(ok_answer()));
  std::vector<AttemptError> ends;
  the_client().send(request(url(hanging), "{}", 400ms), [&](AttemptOutcome o) { ends.push_back(o.error); });
  the_client().send(request(url(hanging), "{}", 100ms), [&](AttemptOutcome o) { ends.push_back(o.error); });
  the_client().send(request(url(server), "{}", 100ms), [&](AttemptOutcome o) { ends.push_back(o.error); });
  ASSERT_TRUE(run_until([&] { return ends.size() == 3; }));
  EXPECT_EQ(ends, (std::vector{AttemptError::kNone, AttemptError::kTimeout, AttemptError::kTimeout}));
}

// ---- The end

TEST_F(HttpClientTest, stop_closes_idle_connections_and_waits_for_open_attempts) {
  std::atomic<int> closed{0};
  RawServer server([&](RawConnection& connection) {
    while (connection.read_request()) connection.send(ok_answer());
    ++closed;
  });
  std::atomic<bool> go{false};
  RawServer slow([&](RawConnection& connection) {
    connection.read_request();
    for (int i = 0; i < 4000 && !go; ++i) std::this_thread::sleep_for(1ms);
    connection.send(ok_answer());
    connection.wait_until_closed();
  });
  send(url(server));
  bool answered = false, stopped = false;
  the_client().send(request(url(slow)), [&](AttemptOutcome outcome) {
    EXPECT_EQ(outcome.status_code, 200);
    answered = true;
  });
  boost::asio::co_spawn(loop, client->stop(), [&](std::exception_ptr) {
    EXPECT_TRUE(answered);
    stopped = true;
  });
  ASSERT_TRUE(run_until([&] { return closed == 1; }));
  EXPECT_FALSE(stopped);
  go = true;
  EXPECT_TRUE(run_until([&] { return stopped; }));
}

TEST_F(HttpClientTest, a_destroyed_client_destroys_open_completions_uncalled) {
  RawServer server([](RawConnection& connection) { connection.wait_until_closed(); });
  auto token = std::make_shared<int>(0);
  bool called = false;
  the_client().send(request(url(server)), [token, &called](AttemptOutcome) { called = true; });
  ASSERT_TRUE(run_until([&] { return server.connections() == 1; }));
  the_client().send(request("http://0.0.0.0:1/"), [token, &called](AttemptOutcome) { called = true; });
  client.reset();
  EXPECT_EQ(token.use_count(), 1);
  loop.restart();
  loop.run_for(50ms);
  EXPECT_FALSE(called);
}

TEST_F(HttpClientTest, a_completion_may_destroy_the_client) {
  RawServer server(always(ok_answer()));
  RawServer closing(once(""));
  for (const std::string& to : {url(server), url(closing), std::string("http://0.0.0.0:1/")}) {
    bool done = false;
    the_client().send(request(to), [&](AttemptOutcome) {
      client.reset();
      done = true;
    });
    EXPECT_TRUE(run_until([&] { return done; }));
  }
  bool timed_out = false;
  RawServer hanging([](RawConnection& connection) { connection.wait_until_closed(); });
  the_client().send(request(url(hanging), "{}", 50ms), [&](AttemptOutcome) {
    client.reset();
    timed_out = true;
  });
  EXPECT_TRUE(run_until([&] { return timed_out; }));
}

}  // namespace
}  // namespace eventrelay::test
