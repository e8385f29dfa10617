// What a process needs to be one of several: the store that they share, its place among the workers, and the ways by
// which it hears what others committed. Owned by the server. open() and the destructor on main's thread; the rest on
// the first event loop, which membership, follower and Redis live on.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/config.h"
#include "engine/follower.h"
#include "engine/membership.h"
#include "queue/commit_ledger.h"
#include "queue/redis_appender.h"
#include "queue/redis_feed.h"
#include "queue/stream_hand_over.h"
#include "storage/postgres_store.h"

namespace eventrelay {

class SharedStore {
 public:
  /// local: to this process's loops. Blocks. Errors: a sentence for the operator.
  static Result<std::unique_ptr<SharedStore>> open(const Config& config, boost::asio::io_context& first_loop,
                                                   HandOver& local, Metrics& metrics,
                                                   std::function<void(milliseconds)> on_clock_offset);
  ~SharedStore();
  SharedStore(const SharedStore&) = delete;
  SharedStore& operator=(const SharedStore&) = delete;

  PostgresStore& store() { return *store_; }
  /// Before the loops run: this process works as one of the workers. engines: one a loop, the first loop's first.
  void make_worker(std::vector<LoopEngine> engines, Metrics& metrics);
  /// Joins the workers, if this process is to be one.
  void start(EventLoop& first_loop);
  /// Gives the partitions away, and waits for what is under way. Nothing for an API process.
  void drain(Completion<> done);
  /// Ends all of it that lives on the first loop, and returns when nothing of it runs any more. Once, after the store
  /// has been stopped. Dropped with the loop, it leaves nothing behind.
  boost::asio::awaitable<void> stop();
  /// What is wrong with Redis, for people; nothing where none is configured. Any thread.
  std::vector<std::pair<std::string, std::string>> helpers() const;

 private:
  SharedStore() = default;
  void set_owned(const PartitionSet& owned);
  PartitionSet owned() const;
  void look_at_redis();
  std::string redis_trouble() const;

  mutable std::mutex mutex_;  ///< of the next two
  PartitionSet owned_;
  std::string redis_trouble_ = "not reachable yet";
  CommitLedger ledger_;
  std::shared_ptr<RedisClient> redis_;
  std::unique_ptr<Alarm> redis_look_;
  Metrics* metrics_ = nullptr;
  std::uint64_t dropped_ = 0;  ///< entries that the metrics have
  bool has_redis_ = false;
  std::unique_ptr<RedisAppender> appender_;
  std::unique_ptr<RedisFeed> feed_;
  std::unique_ptr<StreamHandOver> hand_over_;
  std::unique_ptr<PostgresStore> store_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<Membership> membership_;
};

}  // namespace eventrelay
