// What a connection to Redis and its handlers share. For redis_connection.cc and redis_connect.cc alone.
#pragma once
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>
#include <vector>

#include "queue/redis_connection.h"

namespace eventrelay {

struct RedisConnection::Impl : std::enable_shared_from_this<Impl> {
  using Socket = boost::asio::ip::tcp::socket;
  struct Batch {
    std::size_t commands = 0;
    RedisReplies replies;
    Deadline deadline;
    Completion<Result<RedisReplies>> done;
  };

  Impl(boost::asio::io_context& loop, RedisConnectOptions settings)
      : context(loop), options(std::move(settings)), socket(loop), timer(loop) {}

  static boost::asio::awaitable<Result<void>> connect(std::shared_ptr<Impl> self);
  /// Name, TCP and TLS.
  static boost::asio::awaitable<Result<void>> reach(std::shared_ptr<Impl> self, Deadline deadline);
  static boost::asio::awaitable<boost::system::error_code> connect_first(
      std::shared_ptr<Impl> self, std::vector<boost::asio::ip::tcp::endpoint> addresses, Deadline deadline);
  static boost::asio::awaitable<Result<void>> greet(std::shared_ptr<Impl> self, Deadline deadline);

  void run(RedisBatch batch, Deadline deadline, Completion<Result<RedisReplies>> done);
  void read();
  void write();
  void take(std::string_view bytes);
  /// Sets the timer for a deadline that is sooner than what it waits for.
  void watch(Deadline deadline);
  void on_timer();
  void fail(const std::string& why);

  boost::asio::io_context& context;
  RedisConnectOptions options;
  Socket socket;
  std::optional<boost::asio::ssl::stream<Socket&>> tls;
  boost::asio::steady_timer timer;
  std::optional<Deadline> watched;
  std::uint64_t watches = 0;
  bool open = false;   ///< bytes flow
  bool ready = false;  ///< the greeting is over
  bool ended = false;  ///< for good
  std::int64_t client_id = 0;
  Completion<> closed;

  RedisReplyReader reader;
  std::deque<Batch> batches;
  std::string unsent;
  std::string in_write;
  bool writes = false;
  std::array<char, 64 * 1024> in{};
};

}  // namespace eventrelay
