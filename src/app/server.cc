#include "app/server.h"

#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>
#include <vector>

#include "api/activity_store.h"
#include "api/api.h"
#include "api/sign_in.h"
#include "app/first_access.h"
#include "app/listeners.h"
#include "app/shared_store.h"
#include "base/log.h"
#include "engine/engine.h"
#include "net/asio_event_loop.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/receiver_transport.h"
#include "queue/in_process.h"
#include "storage/memory_receiver.h"
#include "storage/sqlite_store.h"

namespace eventrelay {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// From SIGTERM: the longest attempt, and its commit. What is not over then is ended, which takes a moment: all of it
/// within the 35 seconds that are documented.
constexpr auto kDrainTime = kAttemptTimeoutMax + 4s;
/// For what only ends what it has under way.
constexpr auto kEndTime = 500ms;
/// Of the limit of file descriptors: for files and what is not counted.
constexpr std::size_t kReservedDescriptors = 128;
constexpr std::size_t kInFlightMax = 4'096;
/// Of each loop: half of its share is kept for webhooks with little under way, so there are two halves.
constexpr std::size_t kInFlightOfLoopMin = 2;
constexpr std::size_t kConnectionsMax = 10'000;

/// Raises the soft limit of file descriptors to the hard one; returns it.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1'024;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1 << 20);
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

/// What one thread runs.
struct LoopParts {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  AsioEventLoop loop{context};
  std::unique_ptr<HttpClient> client;
  std::unique_ptr<ReceiverTransport> transport;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Api> api;
  std::unique_ptr<HttpServer> server;
  std::thread thread;
};

}  // namespace

class Server::Impl {
 public:
  explicit Impl(const Config& config) : config_(config) {}
  ~Impl() { end_loops(); }

  Result<void> start();
  void stop();

  std::string address;
  std::string new_api_key;
  std::string first_link;

 private:
  Result<void> open_store();
  void stop_store();
  std::size_t loop_count() const;
  void make_loops(std::size_t descriptors);
  Result<std::vector<tcp::acceptor>> open_listeners();
  void serve(std::vector<tcp::acceptor> acceptors);
  void make_api(LoopParts& parts, tcp::acceptor acceptor);
  /// Runs the task on the loop's thread and waits for it.
  template <class Task>
  void on_loop(LoopParts& parts, Task task);
  void end_shared_store();
  void end_loops();

  const Config config_;
  const WallTime started_at_ = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  Metrics metrics_;
  InProcessHandOver hand_over_;
  HttpServerShared shared_;
  SignIn sign_in_;
  Site site_;
  HttpServerLimits http_limits_;
  Activity activity_;
  // The loops are destroyed before the store: what they still wait for from it is dropped with their contexts.
  MemoryReceiver memory_receiver_;
  std::unique_ptr<SqliteStore> sqlite_;
  std::unique_ptr<SharedStore> shared_store_;
  std::unique_ptr<ActivityStore> telling_store_;
  Store* store_ = nullptr;  ///< one of both, with what tells of it
  StoreQueries* queries_ = nullptr;
  PeopleStore* people_ = nullptr;
  Receiver* receiver_ = nullptr;
  std::vector<std::unique_ptr<LoopParts>> loops_;
  bool ended_ = false;
};

std::size_t Server::Impl::loop_count() const {
  return config_.loops != 0 ? config_.loops : std::max(1U, std::thread::hardware_concurrency());
}

Result<void> Server::Impl::start() {
  const std::size_t in_flight_min = kInFlightOfLoopMin * loop_count();
  if (config_.in_flight_max != 0 && config_.in_flight_max < in_flight_min)
    return unavailable("in-flight-max must be at least " + std::to_string(in_flight_min) + ": two for each of the " +
                       std::to_string(loop_count()) + " event loops");
  if (!config_.api_key.empty() && !is_acceptable_api_key(config_.api_key))
    return unavailable(
        "EVENTRELAY_API_KEY must be 16 to 256 printable ASCII characters and must not begin or end with a space");
  const std::size_t descriptors = raise_descriptor_limit();
  for (std::size_t i = 0; i < loop_count(); ++i) loops_.push_back(std::make_unique<LoopParts>());
  if (auto opened = open_store(); !opened) return opened.error();
  make_loops(descriptors);
  // Before the first key is made: it is shown once, by a start that succeeds.
  auto acceptors = open_listeners();
  if (!acceptors) return acceptors.error();
  auto catalog = store_->load_catalog();
  if (!catalog) return catalog.error();
  // All know the catalog before the first of them runs, and may be told of changes to it.
  for (auto& parts : loops_) parts->engine->start(*catalog);
  for (auto& parts : loops_) parts->thread = std::thread([&context = parts->context] { context.run(); });
  FirstAccess access{loops_.front()->loop, *store_, *people_, shared_store_ ? &shared_store_->store() : nullptr,
                     config_};
  auto key = access.make_api_key(*catalog);
  if (!key) return key.error();
  new_api_key = std::move(*key);
  auto link = access.make_link(site_);
  if (!link) return link.error();
  first_link = std::move(*link);
  on_loop(*loops_.front(), [&] {
    activity_.start(loops_.front()->loop, shared_store_ ? &shared_store_->store() : nullptr);
    if (shared_store_) shared_store_->start(loops_.front()->loop);
  });
  serve(std::move(*acceptors));
  return {};
}

Result<void> Server::Impl::open_store() {
  if (!config_.database_url.empty()) {
    auto shared =
        SharedStore::open(config_, loops_.front()->context, hand_over_, metrics_, [this](milliseconds offset) {
          for (auto& parts : loops_) parts->loop.set_wall_offset(offset);
        });
    if (!shared) return shared.error();
    shared_store_ = std::move(*shared);
    telling_store_ = std::make_unique<ActivityStore>(shared_store_->store(), activity_);
    store_ = telling_store_.get();
    queries_ = &shared_store_->store();
    people_ = &shared_store_->store();
    receiver_ = &shared_store_->store();
    return {};
  }
  SqliteOptions options;
  options.data_dir = config_.data_dir;
  options.migrate = config_.migrate;
  options.retention_days = config_.retention_days;
  auto store = SqliteStore::open(options, hand_over_, metrics_);
  if (!store) return store.error();
  sqlite_ = std::move(*store);
  telling_store_ = std::make_unique<ActivityStore>(*sqlite_, activity_);
  store_ = telling_store_.get();
  queries_ = sqlite_.get();
  people_ = sqlite_.get();
  receiver_ = &memory_receiver_;
  return {};
}

void Server::Impl::stop_store() {
  if (sqlite_) sqlite_->stop();
  if (shared_store_) shared_store_->store().stop();
}

void Server::Impl::make_loops(std::size_t descriptors) {
  const std::size_t count = loop_count();
  const std::size_t usable = descriptors > 2 * kReservedDescriptors ? descriptors - kReservedDescriptors : 128;
  const std::size_t in_flight = config_.in_flight_max != 0 ? config_.in_flight_max : std::min(kInFlightMax, usable / 4);
  http_limits_.connections = std::min(kConnectionsMax, usable / 2);
  HttpClientLimits client_limits;
  client_limits.idle_total = std::min(client_limits.idle_total, usable / 4 / count);
  const auto tls = make_client_tls();
  EgressRules rules{config_.allow_private_targets, config_.allow_targets};
  std::vector<InProcessHandOver::Ear> ears;
  std::vector<LoopEngine> engines;
  for (std::size_t i = 0; i < count; ++i) {
    auto& parts = loops_[i];
    EngineOptions options;
    options.dispatcher.loop_index = static_cast<int>(i);
    options.dispatcher.loop_count = static_cast<int>(count);
    options.dispatcher.in_flight_max = std::max(kInFlightOfLoopMin, in_flight / count);
    options.dispatcher.window.entries_max = kWindowEntriesMax / count;
    options.dispatcher.window.payload_bytes_max = kWindowPayloadBytesMax / count;
    options.dispatcher.window.lane_entries_max = kLaneEntriesMax / count;
    options.dispatcher.window.lane_payload_bytes_max = kLanePayloadBytesMax / count;
    options.runs_jobs = i == 0;
    options.shared_store = shared_store_ != nullptr;
    parts->client = std::make_unique<HttpClient>(parts->context, tls, rules, client_limits);
    parts->transport = std::make_unique<ReceiverTransport>(parts->loop, *receiver_, *parts->client);
    parts->engine = std::make_unique<Engine>(options, parts->loop, *store_, *parts->transport, metrics_);
    ears.push_back({&parts->loop, parts->engine.get()});
    engines.push_back({&parts->loop, parts->engine.get()});
  }
  hand_over_.set_ears(std::move(ears));
  if (shared_store_ && config_.role != ProcessRole::kApi) shared_store_->make_worker(std::move(engines), metrics_);
}

/// Who connects waits until serve().
Result<std::vector<tcp::acceptor>> Server::Impl::open_listeners() {
  std::vector<asio::io_context*> loops;
  for (auto& parts : loops_) loops.push_back(&parts->context);
  auto acceptors = listen(loops, tcp::endpoint(asio::ip::make_address(config_.listen_host), config_.listen_port));
  if (!acceptors) return acceptors;
  const auto endpoint = acceptors->front().local_endpoint();
  address = to_text(endpoint);
  site_.is_public = !config_.public_url.empty();
  site_.url = site_.is_public ? config_.public_url : "http://" + address;
  site_.is_loopback = endpoint.address().is_loopback();
  site_.trusted_proxies = config_.trusted_proxies;
  return acceptors;
}

void Server::Impl::serve(std::vector<tcp::acceptor> acceptors) {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    on_loop(*loops_[i], [&] { make_api(*loops_[i], std::move(acceptors[i])); });
  }
}

void Server::Impl::make_api(LoopParts& parts, tcp::acceptor acceptor) {
  ApiOptions options;
  options.event_bytes_max = config_.event_bytes_max;
  options.rules = EgressRules{config_.allow_private_targets, config_.allow_targets};
  options.serves_api = config_.role != ProcessRole::kWorker;
  options.address = address;
  options.site = site_;
  options.retention_days = config_.retention_days;
  options.started_at = started_at_;
  if (shared_store_) {
    options.store_name = "postgresql";
    options.helpers = [this] { return shared_store_->helpers(); };
  }
  const ApiPorts ports{.loop = parts.loop,
                       .store = *store_,
                       .queries = *queries_,
                       .people = *people_,
                       .receiver = *receiver_,
                       .intake = parts.engine->intake(),
                       .catalog = parts.engine->catalog(),
                       .metrics = metrics_,
                       .sign_in = sign_in_,
                       .activity = activity_};
  parts.api = std::make_unique<Api>(ports, std::move(options));
  Api* api = parts.api.get();
  parts.server = std::make_unique<HttpServer>(
      parts.context, std::move(acceptor), http_limits_, shared_, metrics_,
      BodyRules{[api](std::string_view method, std::string_view target) { return api->body_limit(method, target); },
                [api](const HttpRequest& request) { return api->refusal(request); }},
      [api](HttpRequest request) { return api->handle(std::move(request)); });
  parts.server->start();
}

template <class Task>
void Server::Impl::on_loop(LoopParts& parts, Task task) {
  std::promise<void> done;
  auto finished = done.get_future();
  asio::post(parts.context, [&] {
    try {
      task();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  finished.get();
}

void Server::Impl::stop() {
  // Shared with the loops: one that comes late finds its own share of the state.
  struct Countdown {
    std::promise<void> done;
    std::atomic<std::size_t> left;
  };
  const auto run_all = [&](std::chrono::steady_clock::time_point deadline, auto begin) {
    auto countdown = std::make_shared<Countdown>();
    countdown->left = loops_.size();
    auto finished = countdown->done.get_future();
    for (auto& parts : loops_) {
      asio::post(parts->context, [&parts, begin, countdown] {
        begin(*parts, [countdown] {
          if (countdown->left.fetch_sub(1) == 1) countdown->done.set_value();
        });
      });
    }
    finished.wait_until(deadline);
  };
  const auto deadline = std::chrono::steady_clock::now() + kDrainTime;
  if (shared_store_) shared_store_->store().end_by(deadline);
  // Requests that are being answered end; attempts under way end; what has not begun stays pending in the store. Of
  // several processes' partitions each goes to another process at once, with what is under way in it.
  const bool is_worker = shared_store_ && config_.role != ProcessRole::kApi;
  run_all(deadline, [this, is_worker](LoopParts& parts, auto done) {
    const auto arrive = [done, left = std::make_shared<int>(2)] {
      if (--*left == 0) done();
    };
    asio::co_spawn(parts.context, parts.server->stop(kDrainTime), [arrive](const std::exception_ptr&) { arrive(); });
    if (!is_worker) {
      parts.engine->drain(arrive);
    } else if (&parts == loops_.front().get()) {
      shared_store_->drain(arrive);
    } else {
      arrive();
    }
  });
  run_all(std::chrono::steady_clock::now() + kEndTime, [this](LoopParts& parts, auto done) {
    const auto arrive = [done, left = std::make_shared<int>(2)] {
      if (--*left == 0) done();
    };
    asio::co_spawn(parts.context, parts.client->stop(), [arrive](const std::exception_ptr&) { arrive(); });
    if (&parts == loops_.front().get()) {
      activity_.flush(arrive);
    } else {
      arrive();
    }
  });
  end_loops();
}

/// Waits until nothing of it runs on the first loop, which is started where the start had not come so far.
void Server::Impl::end_shared_store() {
  LoopParts& parts = *loops_.front();
  if (!parts.thread.joinable()) parts.thread = std::thread([&parts] { parts.context.run(); });
  auto stopped = asio::co_spawn(parts.context, shared_store_->stop(), asio::use_future);
  if (stopped.wait_for(kEndTime) == std::future_status::ready) return stopped.get();
  spdlog::error("the work for Redis did not end in time: it is dropped");
}

void Server::Impl::end_loops() {
  if (std::exchange(ended_, true)) return;
  sign_in_.hasher.stop();
  stop_store();
  if (shared_store_) end_shared_store();
  for (auto& parts : loops_) {
    parts->work.reset();
    parts->context.stop();
  }
  for (auto& parts : loops_)
    if (parts->thread.joinable()) parts->thread.join();
  activity_.stop();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
const std::string& Server::address() const {
  return impl_->address;
}
const std::string& Server::new_api_key() const {
  return impl_->new_api_key;
}
const std::string& Server::first_link() const {
  return impl_->first_link;
}
void Server::stop() {
  impl_->stop();
}

Result<std::unique_ptr<Server>> Server::start(const Config& config) {
  auto impl = std::make_unique<Impl>(config);
  if (auto started = impl->start(); !started) return started.error();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace eventrelay
