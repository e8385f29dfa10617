#include "queue/redis_client.h"

#include <map>

#include "queue/redis_streams.h"
#include "queue/redis_topology.h"

namespace eventrelay {

namespace asio = boost::asio;

namespace {

constexpr int kRedirectsMax = 5;

Error unreachable() {
  return unavailable("Redis cannot be reached");
}

/// One call of run(): commands, where each goes next, and what came back.
struct Call {
  std::vector<RedisCommand> commands;
  RedisClient::Deadline deadline;
  RedisClient::Replies replies;
  struct Step {
    std::size_t command = 0;
    std::shared_ptr<RedisNode> node;
    bool asking = false;
  };
  std::vector<Step> steps;
};

/// Sends the steps, a batch a server, and waits for all answers.
asio::awaitable<void> run_round(std::shared_ptr<Call> call) {
  std::map<RedisConnection*, std::vector<Call::Step>> groups;
  for (Call::Step& step : call->steps) {
    if (step.node && step.node->connection()) groups[step.node->connection()].push_back(step);
  }
  if (groups.empty()) co_return;
  auto left = std::make_shared<std::size_t>(groups.size());
  auto start = [&](auto handler) {
    auto done = std::make_shared<Completion<bool>>(std::move(handler));
    for (auto& [connection, group] : groups) {
      const std::vector<Call::Step>& steps = group;
      RedisBatch batch;
      for (const Call::Step& step : steps) {
        if (step.asking) batch.add({"ASKING"});
        batch.bytes.append(call->commands[step.command].batch.bytes);
        ++batch.commands;
      }
      connection->run(std::move(batch), call->deadline, [call, steps, left, done](Result<RedisReplies> answer) {
        std::size_t at = 0;
        for (const Call::Step& step : steps) {
          if (!answer) {
            call->replies[step.command] = answer.error();
            continue;
          }
          if (step.asking) ++at;
          call->replies[step.command] = std::move((*answer)[at++]);
        }
        if (--*left == 0) std::move (*done)(true);
      });
    }
  };
  co_await completion_of<bool>(std::move(start));
}

/// The steps that redirections ask for; their servers are connected.
asio::awaitable<void> follow_redirects(std::shared_ptr<Call> call, std::shared_ptr<RedisTopology> topology) {
  std::vector<Call::Step> next;
  for (const Call::Step& step : call->steps) {
    const Result<RedisReply>& reply = call->replies[step.command];
    if (!reply || !step.node) continue;
    const auto redirect = parse_redirect(*reply, step.node->endpoint());
    if (!redirect) continue;
    topology->note_redirect(*redirect);
    next.push_back({step.command, topology->node_at(redirect->to), redirect->ask});
  }
  for (const Call::Step& step : next) co_await RedisNode::wait(step.node, call->deadline);
  call->steps = std::move(next);
}

asio::awaitable<void> run_call(std::shared_ptr<Call> call, std::shared_ptr<RedisTopology> topology,
                               Completion<RedisClient::Replies> done) {
  for (int round = 0; round <= kRedirectsMax && !call->steps.empty(); ++round) {
    co_await run_round(call);
    if (topology->is_cluster()) {
      co_await follow_redirects(call, topology);
    } else {
      call->steps.clear();
    }
  }
  std::move(done)(std::move(call->replies));
}

}  // namespace

RedisCommand make_redis_command(std::initializer_list<std::string_view> words) {
  RedisCommand command;
  command.slot = redis_slot(words.begin()[1]);
  command.batch.add(words);
  return command;
}

class RedisClient::Impl {
 public:
  Impl(asio::io_context& loop, RedisConnectOptions options)
      : context(loop),
        installation(options.installation),
        topology(std::make_shared<RedisTopology>(loop, std::move(options))) {
    topology->start();
  }
  asio::io_context& context;
  const std::int64_t installation;
  std::shared_ptr<RedisTopology> topology;
  std::string refusal;
  std::uint64_t servers_left = 0;
};

RedisClient::RedisClient(asio::io_context& context, RedisConnectOptions options)
    : impl_(std::make_shared<Impl>(context, std::move(options))) {}
RedisClient::~RedisClient() {
  impl_->topology->stop();
}
asio::awaitable<void> RedisClient::stop() {
  impl_->topology->stop();
  return impl_->topology->tasks().join();
}
std::string RedisClient::stream_key(int partition) const {
  return eventrelay::stream_key(partition, impl_->installation);
}
bool RedisClient::is_up() const {
  return impl_->topology->is_up();
}
bool RedisClient::is_failing() const {
  return impl_->topology->is_failing();
}
bool RedisClient::is_cluster() const {
  return impl_->topology->is_cluster();
}

void RedisClient::run(std::vector<RedisCommand> commands, Deadline deadline, Completion<Replies> done) {
  auto call = std::make_shared<Call>();
  call->deadline = deadline;
  call->replies.assign(commands.size(), unreachable());
  for (std::size_t i = 0; i < commands.size(); ++i)
    call->steps.push_back({i, impl_->topology->node_of(commands[i].slot), false});
  call->commands = std::move(commands);
  impl_->topology->tasks().spawn(run_call(std::move(call), impl_->topology, std::move(done)));
}

const std::string& RedisClient::refusal() const {
  return impl_->refusal;
}
std::uint64_t RedisClient::servers_left() const {
  return impl_->servers_left;
}
void RedisClient::note_no_refusal() {
  impl_->refusal.clear();
}
void RedisClient::note_refusal(int slot, std::string text) {
  const bool is_replica = text.starts_with("READONLY") || text.starts_with("MASTERDOWN");
  impl_->refusal = std::move(text);
  const auto node = is_replica ? impl_->topology->node_of(slot) : nullptr;
  if (!node || !node->connection()) return;  // left already
  ++impl_->servers_left;
  node->reconnect();
}

std::unique_ptr<RedisConnection> RedisClient::make_connection(int slot) {
  const auto node = impl_->topology->node_of(slot);
  if (!node || impl_->topology->is_stopped()) return nullptr;
  return std::make_unique<RedisConnection>(impl_->context, impl_->topology->options_for(node->endpoint()));
}

asio::awaitable<Result<RedisReplies>> RedisClient::run_at(RedisEndpoint server, RedisBatch batch, Deadline deadline) {
  const std::shared_ptr<Impl> impl = impl_;
  const auto node = impl->topology->node_at(server);
  if (!node->connection()) co_return unreachable();
  Result<RedisReplies> replies = co_await node->connection()->run(std::move(batch), deadline);
  co_return replies;
}

void RedisClient::note_redirect(const RedisReply& reply, const RedisEndpoint& asked) {
  if (const auto redirect = parse_redirect(reply, asked)) impl_->topology->note_redirect(*redirect);
}

}  // namespace eventrelay
