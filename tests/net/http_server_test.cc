#include "net/http_server.h"

#include <boost/asio/use_awaitable.hpp>

#include "tests/net/http_server_fixture.h"

namespace eventrelay::test {
namespace {

namespace asio = boost::asio;

/// Larger than what is copied.
const std::string kStaticBody(100'000, 's');

/// Answers with what it got: "METHOD TARGET BODY". /slow takes 300 ms, /throw throws, /big answers 1 MiB, /static what
/// is in memory anyway, /unchanged 304.
asio::awaitable<HttpResponse> echo(HttpRequest request) {
  HttpResponse response;
  response.content_type = "text/plain";
  if (request.target == "/throw") throw std::runtime_error("thrown on purpose");
  if (request.target == "/slow") {
    asio::steady_timer timer(co_await asio::this_coro::executor, 300ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
  if (request.target == "/static") {
    response.static_body = kStaticBody;
    co_return response;
  }
  if (request.target == "/unchanged") {
    response.status = 304;
    co_return response;
  }
  if (request.target == "/big") {
    response.body.assign(1024 * 1024, 'x');
    co_return response;
  }
  response.body.append(request.method).append(" ").append(request.target).append(" ").append(request.body);
  co_return response;
}

struct HttpServerTest : HttpServerFixture {
  HttpServerTest() : HttpServerFixture(echo) {}
};

testing::AssertionResult is_problem(const std::string& answer, int status) {
  const auto line = "HTTP/1.1 " + std::to_string(status) + " ";
  if (!answer.starts_with(line)) return testing::AssertionFailure() << "expected " << status << ", got: " << answer;
  if (answer.find("content-type: application/problem+json\r\n") == std::string::npos) {
    return testing::AssertionFailure() << "not a problem: " << answer;
  }
  return testing::AssertionSuccess();
}

TEST_F(HttpServerTest, a_connection_answers_one_request_after_the_other) {
  begin();
  Client client(port_);
  for (int i = 0; i < 3; ++i) {
    client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    const auto answer = client.answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nPOST /a abc")) << answer;
    EXPECT_NE(answer.find("x-content-type-options: nosniff\r\n"), std::string::npos);
  }
}

TEST_F(HttpServerTest, pipelined_requests_are_answered_in_order) {
  begin();
  Client client(port_);
  client.send(
      "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1"
      "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2\r\n0\r\n\r\n"
      "\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("POST /slow 1"));
  EXPECT_TRUE(client.answer().ends_with("POST /2 2"));
  EXPECT_TRUE(client.answer().ends_with("GET /3 "));
}

TEST_F(HttpServerTest, a_request_may_arrive_byte_by_byte) {
  begin();
  Client client(port_);
  for (const char c : std::string_view("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"))
    client.send({&c, 1});
  EXPECT_TRUE(client.answer().ends_with("POST /b body"));
  for (const char c : std::string_view("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                       "chunked\r\n\r\n2;a=b\r\nbo\r\n2\r\ndy\r\n0\r\nx-t: 1\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_TRUE(client.answer().ends_with("POST /c body"));
}

TEST_F(HttpServerTest, a_body_larger_than_the_buffer_arrives_whole) {
  begin();
  std::string body;
  for (int i = 0; body.size() < 190'000; ++i) body += std::to_string(i);
  Client client(port_);
  client.send("POST /d HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(client.answer().ends_with("POST /d " + body));
  client.send("GET /e HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("GET /e "));
}

TEST_F(HttpServerTest, a_large_answer_to_a_client_that_reads_late_arrives_whole) {
  begin();
  Client client(port_);
  client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.answer().size() % (1024 * 1024) / 1024, 0u);
  EXPECT_TRUE(client.answer().ends_with(std::string(1024 * 1024, 'x')));
}

TEST_F(HttpServerTest, head_gets_the_length_and_no_body) {
  begin();
  Client client(port_);
  client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /i HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.answer(false).find("content-length: 8\r\n"), std::string::npos);
  EXPECT_TRUE(client.answer().ends_with("GET /i "));
}

TEST_F(HttpServerTest, a_body_that_is_in_memory_anyway_arrives_whole) {
  begin();
  Client client(port_);
  client.send(
      "GET /static HTTP/1.1\r\nHost: x\r\n\r\nHEAD /static HTTP/1.1\r\nHost: x\r\n\r\nGET /i HTTP/1.1\r\nHost: "
      "x\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\n" + kStaticBody));
  EXPECT_NE(client.answer(false).find("content-length: 100000\r\n"), std::string::npos);
  EXPECT_TRUE(client.answer().ends_with("GET /i "));
}

TEST_F(HttpServerTest, what_is_unchanged_has_neither_length_nor_type) {
  begin();
  Client client(port_);
  client.send("GET /unchanged HTTP/1.1\r\nHost: x\r\n\r\nGET /i HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto answer = client.answer(false);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  EXPECT_EQ(answer.find("\r\ncontent-"), std::string::npos) << answer;
  EXPECT_TRUE(client.answer().ends_with("GET /i "));
}

TEST_F(HttpServerTest, http_1_0_closes_unless_asked_to_stay) {
  begin();
  EXPECT_NE(exchange("GET / HTTP/1.0\r\n\r\n").find("connection: close\r\n"), std::string::npos);
  Client client(port_);
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(client.answer().find("connection: keep-alive\r\n"), std::string::npos);
}

TEST_F(HttpServerTest, connection_close_is_honoured) {
  begin();
  const auto answer = exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("GET / ")) << answer;
}

TEST_F(HttpServerTest, expect_100_continue_is_answered_before_the_body) {
  begin();
  Client client(port_);
  client.send("POST /f HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.answer().ends_with("POST /f ok"));
  client.send("POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(is_problem(client.answer(), 413));
  EXPECT_TRUE(is_problem(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: more\r\n\r\n"), 417));
}

TEST_F(HttpServerTest, framing_that_two_readers_could_read_differently_is_refused) {
  begin();
  const std::string_view smuggled = "\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string_view headers : {"Content-Length: 5\r\nTransfer-Encoding: chunked",
                                         "Transfer-Encoding: chunked\r\nContent-Length: 5",
                                         "Content-Length: 5\r\nContent-Length: 5",
                                         "Content-Length: 5\r\nContent-Length: 6",
                                         "Content-Length: 5, 5",
                                         "Content-Length: +5",
                                         "Content-Length: -5",
                                         "Content-Length: 0x5",
                                         "Content-Length: 5 5",
                                         "Content-Length:",
                                         "Content-Length: 99999999999999999999",
                                         "Content-Length : 5",
                                         "Transfer-Encoding: gzip, chunked",
                                         "Transfer-Encoding: chunked, chunked",
                                         "Transfer-Encoding: identity",
                                         "Transfer-Encoding: xchunked",
                                         "Transfer-Encoding: gzip\r\nContent-Length: 5",
                                         "Transfer-Encoding:\r\nContent-Length: 5",
                                         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                                         "Transfer-Encoding: gzip",
                                         "Transfer-Encoding: \"chunked\"",
                                         "Transfer-Encoding:\r\n chunked",
                                         "X: a\r\n b",
                                         "X: a\r\n\tContent-Length: 5",
                                         "Host: y",
                                         "Bad Name: 1",
                                         "No colon here",
                                         "X: a\x01"
                                         "b"}) {
    const auto answer = exchange("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + std::string(smuggled));
    EXPECT_TRUE(is_problem(answer, 400)) << headers;
    EXPECT_EQ(answer.find("smuggled"), std::string::npos) << headers;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << headers;
  }
  EXPECT_TRUE(is_problem(exchange("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400));
  EXPECT_TRUE(is_problem(exchange("GET / HTTP/1.1\r\n\r\n"), 400));
  EXPECT_TRUE(is_problem(exchange("nonsense\r\n\r\n"), 400));
  EXPECT_TRUE(is_problem(exchange("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505));
}

TEST_F(HttpServerTest, broken_chunks_are_refused) {
  begin();
  for (const std::string_view body :
       {"x\r\n", "-1\r\n", "1\r\nab\r\n0\r\n\r\n", "1 \r\na\r\n", "ffffffffffffffffff\r\na\r\n"}) {
    const auto answer =
        exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body));
    EXPECT_TRUE(is_problem(answer, 400)) << body;
  }
}

TEST_F(HttpServerTest, what_is_too_large_is_refused_and_the_connection_closed) {
  begin();
  EXPECT_TRUE(is_problem(exchange("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a')), 431));
  EXPECT_TRUE(is_problem(
      exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 204801\r\n\r\n" + std::string(204801, 'a')), 413));
  EXPECT_TRUE(is_problem(exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                  std::string("32001\r\n") + std::string(0x32001, 'a') + "\r\n0\r\n\r\n"),
                         413));
  EXPECT_TRUE(is_problem(
      exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(100'000, 'a')), 400));
}

TEST_F(HttpServerTest, an_exception_from_the_handler_is_a_500) {
  begin();
  Client client(port_);
  client.send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(is_problem(client.answer(), 500));
  client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.answer().ends_with("GET /next "));
}

TEST_F(HttpServerTest, slow_clients_are_told_and_closed) {
  begin(quick());
  EXPECT_EQ(exchange(""), "");  // idle: closed without a word
  EXPECT_TRUE(is_problem(exchange("GET / HT"), 408));
  EXPECT_TRUE(is_problem(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"), 408));
  EXPECT_TRUE(is_problem(exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), 408));
}

TEST_F(HttpServerTest, a_byte_now_and_then_does_not_move_the_deadline) {
  begin(quick());
  Client client(port_);
  const auto began = std::chrono::steady_clock::now();
  client.send("GET / HTTP/1.1\r\nX: ");
  std::thread dripper([&] {
    for (int i = 0; i < 40 && std::chrono::steady_clock::now() - began < 2s; ++i) {
      client.send("a");
      std::this_thread::sleep_for(50ms);
    }
  });
  EXPECT_TRUE(is_problem(client.answer(), 408));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  dripper.join();
}

TEST_F(HttpServerTest, a_connection_past_the_limit_is_answered_503) {
  HttpServerLimits limits;
  limits.connections = 1;
  begin(limits);
  Client first(port_);
  first.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(first.answer().ends_with("GET /1 "));
  const auto refused = exchange("");
  EXPECT_TRUE(is_problem(refused, 503));
  EXPECT_NE(refused.find("retry-after: 1\r\n"), std::string::npos);
  first.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(first.answer().ends_with("GET /2 "));
}

TEST_F(HttpServerTest, bodies_past_the_budget_are_answered_503) {
  HttpServerLimits limits;
  limits.ingest_bytes = 100 * 1024;
  begin(limits);
  const std::string body(150'000, 'a');
  EXPECT_TRUE(is_problem(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 150000\r\n\r\n" + body), 503));
  const auto small = exchange("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\na");
  EXPECT_TRUE(small.ends_with("POST / a")) << small;
}

TEST_F(HttpServerTest, a_declared_body_that_is_not_sent_takes_no_budget) {
  HttpServerLimits limits;
  limits.ingest_bytes = 200 * 1024;
  begin(limits);
  Client first(port_);
  Client second(port_);
  for (auto* client : {&first, &second}) {
    client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 190000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client->answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  }
}

TEST_F(HttpServerTest, the_body_of_a_refused_request_is_not_waited_for) {
  HttpServerLimits limits;
  limits.ingest_bytes = 100 * 1024;
  begin(limits);
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nX-Stranger: 1\r\n";
  EXPECT_TRUE(is_problem(exchange(head + "Content-Length: 190000\r\n\r\n"), 401));
  EXPECT_TRUE(is_problem(exchange(head + "Content-Length: 999999999\r\n\r\n"), 401)) << "it has no limit to learn";
  EXPECT_TRUE(is_problem(exchange(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nab"), 401));
  EXPECT_TRUE(is_problem(exchange(head + "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"), 401));
}

TEST_F(HttpServerTest, stopping_lets_what_is_being_answered_end) {
  begin();
  Client idle(port_);
  Client busy(port_);
  idle.send("GET /i HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(idle.answer().ends_with("GET /i "));
  busy.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(busy.answer().ends_with("GET /b "));
  busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  wait_on_loop(100ms);  // less than /slow takes
  auto stopped = stop(3s);
  EXPECT_EQ(idle.rest(), "");
  const auto answer = busy.rest();
  EXPECT_TRUE(answer.ends_with("GET /slow ")) << answer;
  EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos);
  // The client has not closed its side; the server does not wait for long.
  EXPECT_EQ(stopped.wait_for(1s), std::future_status::ready);
  EXPECT_THROW(Client late(port_), std::runtime_error);
}

TEST_F(HttpServerTest, stopping_closes_what_is_left_after_the_grace) {
  begin();
  Client client(port_);
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(stop(50ms).wait_for(2s), std::future_status::ready);
  EXPECT_EQ(client.rest(), "");
}

}  // namespace
}  // namespace eventrelay::test
