#include "queue/redis_topology.h"

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "queue/redis_streams.h"

namespace eventrelay {

namespace asio = boost::asio;
using std::chrono::steady_clock;

void RedisTopology::start() {
  seed_ = node_at(options_.url.endpoint);
}

void RedisTopology::stop() {
  stopped_ = true;
  retry_.cancel();
  for (auto& [endpoint, entry] : nodes_) entry.node->stop();
}

namespace {

/// The slots that streams are in.
const std::array<int, kStreamTags>& stream_slots() {
  static const std::array<int, kStreamTags> slots = [] {
    std::array<int, kStreamTags> all{};
    for (int tag = 0; tag < kStreamTags; ++tag) all[static_cast<std::size_t>(tag)] = redis_slot(stream_key(tag));
    return all;
  }();
  return slots;
}

}  // namespace

bool RedisTopology::is_up() const {
  if (!known_ || stopped_) return false;
  if (!slots_) return seed_->connection() != nullptr;
  for (const int slot : stream_slots()) {
    const RedisEndpoint* master = slots_->master_of(slot);
    const auto entry = master ? nodes_.find(*master) : nodes_.end();
    if (entry == nodes_.end() || !entry->second.node->connection()) return false;
  }
  return true;
}

bool RedisTopology::is_failing() const {
  return !is_up() && std::ranges::any_of(nodes_, [](const auto& entry) { return entry.second.node->is_failing(); });
}

std::shared_ptr<RedisNode> RedisTopology::node_of(int slot) {
  if (!known_) return nullptr;
  if (!slots_) return seed_;
  const RedisEndpoint* master = slots_->master_of(slot);
  return master ? node_at(*master) : nullptr;
}

std::shared_ptr<RedisNode> RedisTopology::node_at(const RedisEndpoint& endpoint) {
  Entry& entry = nodes_[endpoint];
  entry.needed_at = steady_clock::now();
  if (!entry.node) {
    entry.node = RedisNode::start(tasks_, context_, options_for(endpoint), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->refresh();
    });
    if (stopped_) entry.node->stop();
  }
  return entry.node;
}

RedisConnectOptions RedisTopology::options_for(const RedisEndpoint& endpoint) const {
  RedisConnectOptions options = options_;
  options.url.endpoint = endpoint;
  return options;
}

void RedisTopology::note_redirect(const RedisRedirect& redirect) {
  if (redirect.ask || !slots_ || stopped_) return;
  slots_->move(redirect.slot, redirect.to);
  refresh();
}

void RedisTopology::refresh() {
  if (stopped_ || (known_ && !slots_)) return;
  ask_again_ = true;
  if (std::exchange(asks_, true)) return;
  tasks_.spawn(refresh_all(shared_from_this()));
}

asio::awaitable<void> RedisTopology::refresh_all(std::shared_ptr<RedisTopology> self) {
  while (std::exchange(self->ask_again_, false) && !self->stopped_) {
    std::vector<std::shared_ptr<RedisNode>> nodes;
    for (const auto& [endpoint, entry] : self->nodes_) nodes.push_back(entry.node);
    for (const auto& node : nodes) {
      const bool answered = co_await ask(self, node);
      if (answered) break;
    }
    // Servers that come and go call for this by themselves; a cluster that is only being set up does not.
    if (self->is_complete() || !self->seed_->connection() || self->stopped_) continue;
    boost::system::error_code ignored;
    self->retry_.expires_after(kTopologyRetry);
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await self->retry_.async_wait(token);
    self->ask_again_ = true;
  }
  self->asks_ = false;
}

bool RedisTopology::is_complete() const {
  if (!known_ || !slots_) return known_;
  return std::ranges::all_of(stream_slots(), [&](int slot) { return slots_->master_of(slot) != nullptr; });
}

asio::awaitable<bool> RedisTopology::ask(std::shared_ptr<RedisTopology> self, std::shared_ptr<RedisNode> node) {
  if (!node->connection() || self->stopped_) co_return false;
  const auto deadline = steady_clock::now() + kTopologyDeadline;
  if (!self->known_) {
    RedisBatch batch;
    batch.add({"INFO", "cluster"});
    const Result<RedisReplies> info = co_await node->connection()->run(std::move(batch), deadline);
    if (!info) co_return false;
    if (info->front().text.find("cluster_enabled:1") == std::string::npos) {
      self->known_ = true;
      co_return true;
    }
    if (!node->connection()) co_return false;
  }
  RedisBatch batch;
  batch.add({"CLUSTER", "SLOTS"});
  const Result<RedisReplies> answer = co_await node->connection()->run(std::move(batch), deadline);
  if (!answer || self->stopped_) co_return false;
  std::optional<RedisSlotMap> slots = RedisSlotMap::parse(answer->front(), node->endpoint());
  if (!slots) spdlog::warn("Redis at {} does not tell its slots: {}", to_text(node->endpoint()), answer->front().text);
  if (!slots || slots->masters().empty()) co_return false;
  self->take(std::move(*slots));
  co_return true;
}

void RedisTopology::take(RedisSlotMap slots) {
  slots_ = std::move(slots);
  known_ = true;
  for (const RedisEndpoint& master : slots_->masters()) node_at(master);
  const auto now = steady_clock::now();
  std::erase_if(nodes_, [&](const auto& entry) {
    if (entry.second.node == seed_ || now - entry.second.needed_at < kUnlistedServerKept) return false;
    entry.second.node->stop();
    return true;
  });
}

}  // namespace eventrelay
