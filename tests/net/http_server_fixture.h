// The HTTP server on a loop and a thread of its own, and a client that blocks.
#pragma once
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "net/http_server.h"

namespace eventrelay::test {

using namespace std::chrono_literals;

/// A blocking client with a deadline of its own.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval deadline{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("connect");
    }
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) { (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  /// One answer, by its content-length; "" at the end of the stream, "timeout" when nothing came.
  std::string answer(bool has_body = true) {
    while (true) {
      const auto head = text_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto length_at = text_.find("content-length: ");
        std::size_t length = 0;
        if (has_body && length_at < head) length = std::stoul(text_.substr(length_at + 16));
        if (text_.size() >= head + 4 + length) {
          auto result = text_.substr(0, head + 4 + length);
          text_.erase(0, head + 4 + length);
          return result;
        }
      }
      if (!read_more()) return timed_out_ ? "timeout" : "";
    }
  }
  /// What comes until the server closes.
  std::string rest() {
    while (read_more()) {
    }
    return timed_out_ ? "timeout" : text_;
  }

 private:
  bool read_more() {
    char buffer[4096];
    const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
    timed_out_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (count > 0) text_.append(buffer, static_cast<std::size_t>(count));
    return count > 0;
  }
  int socket_;
  std::string text_;
  bool timed_out_ = false;
};

class HttpServerFixture : public testing::Test {
 protected:
  explicit HttpServerFixture(HttpHandler handler) : handler_(std::move(handler)) {}

  void begin(HttpServerLimits limits = {}) {
    boost::asio::ip::tcp::acceptor acceptor(loop_,
                                            boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    port_ = acceptor.local_endpoint().port();
    BodyRules rules;
    rules.bytes_max = [](std::string_view, std::string_view target) -> std::size_t {
      return target == "/none" ? 0 : 200 * 1024;
    };
    rules.refusal = [](const HttpRequest& request) -> boost::asio::awaitable<std::optional<HttpResponse>> {
      if (request.header("x-stranger").empty()) co_return std::nullopt;
      co_return plain_problem(401, "Who are you?");
    };
    server_ = std::make_unique<HttpServer>(loop_, std::move(acceptor), limits, shared_, metrics_, rules, handler_);
    server_->start();
    thread_ = std::thread([this] { loop_.run(); });
  }
  std::future<void> stop(std::chrono::milliseconds grace) {
    return boost::asio::co_spawn(loop_, server_->stop(grace), boost::asio::use_future);
  }
  void wait_on_loop(std::chrono::milliseconds time) {
    boost::asio::steady_timer timer(loop_, time);
    timer.async_wait(boost::asio::use_future).wait();
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    EXPECT_EQ(stop(0ms).wait_for(5s), std::future_status::ready);
    work_.reset();
    thread_.join();
    EXPECT_EQ(shared_.connections.load(), 0u);
    EXPECT_EQ(shared_.ingest_bytes.load(), 0u);
  }
  /// Sends, and gives everything up to the close.
  std::string exchange(std::string_view bytes) {
    Client client(port_);
    client.send(bytes);
    return client.rest();
  }
  static HttpServerLimits quick() {
    HttpServerLimits limits;
    limits.idle = 200ms;
    limits.header_read = 200ms;
    limits.body_read = 200ms;
    return limits;
  }

  const HttpHandler handler_;
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(loop_);
  HttpServerShared shared_;
  Metrics metrics_;
  std::uint16_t port_ = 0;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

}  // namespace eventrelay::test
