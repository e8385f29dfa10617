#include "queue/redis_appender.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <iterator>
#include <mutex>

#include "base/log.h"
#include "queue/redis_node.h"
#include "queue/redis_slots.h"
#include "queue/redis_streams.h"
#include "queue/stream_budget.h"

namespace eventrelay {

namespace asio = boost::asio;
using std::chrono::steady_clock;

class RedisAppender::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& context, std::shared_ptr<RedisClient> client)
      : context_(context), client_(std::move(client)) {}

  void append(std::vector<StreamEntry> entries);
  void look();
  void stop();
  std::uint64_t dropped() const { return dropped_; }

 private:
  void flush();
  void trim(std::vector<RedisCommand>& commands, steady_clock::time_point now);
  void take_answers(const std::vector<int>& partitions, const RedisClient::Replies& replies);
  void take_look(const std::vector<int>& slots, const RedisClient::Replies& replies);
  void drop(std::size_t entries, const std::string& why);

  asio::io_context& context_;
  std::shared_ptr<RedisClient> client_;
  std::atomic<std::uint64_t> dropped_{0};

  std::mutex mutex_;  // of the next four
  std::vector<StreamEntry> waiting_;
  std::size_t bytes_ = 0;     ///< waiting and under way
  std::size_t overflow_ = 0;  ///< entries dropped for want of room, not reported yet
  bool posted_ = false;

  // The loop's.
  StreamBudget budget_;
  bool stopped_ = false;
  steady_clock::time_point paused_until_{};
  bool looking_ = false;
  steady_clock::time_point next_look_{};
  bool in_outage_ = false;
  steady_clock::time_point dropped_at_{};
  std::uint64_t dropped_before_ = 0;  ///< the outage
};

namespace {

/// Not one key alone: the next entry would be refused too.
bool concerns_server(std::string_view refusal) {
  static constexpr std::string_view kKinds[] = {"OOM",    "READONLY", "MISCONF",    "LOADING",
                                                "NOAUTH", "NOPERM",   "MASTERDOWN", "NOREPLICAS"};
  return std::ranges::any_of(kKinds, [&](std::string_view kind) { return refusal.starts_with(kind); });
}

std::size_t bytes_of(const std::vector<StreamEntry>& entries) {
  std::size_t bytes = 0;
  for (const StreamEntry& entry : entries) bytes += entry.bytes.size() + sizeof(StreamEntry);
  return bytes;
}

}  // namespace

void RedisAppender::Impl::append(std::vector<StreamEntry> entries) {
  const std::size_t bytes = bytes_of(entries);
  {
    const std::lock_guard lock(mutex_);
    if (bytes_ + bytes > kAppendBytesMax) {
      overflow_ += entries.size();
    } else {
      bytes_ += bytes;
      std::move(entries.begin(), entries.end(), std::back_inserter(waiting_));
    }
    if (std::exchange(posted_, true)) return;
  }
  asio::post(context_, [self = shared_from_this()] { self->flush(); });
}

void RedisAppender::Impl::flush() {
  std::vector<StreamEntry> entries;
  std::size_t overflow = 0;
  {
    const std::lock_guard lock(mutex_);
    entries.swap(waiting_);
    overflow = std::exchange(overflow_, 0);
    posted_ = false;
  }
  if (overflow > 0) drop(overflow, "Redis is slower than the commits");
  const std::size_t bytes = bytes_of(entries);
  auto free_bytes = [self = shared_from_this(), bytes] {
    const std::lock_guard lock(self->mutex_);
    self->bytes_ -= bytes;
  };
  const auto now = steady_clock::now();
  if (stopped_ || now < paused_until_) {
    drop(entries.size(), "Redis has refused entries");
    return free_bytes();
  }
  std::vector<int> partitions;
  std::vector<RedisCommand> commands;
  for (const StreamEntry& entry : entries) {
    const std::string entries_max = std::to_string(budget_.entries_max(entry.partition, entry.bytes.size(), now));
    commands.push_back(make_redis_command(
        {"XADD", client_->stream_key(entry.partition), "MAXLEN", "~", entries_max, "*", kStreamField, entry.bytes}));
    partitions.push_back(entry.partition);
  }
  trim(commands, now);
  client_->run(std::move(commands), now + kAppendDeadline,
               [self = shared_from_this(), partitions = std::move(partitions),
                free_bytes = std::move(free_bytes)](const RedisClient::Replies& replies) {
                 free_bytes();
                 self->take_answers(partitions, replies);
               });
}

/// Streams that get nothing any more would keep what they have for ever.
void RedisAppender::Impl::trim(std::vector<RedisCommand>& commands, steady_clock::time_point now) {
  for (const StreamBudget::Old& old : budget_.take_old(now))
    commands.push_back(
        make_redis_command({"XTRIM", client_->stream_key(old.partition), "MINID", "~", to_text(old.before)}));
}

void RedisAppender::Impl::take_answers(const std::vector<int>& partitions, const RedisClient::Replies& replies) {
  const auto now = steady_clock::now();
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const Result<RedisReply>& reply = replies[i];
    if (!reply) {
      drop(1, reply.error().message);
    } else if (reply->is_error()) {
      if (concerns_server(reply->text)) {
        paused_until_ = now + kAppendPause;
        if (client_) client_->note_refusal(redis_slot(client_->stream_key(partitions[i])), reply->text);
      }
      drop(1, reply->text);
    } else if (const auto id = parse_stream_id(reply->text)) {
      budget_.appended(partitions[i], *id, now);
    }
  }
  if (in_outage_ && now - dropped_at_ >= kAppendQuiet) {
    in_outage_ = false;
    spdlog::info("news for other processes go over Redis again; {} did not", dropped_ - dropped_before_);
  }
}

/// A write that changes nothing: of a stream that is not there. Each master of a cluster gets it for its slots.
void RedisAppender::Impl::look() {
  const auto now = steady_clock::now();
  if (stopped_ || looking_ || now < next_look_ || !client_->is_up()) return;
  looking_ = true;
  next_look_ = now + kAppendAsked;
  std::vector<int> slots;
  std::vector<RedisCommand> commands;
  for (int tag = 0; tag < (client_->is_cluster() ? kStreamTags : 1); ++tag) {
    const std::string key = client_->stream_key(tag) + ":none";
    commands.push_back(make_redis_command({"XADD", key, "NOMKSTREAM", "*", kStreamField, ""}));
    slots.push_back(commands.back().slot);
  }
  client_->run(std::move(commands), now + kRedisPingDeadline,
               [self = shared_from_this(), slots = std::move(slots)](const RedisClient::Replies& replies) {
                 self->looking_ = false;
                 if (!self->stopped_) self->take_look(slots, replies);
               });
}

void RedisAppender::Impl::take_look(const std::vector<int>& slots, const RedisClient::Replies& replies) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!replies[i]) return;  // it says nothing: then it is not up
    if (replies[i]->is_error()) return client_->note_refusal(slots[i], replies[i]->text);
  }
  client_->note_no_refusal();
}

void RedisAppender::Impl::drop(std::size_t entries, const std::string& why) {
  if (entries == 0) return;
  if (!std::exchange(in_outage_, true)) {
    dropped_before_ = dropped_;
    if (!stopped_) spdlog::warn("news for other processes do not go over Redis, they find them in the store: {}", why);
  }
  dropped_ += entries;
  dropped_at_ = steady_clock::now();
}

void RedisAppender::Impl::stop() {
  stopped_ = true;
  client_.reset();  // its open answers hold this object
}

RedisAppender::RedisAppender(asio::io_context& context, std::shared_ptr<RedisClient> client)
    : impl_(std::make_shared<Impl>(context, std::move(client))) {}
RedisAppender::~RedisAppender() {
  stop();
}
void RedisAppender::stop() {
  impl_->stop();
}
void RedisAppender::append(std::vector<StreamEntry> entries) {
  impl_->append(std::move(entries));
}
void RedisAppender::look() {
  impl_->look();
}
std::uint64_t RedisAppender::dropped() const {
  return impl_->dropped();
}

}  // namespace eventrelay
