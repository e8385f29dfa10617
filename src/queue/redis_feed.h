// The feed over Redis streams: plain reads from positions kept in memory. Without a cluster one connection reads all
// partitions, on a cluster one each of the 16 slots that they are in. Belongs to the thread that runs the context.
#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "ports/feed.h"
#include "queue/redis_client.h"

namespace eventrelay {

class RedisFeed final : public Feed {
 public:
  /// context: the client's. Nothing is connected before follow().
  RedisFeed(boost::asio::io_context& context, std::shared_ptr<RedisClient> client);
  /// As stop(), without the wait.
  ~RedisFeed() override;
  /// Neither the sink nor a `noted` is called any more. The awaitable, which may be dropped, returns when nothing runs
  /// any more: a few turns of the loop; where a server hangs and the client does not stop too, kReadBlock at most.
  boost::asio::awaitable<void> stop();

  void listen(std::function<void(Arrival)> sink) override;
  /// While the first connection is being made `noted` waits for how that ends.
  void follow(const PartitionSet& partitions, std::function<void(bool)> noted) override;
  /// Nor while Redis takes no entries.
  bool is_up() const override;
  /// Why the streams are not read, for people; empty: they are.
  std::string trouble() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  ///< handlers that are still queued keep it
};

}  // namespace eventrelay
