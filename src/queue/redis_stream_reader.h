// One blocking connection that reads streams of one server: all of them, or on a cluster those of one slot. Positions
// are kept in memory, over reconnects too. Belongs to the thread that runs its context.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "ports/feed.h"
#include "queue/redis_client.h"
#include "queue/redis_node.h"
#include "queue/redis_streams.h"

namespace eventrelay {

inline constexpr std::chrono::milliseconds kReadBlock{1'000};
inline constexpr std::chrono::milliseconds kReadDeadline{3'000};    ///< of a read that blocks
inline constexpr std::chrono::milliseconds kReadRetry{50};          ///< after a refusal
inline constexpr std::chrono::milliseconds kUnblockRetry{5};        ///< a read was not blocking yet
inline constexpr std::size_t kReadEntriesMax = 4;                   ///< of a stream, by one read
inline constexpr std::chrono::milliseconds kSilenceChecked{1'000};  ///< a silent stream is looked at, then twice as …
inline constexpr std::chrono::milliseconds kSilenceCheckedMax{16'000};  ///< … late each time

/// Tells once, when all that it waits for have arrived, whether all of them did so with success.
class NotedLatch {
 public:
  NotedLatch(std::size_t waits_for, std::function<void(bool)> done) : left_(waits_for), done_(std::move(done)) {}
  void arrive(bool ok) {
    ok_ = ok_ && ok;
    if (--left_ == 0 || !ok) tell();
  }

 private:
  void tell() {
    if (const auto done = std::exchange(done_, nullptr)) done(ok_);
  }
  std::size_t left_;
  std::function<void(bool)> done_;
  bool ok_ = true;
};

class RedisStreamReader : public std::enable_shared_from_this<RedisStreamReader> {
 public:
  /// slot: of its streams; without a cluster, any. tasks: what runs for it until stop(); outlives its use.
  static std::shared_ptr<RedisStreamReader> start(TaskGroup& tasks, boost::asio::io_context& context,
                                                  std::shared_ptr<RedisClient> client, int slot,
                                                  std::function<void(Arrival)> sink);
  /// The sink is called no more; latches are let go. Its tasks end with the loop's next turns; one that asks the server
  /// to end a read, when the server answers, the client stops, or after kReadBlock.
  void stop();

  /// Reads these from now on. noted: arrives when the ends of the new ones are known; with false while Redis is gone.
  void follow(const PartitionSet& partitions, std::shared_ptr<NotedLatch> noted);
  /// It reads what it shall, or has nothing to.
  bool is_up() const { return wanted_.none() || up_; }
  /// Why not, in the server's words; empty: nothing has failed yet.
  const std::string& trouble() const { return trouble_; }

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Stream {
    StreamId position;
    bool noted = false;
    Time check_at{};
    std::chrono::milliseconds check_wait = kSilenceChecked;
  };

  RedisStreamReader(TaskGroup& tasks, boost::asio::io_context& context, std::shared_ptr<RedisClient> client, int slot,
                    std::function<void(Arrival)> sink)
      : tasks_(tasks),
        context_(context),
        client_(std::move(client)),
        slot_(slot),
        sink_(std::move(sink)),
        timer_(context) {}
  static boost::asio::awaitable<void> read_all(std::shared_ptr<RedisStreamReader> self);
  boost::asio::awaitable<bool> connect();
  boost::asio::awaitable<bool> note_positions();
  boost::asio::awaitable<bool> read_once();
  static boost::asio::awaitable<void> unblock(std::shared_ptr<RedisStreamReader> self, std::uint64_t read);
  boost::asio::awaitable<void> pause(std::chrono::milliseconds time);

  void take_wanted();
  void note_position(int partition, Stream& stream, const RedisReply& newest);
  void take_streams(const RedisReply& reply);
  void take_entry(int partition, const RedisReply& entry);
  void fail(const std::string& why);
  void settle(bool ok);

  TaskGroup& tasks_;  ///< until stop()
  boost::asio::io_context& context_;
  std::shared_ptr<RedisClient> client_;
  const int slot_;
  std::function<void(Arrival)> sink_;
  boost::asio::steady_timer timer_;

  PartitionSet wanted_;
  std::vector<std::shared_ptr<NotedLatch>> waiting_;   ///< for the next look at wanted_
  std::vector<std::shared_ptr<NotedLatch>> settling_;  ///< for the positions being noted
  std::map<int, Stream> streams_;
  std::unique_ptr<RedisConnection> connection_;
  RedisBackoff backoff_;
  bool up_ = false;
  bool failing_ = false;            ///< since it was last up
  std::string trouble_;             ///< then
  std::uint64_t servers_left_ = 0;  ///< by the client, when this one connected
  std::uint64_t reads_ = 0;         ///< so many have begun
  bool blocks_ = false;             ///< the last of them has not ended
  bool stopped_ = false;
};

}  // namespace eventrelay
