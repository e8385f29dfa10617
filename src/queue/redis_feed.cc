#include "queue/redis_feed.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "queue/redis_slots.h"
#include "queue/redis_stream_reader.h"

namespace eventrelay {

namespace asio = boost::asio;

class RedisFeed::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, std::shared_ptr<RedisClient> client)
      : context_(context), client_(std::move(client)), tasks_(context, "the feed from Redis"), timer_(context) {}

  void listen(std::function<void(Arrival)> sink) { sink_ = std::move(sink); }
  void follow(const PartitionSet& partitions, std::function<void(bool)> noted);
  bool is_up() const;
  std::string trouble() const;
  void stop();
  asio::awaitable<void> join() { return tasks_.join(); }

 private:
  static asio::awaitable<void> begin(std::shared_ptr<Impl> self);
  void make_readers();
  void follow_now(const PartitionSet& partitions, std::function<void(bool)> noted);
  void tell(std::function<void(bool)> noted, bool ok);

  asio::io_context& context_;
  std::shared_ptr<RedisClient> client_;
  TaskGroup tasks_;
  asio::steady_timer timer_;
  std::function<void(Arrival)> sink_;
  std::vector<std::shared_ptr<RedisStreamReader>> readers_;  ///< empty until it is known whether Redis is a cluster
  // Before that:
  bool begun_ = false;
  PartitionSet wanted_;
  std::vector<std::function<void(bool)>> waiting_;
  bool stopped_ = false;
};

void RedisFeed::Impl::follow(const PartitionSet& partitions, std::function<void(bool)> noted) {
  if (stopped_) return;
  if (!readers_.empty()) return follow_now(partitions, std::move(noted));
  wanted_ = partitions;
  if (client_->is_failing()) {
    tell(std::move(noted), false);
  } else {
    waiting_.push_back(std::move(noted));
  }
  if (!std::exchange(begun_, true)) tasks_.spawn(begin(shared_from_this()));
}

/// Waits for the first time that Redis is there.
asio::awaitable<void> RedisFeed::Impl::begin(std::shared_ptr<Impl> self) {
  constexpr std::chrono::milliseconds kLook{5};
  while (!self->stopped_ && !self->client_->is_up()) {
    if (self->client_->is_failing()) {
      for (auto& noted : std::exchange(self->waiting_, {})) self->tell(std::move(noted), false);
    }
    boost::system::error_code ignored;
    self->timer_.expires_after(kLook);
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await self->timer_.async_wait(token);
  }
  if (self->stopped_) co_return;
  self->make_readers();
  auto waiting = std::make_shared<std::vector<std::function<void(bool)>>>(std::exchange(self->waiting_, {}));
  self->follow_now(self->wanted_, [waiting](bool ok) {
    for (const auto& noted : *waiting) noted(ok);
  });
}

void RedisFeed::Impl::make_readers() {
  const int readers = client_->is_cluster() ? kStreamTags : 1;
  for (int tag = 0; tag < readers; ++tag)
    readers_.push_back(RedisStreamReader::start(tasks_, context_, client_, redis_slot(stream_key(tag)), sink_));
}

void RedisFeed::Impl::follow_now(const PartitionSet& partitions, std::function<void(bool)> noted) {
  auto done = [self = shared_from_this(), noted = std::move(noted)](bool ok) { self->tell(noted, ok); };
  const auto latch = std::make_shared<NotedLatch>(readers_.size(), std::move(done));
  std::vector<PartitionSet> parts(readers_.size());
  for (std::size_t partition = 0; partition < partitions.size(); ++partition) {
    if (partitions.test(partition)) parts[partition % readers_.size()].set(partition);
  }
  for (std::size_t i = 0; i < readers_.size(); ++i) readers_[i]->follow(parts[i], latch);
}

/// By a post: whoever calls follow() has not done with it yet.
void RedisFeed::Impl::tell(std::function<void(bool)> noted, bool ok) {
  asio::post(context_, [self = shared_from_this(), noted = std::move(noted), ok] {
    if (!self->stopped_) noted(ok);
  });
}

bool RedisFeed::Impl::is_up() const {
  if (stopped_ || !client_->refusal().empty()) return false;
  if (readers_.empty()) return wanted_.none() && client_->is_up();
  return std::ranges::all_of(readers_, [](const auto& reader) { return reader->is_up(); });
}

std::string RedisFeed::Impl::trouble() const {
  const auto down = std::ranges::find_if(readers_, [](const auto& reader) { return !reader->is_up(); });
  if (down == readers_.end()) return {};
  return (*down)->trouble().empty() ? "not yet" : (*down)->trouble();
}

void RedisFeed::Impl::stop() {
  stopped_ = true;
  timer_.cancel();
  waiting_.clear();
  for (const auto& reader : readers_) reader->stop();
  client_.reset();
}

RedisFeed::RedisFeed(asio::io_context& context, std::shared_ptr<RedisClient> client)
    : impl_(std::make_shared<Impl>(context, std::move(client))) {}
RedisFeed::~RedisFeed() {
  impl_->stop();
}
asio::awaitable<void> RedisFeed::stop() {
  impl_->stop();
  return impl_->join();
}
void RedisFeed::listen(std::function<void(Arrival)> sink) {
  impl_->listen(std::move(sink));
}
void RedisFeed::follow(const PartitionSet& partitions, std::function<void(bool)> noted) {
  impl_->follow(partitions, std::move(noted));
}
std::string RedisFeed::trouble() const {
  return impl_->trouble();
}
bool RedisFeed::is_up() const {
  return impl_->is_up();
}

}  // namespace eventrelay
