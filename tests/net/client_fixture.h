// A client on a loop of its own, and requests for it.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http_client.h"
#include "tests/support/raw_server.h"

namespace eventrelay::test {

using namespace std::chrono_literals;

struct ClientTest : testing::Test {
  boost::asio::io_context loop{1};
  EgressRules rules{true, {}};
  HttpClientLimits limits;
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::unique_ptr<HttpClient> client;

  ~ClientTest() override {
    client.reset();
    loop.restart();
    loop.run_for(1s);
  }

  HttpClient& the_client() {
    if (!client) client = std::make_unique<HttpClient>(loop, tls, rules, limits);
    return *client;
  }

  static OutboundRequest request(const std::string& url, std::string body = "{}", milliseconds timeout = 5s) {
    OutboundRequest request;
    const auto parsed = parse_target_url(url);
    EXPECT_TRUE(parsed.has_value()) << url;
    request.target = std::make_shared<const TargetUrl>(parsed.value());
    request.headers = {{"webhook-id", "evt_1"}, {"content-type", "application/json"}};
    auto message = std::make_shared<Message>();
    message->body = std::move(body);
    request.message = message;
    request.timeout = timeout;
    return request;
  }
  static std::string url(const RawServer& server, const std::string& path = "/hook") {
    return "http://127.0.0.1:" + std::to_string(server.port()) + path;
  }

  /// Runs the loop until the answer is there; fails the test after 20 s.
  AttemptOutcome send(OutboundRequest outbound) {
    std::optional<AttemptOutcome> outcome;
    the_client().send(std::move(outbound), [&](AttemptOutcome result) { outcome = std::move(result); });
    EXPECT_FALSE(outcome.has_value()) << "the completion ran inside send()";
    run_until([&] { return outcome.has_value(); });
    if (!outcome) ADD_FAILURE() << "no outcome";
    return outcome.value_or(AttemptOutcome{});
  }
  AttemptOutcome send(const std::string& to, std::string body = "{}", milliseconds timeout = 5s) {
    return send(request(to, std::move(body), timeout));
  }

  template <class Condition>
  bool run_until(Condition condition, std::chrono::milliseconds limit = 20s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      loop.restart();
      loop.run_one_for(20ms);
    }
    return condition();
  }
};

/// Answers each request of a connection with the same text.
inline RawServer::Script always(std::string answer) {
  return [answer](RawConnection& connection) {
    while (connection.read_request()) connection.send(answer);
  };
}
/// Answers the first request with the text, then closes.
inline RawServer::Script once(std::string answer) {
  return [answer](RawConnection& connection) {
    if (connection.read_request()) connection.send(answer);
  };
}
/// Answers the first request with the text, then keeps silent until the client closes.
inline RawServer::Script then_silent(std::string answer) {
  return [answer](RawConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(answer);
    connection.wait_until_closed();
  };
}

inline std::string value_of(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return "(none)";
}

}  // namespace eventrelay::test
