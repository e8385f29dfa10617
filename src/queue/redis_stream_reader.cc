#include "queue/redis_stream_reader.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "queue/redis_entry.h"

namespace eventrelay {

namespace asio = boost::asio;
using std::chrono::steady_clock;

std::shared_ptr<RedisStreamReader> RedisStreamReader::start(TaskGroup& tasks, asio::io_context& context,
                                                            std::shared_ptr<RedisClient> client, int slot,
                                                            std::function<void(Arrival)> sink) {
  std::shared_ptr<RedisStreamReader> reader(
      new RedisStreamReader(tasks, context, std::move(client), slot, std::move(sink)));
  tasks.spawn(read_all(reader));
  return reader;
}

void RedisStreamReader::stop() {
  stopped_ = true;
  up_ = false;
  waiting_.clear();
  settling_.clear();
  if (connection_) connection_->close();
  timer_.cancel();
  client_.reset();
}

void RedisStreamReader::follow(const PartitionSet& partitions, std::shared_ptr<NotedLatch> noted) {
  const bool same = wanted_ == partitions;
  wanted_ = partitions;
  if (failing_ && wanted_.any()) {
    noted->arrive(false);
  } else if (same && waiting_.empty() && settling_.empty() && is_up()) {
    noted->arrive(true);
  } else {
    waiting_.push_back(std::move(noted));
  }
  if (same) return;
  if (!connection_) timer_.cancel();
  if (blocks_) tasks_.spawn(unblock(shared_from_this(), reads_));
}

asio::awaitable<void> RedisStreamReader::read_all(std::shared_ptr<RedisStreamReader> self) {
  while (!self->stopped_) {
    self->take_wanted();
    if (self->streams_.empty()) {
      self->settle(true);
      self->connection_.reset();
      co_await self->pause(kReadBlock);
      continue;
    }
    bool ok = self->connection_ && self->connection_->is_open() && self->servers_left_ == self->client_->servers_left();
    if (!ok) ok = co_await self->connect();
    if (ok && !self->stopped_) ok = co_await self->note_positions();
    if (self->stopped_) co_return;
    if (ok) {
      self->settle(true);
      if (!std::exchange(self->up_, true)) self->backoff_.reset();
      self->failing_ = false;
      ok = self->waiting_.empty() ? co_await self->read_once() : true;
    }
    if (ok || self->stopped_) continue;
    self->up_ = false;
    self->settle(false);
    const bool refused = self->connection_ && self->connection_->is_open();
    co_await self->pause(refused ? kReadRetry : self->backoff_.next());
  }
}

/// Streams that are followed anew have no position yet.
void RedisStreamReader::take_wanted() {
  std::erase_if(streams_, [&](const auto& stream) { return !wanted_.test(static_cast<std::size_t>(stream.first)); });
  for (int partition = 0; partition < kPartitions; ++partition) {
    if (wanted_.test(static_cast<std::size_t>(partition))) streams_.try_emplace(partition);
  }
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(settling_));
  waiting_.clear();
}

void RedisStreamReader::settle(bool ok) {
  // A latch may call follow(), which adds to waiting_.
  for (const auto& latch : std::exchange(settling_, {})) latch->arrive(ok);
  if (ok) return;
  for (const auto& latch : std::exchange(waiting_, {})) latch->arrive(false);
}

/// What was read may have gone while nobody listened: every position is looked at again.
asio::awaitable<bool> RedisStreamReader::connect() {
  servers_left_ = client_->servers_left();
  connection_ = client_->make_connection(slot_);
  Result<void> connected = unavailable("no server is known to have them");
  if (connection_) connected = co_await connection_->connect();
  if (!connected || stopped_) {
    if (!connected) fail(connected.error().message);
    connection_.reset();
    co_return false;
  }
  for (auto& [partition, stream] : streams_) stream.check_at = {};
  co_return true;
}

/// Asks for the newest entries of the streams that are new, and of those that were silent.
asio::awaitable<bool> RedisStreamReader::note_positions() {
  const auto now = steady_clock::now();
  std::vector<int> asked;
  RedisBatch batch;
  for (const auto& [partition, stream] : streams_) {
    if (stream.check_at > now) continue;
    asked.push_back(partition);
    batch.add({"XREVRANGE", client_->stream_key(partition), "+", "-", "COUNT", "1"});
  }
  if (asked.empty()) co_return true;
  const Result<RedisReplies> replies = co_await connection_->run(std::move(batch), now + kReadDeadline);
  if (stopped_) co_return false;
  if (!replies) {
    fail(replies.error().message);
    co_return false;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const RedisReply& reply = (*replies)[i];
    if (reply.is_error()) {
      client_->note_redirect(reply, connection_->endpoint());
      fail(reply.text);
      co_return false;
    }
    note_position(asked[i], streams_[asked[i]], reply);
  }
  co_return true;
}

void RedisStreamReader::note_position(int partition, Stream& stream, const RedisReply& newest) {
  std::optional<StreamId> last = StreamId{};
  if (!newest.items.empty() && !newest.items[0].items.empty()) last = parse_stream_id(newest.items[0].items[0].text);
  if (!last) last = StreamId{};
  if (!stream.noted) {
    stream.position = *last;
    stream.noted = true;
  } else if (*last < stream.position) {
    // It vanished or is another one: what it has is new.
    spdlog::debug("the stream of partition {} begins again", partition);
    stream.position = {};
  }
  stream.check_at = steady_clock::now() + stream.check_wait;
  stream.check_wait = std::min(stream.check_wait * 2, kSilenceCheckedMax);
}

asio::awaitable<bool> RedisStreamReader::read_once() {
  std::vector<std::string> keys;
  std::vector<std::string> ids;
  for (const auto& [partition, stream] : streams_) {
    keys.push_back(client_->stream_key(partition));
    ids.push_back(to_text(stream.position));
  }
  const std::string count = std::to_string(kReadEntriesMax);
  const std::string block = std::to_string(kReadBlock.count());
  std::vector<std::string_view> words{"XREAD", "COUNT", count, "BLOCK", block, "STREAMS"};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), ids.begin(), ids.end());
  RedisBatch batch;
  batch.add(words);
  ++reads_;
  blocks_ = true;
  const Result<RedisReplies> replies = co_await connection_->run(std::move(batch), steady_clock::now() + kReadDeadline);
  blocks_ = false;
  if (stopped_) co_return false;
  if (!replies) {
    fail(replies.error().message);
    co_return false;
  }
  const RedisReply& reply = replies->front();
  if (reply.is_error()) {
    // UNBLOCKED, where a server says it that way, is what was asked for.
    if (reply.text.starts_with("UNBLOCKED")) co_return true;
    client_->note_redirect(reply, connection_->endpoint());
    fail(reply.text);
    co_return false;
  }
  take_streams(reply);
  co_return true;
}

/// A refusal over a moved slot ends the connection: it is made again to the server that has it.
void RedisStreamReader::fail(const std::string& why) {
  if (!std::exchange(failing_, true)) spdlog::debug("streams cannot be read: {}", why);
  trouble_ = why;
  if (why.starts_with("MOVED")) connection_->close();
}

void RedisStreamReader::take_streams(const RedisReply& reply) {
  for (const RedisReply& stream : reply.items) {
    if (stream.items.size() < 2) continue;
    const auto partition = partition_of_stream(stream.items[0].text);
    if (!partition || !streams_.contains(*partition)) continue;
    for (const RedisReply& entry : stream.items[1].items) {
      take_entry(*partition, entry);
      if (stopped_) return;
    }
  }
}

void RedisStreamReader::take_entry(int partition, const RedisReply& entry) {
  if (entry.items.size() < 2) return;
  const auto id = parse_stream_id(entry.items[0].text);
  if (!id) return;
  Stream& stream = streams_[partition];
  stream.position = *id;
  stream.check_wait = kSilenceChecked;
  stream.check_at = steady_clock::now() + stream.check_wait;
  // It may have been let go while it was read.
  if (!wanted_.test(static_cast<std::size_t>(partition))) return;
  const std::vector<RedisReply>& fields = entry.items[1].items;
  const bool ours = fields.size() >= 2 && fields[0].text == kStreamField;
  sink_(decode_entry(partition, ours ? std::string_view(fields[1].text) : std::string_view()));
}

/// A read that was sent may not be blocking yet: then the server says 0, and is asked again.
asio::awaitable<void> RedisStreamReader::unblock(std::shared_ptr<RedisStreamReader> self, std::uint64_t read) {
  asio::steady_timer timer(self->context_);
  while (self->blocks_ && self->reads_ == read && !self->stopped_ && self->connection_->client_id() != 0) {
    const std::string id = std::to_string(self->connection_->client_id());
    RedisBatch batch;
    batch.add({"CLIENT", "UNBLOCK", id});
    const RedisEndpoint server = self->connection_->endpoint();
    const Result<RedisReplies> reply =
        co_await self->client_->run_at(server, std::move(batch), steady_clock::now() + kReadBlock);
    // Where it cannot be done the read ends by itself, soon enough.
    if (!reply || reply->front().is_error() || reply->front().integer == 1) co_return;
    timer.expires_after(kUnblockRetry);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer.async_wait(token);
  }
}

asio::awaitable<void> RedisStreamReader::pause(std::chrono::milliseconds time) {
  boost::system::error_code ignored;
  timer_.expires_after(time);
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer_.async_wait(token);
}

}  // namespace eventrelay
