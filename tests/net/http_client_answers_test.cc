// How the client reads what servers answer, well-formed and not.
#include <gtest/gtest.h>

#include <thread>

#include "net/http_client.h"
#include "tests/net/client_fixture.h"

namespace eventrelay::test {
namespace {

struct HttpAnswersTest : ClientTest {};

TEST_F(HttpAnswersTest, interim_answers_are_skipped) {
  RawServer server(
      always("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok_answer("final")));
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.status_code, 200);
  EXPECT_EQ(outcome.response_body, "final");
  EXPECT_EQ(value_of(outcome.response_headers, "link"), "(none)");
  EXPECT_EQ(send(url(server)).status_code, 200);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpAnswersTest, an_interim_answer_alone_is_not_an_answer) {
  RawServer server(then_silent("HTTP/1.1 103 Early Hints\r\n\r\n"));
  const auto outcome = send(url(server), "{}", 200ms);
  EXPECT_EQ(outcome.error, AttemptError::kTimeout);
  EXPECT_EQ(outcome.status_code, 0);
}

TEST_F(HttpAnswersTest, a_redirect_comes_back_as_it_is) {
  RawServer server(always("HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 0\r\n\r\n"));
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.error, AttemptError::kNone);
  EXPECT_EQ(outcome.status_code, 302);
}

TEST_F(HttpAnswersTest, an_endless_body_is_a_complete_and_truncated_answer) {
  for (const std::string head : {"Transfer-Encoding: chunked\r\n", "Content-Length: 100000000000\r\n", ""}) {
    const bool chunked = head.starts_with("T");
    RawServer server([&](RawConnection& connection) {
      if (!connection.read_request()) return;
      connection.send("HTTP/1.1 200 OK\r\n" + head + "\r\n");
      const std::string piece(1024, 'x');
      while (connection.send(chunked ? "400\r\n" + piece + "\r\n" : piece)) {
      }
    });
    const auto outcome = send(url(server));
    EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
    EXPECT_EQ(outcome.status_code, 200);
    EXPECT_TRUE(outcome.response_truncated);
    EXPECT_EQ(outcome.response_body, std::string(kResponseBytesKept, 'x'));
    client.reset();  // closes, and so ends the server's loop
  }
}

TEST_F(HttpAnswersTest, a_body_that_goes_on_slowly_past_the_kept_size_ends_there) {
  RawServer server([&](RawConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string size = "1000\r\n";
    for (int i = 0; i < 5; ++i) connection.send(size + std::string(0x1000, 'x') + "\r\n");
    connection.wait_until_closed();
  });
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.response_body, std::string(kResponseBytesKept, 'x'));
}

TEST_F(HttpAnswersTest, a_body_past_the_kept_size_that_stalls_within_a_chunks_head_is_complete) {
  RawServer server(then_silent("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5000\r\n" +
                               std::string(0x5000, 'x') + "\r\n4"));
  const auto outcome = send(url(server), "{}", 2s);
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_TRUE(outcome.response_truncated);
}

TEST_F(HttpAnswersTest, an_endless_body_whose_chunks_arrive_whole_is_complete) {
  RawServer server([&](RawConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 200 && connection.send("2000\r\n" + std::string(0x2000, 'x') + "\r\n"); ++i) {
      std::this_thread::sleep_for(5ms);  // so that each read gives one whole chunk
    }
  });
  const auto outcome = send(url(server), "{}", 500ms);
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_TRUE(outcome.response_truncated);
}

TEST_F(HttpAnswersTest, a_body_of_just_the_kept_size_is_not_truncated) {
  RawServer server(always(ok_answer(std::string(kResponseBytesKept, 'x'))));
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.response_body.size(), kResponseBytesKept);
  EXPECT_FALSE(outcome.response_truncated);
}

TEST_F(HttpAnswersTest, a_body_without_a_length_ends_with_the_connection) {
  RawServer server(once("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.error, AttemptError::kNone);
  EXPECT_EQ(outcome.response_body, "until the end");
}

TEST_F(HttpAnswersTest, an_answer_in_single_bytes_is_read) {
  RawServer server([](RawConnection& connection) {
    if (!connection.read_request()) return;
    const std::string answer =
        "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n"
        "0\r\nTrailer: z\r\n\r\n";
    for (const char c : answer) {
      connection.send({&c, 1});
      std::this_thread::sleep_for(200us);
    }
    connection.wait_until_closed();
  });
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.response_body, "abcde");
  EXPECT_EQ(outcome.response_headers.size(), 1u);
}

struct Broken {
  const char* name;
  std::string answer;
  AttemptError error;
};
class BrokenAnswerTest : public HttpAnswersTest, public testing::WithParamInterface<Broken> {};

TEST_P(BrokenAnswerTest, is_told_as_what_it_is) {
  RawServer server(once(GetParam().answer));
  const auto outcome = send(url(server));
  EXPECT_EQ(outcome.error, GetParam().error) << outcome.error_message;
  EXPECT_FALSE(outcome.error_message.empty());
}

std::string with(const std::string& headers) {
  return "HTTP/1.1 200 OK\r\n" + headers + "\r\nok";
}
std::string interim(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "HTTP/1.1 103 Early Hints\r\n\r\n";
  return text + ok_answer();
}

INSTANTIATE_TEST_SUITE_P(
    Answers, BrokenAnswerTest,
    testing::Values(
        Broken{"cut_in_the_body", with("Content-Length: 10\r\n"), AttemptError::kConnectionClosed},
        Broken{"cut_in_a_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
               AttemptError::kConnectionClosed},
        Broken{"cut_in_the_head", "HTTP/1.1 200 OK\r\nContent-", AttemptError::kConnectionClosed},
        Broken{"two_lengths", with("Content-Length: 2\r\nContent-Length: 3\r\n"), AttemptError::kProtocol},
        Broken{"two_equal_lengths", with("Content-Length: 2\r\nContent-Length: 2\r\n"), AttemptError::kProtocol},
        Broken{"a_list_of_lengths", with("Content-Length: 2, 2\r\n"), AttemptError::kProtocol},
        Broken{"a_signed_length", with("Content-Length: +2\r\n"), AttemptError::kProtocol},
        Broken{"length_and_coding", with("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"),
               AttemptError::kProtocol},
        Broken{"coding_and_length", with("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"),
               AttemptError::kProtocol},
        Broken{"length_and_unknown_coding", with("Content-Length: 2\r\nTransfer-Encoding: gzip\r\n"),
               AttemptError::kProtocol},
        Broken{"unknown_coding", with("Transfer-Encoding: gzip, chunked\r\n"), AttemptError::kProtocol},
        Broken{"switched_protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", AttemptError::kProtocol},
        Broken{"nine_interim_answers", interim(9), AttemptError::kProtocol},
        Broken{"not_http", "SSH-2.0-OpenSSH_9.2\r\n", AttemptError::kProtocol},
        Broken{"a_long_header", with("X: " + std::string(40 * 1024, 'x') + "\r\n"), AttemptError::kProtocol},
        Broken{"a_bad_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", AttemptError::kProtocol}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(HttpAnswersTest, eight_interim_answers_are_skipped) {
  RawServer server(always(interim(8)));
  EXPECT_EQ(send(url(server)).status_code, 200);
}

TEST_F(HttpAnswersTest, headers_past_their_limit_are_refused_although_each_is_short) {
  std::string headers;
  for (int i = 0; i < 400; ++i) headers += "X-" + std::to_string(i) + ": " + std::string(100, 'x') + "\r\n";
  RawServer server(always(with(headers + "Content-Length: 2\r\n")));
  EXPECT_EQ(send(url(server)).error, AttemptError::kProtocol);
}

}  // namespace
}  // namespace eventrelay::test
