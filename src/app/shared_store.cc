#include "app/shared_store.h"

#include "queue/redis_tls.h"
#include "queue/redis_url.h"

namespace eventrelay {

namespace {
constexpr auto kRedisLookEvery = std::chrono::milliseconds(200);
}  // namespace

Result<std::unique_ptr<SharedStore>> SharedStore::open(const Config& config, boost::asio::io_context& first_loop,
                                                       HandOver& local, Metrics& metrics,
                                                       std::function<void(milliseconds)> on_clock_offset) {
  std::unique_ptr<SharedStore> shared(new SharedStore());
  shared->hand_over_ =
      std::make_unique<StreamHandOver>(local, shared->ledger_, [self = shared.get()] { return self->owned(); });
  shared->metrics_ = &metrics;
  PostgresOptions options;
  options.url = config.database_url;
  options.migrate = config.migrate;
  options.retention_days = config.retention_days;
  options.name = config.listen_host + ":" + std::to_string(config.listen_port);
  options.on_clock_offset = std::move(on_clock_offset);
  auto store = PostgresStore::open(options, *shared->hand_over_, metrics);
  if (!store) return store.error();
  shared->store_ = std::move(*store);
  if (!config.redis_url.empty()) {
    RedisConnectOptions redis;
    auto url = parse_redis_url(config.redis_url);
    if (!url) return url.error();
    redis.url = std::move(*url);
    redis.name = "eventrelay";
    redis.installation = shared->store_->installation();
    if (redis.url.tls) {
      auto tls = make_redis_tls();
      if (!tls) return tls.error();
      redis.tls = std::move(*tls);
    }
    shared->has_redis_ = true;
    shared->redis_ = std::make_shared<RedisClient>(first_loop, std::move(redis));
    shared->appender_ = std::make_unique<RedisAppender>(first_loop, shared->redis_);
    shared->hand_over_->set_streams(*shared->appender_);
    if (config.role != ProcessRole::kApi) shared->feed_ = std::make_unique<RedisFeed>(first_loop, shared->redis_);
  }
  return shared;
}

SharedStore::~SharedStore() = default;

void SharedStore::set_owned(const PartitionSet& owned) {
  const std::lock_guard lock(mutex_);
  owned_ = owned;
}

PartitionSet SharedStore::owned() const {
  const std::lock_guard lock(mutex_);
  return owned_;
}

void SharedStore::make_worker(std::vector<LoopEngine> engines, Metrics& metrics) {
  EventLoop& loop = *engines.front().loop;
  const auto claim = [this](std::uint64_t commit, const PartitionSet& partitions) {
    return ledger_.claim(commit, partitions);
  };
  follower_ = std::make_unique<Follower>(loop, *store_, feed_.get(), engines, engines.front().engine->catalog(), claim);
  MembershipHooks hooks;
  hooks.follow = [this](const PartitionSet& partitions, std::function<void()> then) {
    follower_->follow(partitions, std::move(then));
  };
  hooks.changed = [this](const PartitionSet& owned) { set_owned(owned); };
  membership_ = std::make_unique<Membership>(loop, *store_, std::move(engines), std::move(hooks), metrics);
}

void SharedStore::start(EventLoop& first_loop) {
  if (redis_) {
    redis_look_ = first_loop.make_alarm([this, &first_loop] {
      look_at_redis();
      redis_look_->set(first_loop.now() + kRedisLookEvery);
    });
    redis_look_->set(first_loop.now());
  }
  if (!membership_) return;
  follower_->start();
  membership_->start();
}

void SharedStore::look_at_redis() {
  appender_->look();
  const std::uint64_t dropped = appender_->dropped();
  metrics_->entries_dropped.Increment(static_cast<double>(dropped - std::exchange(dropped_, dropped)));
  std::string trouble = redis_trouble();
  const std::lock_guard lock(mutex_);
  redis_trouble_ = std::move(trouble);
}

/// Empty: none. On the first loop.
std::string SharedStore::redis_trouble() const {
  if (!redis_->is_up()) return "not reachable: deliveries are found by polling";
  if (!redis_->refusal().empty()) return "refuses writes: " + redis_->refusal();
  const std::string trouble = feed_ ? feed_->trouble() : std::string();
  return trouble.empty() ? trouble : "streams cannot be read: " + trouble;
}

void SharedStore::drain(Completion<> done) {
  if (membership_) return membership_->drain(std::move(done));
  std::move(done)();
}

boost::asio::awaitable<void> SharedStore::stop() {
  // They need the loop: where it ends before them, they end with it and this frame.
  const auto feed = std::move(feed_);
  const auto appender = std::move(appender_);
  const auto redis = std::move(redis_);
  std::vector<boost::asio::awaitable<void>> ends;
  if (feed) ends.push_back(feed->stop());
  if (follower_) follower_->stop();
  membership_.reset();
  follower_.reset();
  redis_look_.reset();
  if (appender) appender->stop();
  if (redis) ends.push_back(redis->stop());
  // All are closed before the first is waited for: the feed may wait for an answer on the client's connection.
  for (auto& end : ends) co_await std::move(end);
}

std::vector<std::pair<std::string, std::string>> SharedStore::helpers() const {
  if (!has_redis_) return {};
  const std::lock_guard lock(mutex_);
  return {{"redis", redis_trouble_}};
}

}  // namespace eventrelay
