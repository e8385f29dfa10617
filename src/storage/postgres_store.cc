#include "storage/postgres_store.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <thread>

#include "base/limits.h"
#include "base/log.h"
#include "storage/postgres_change_lane.h"
#include "storage/postgres_finish.h"
#include "storage/postgres_ingest.h"
#include "storage/postgres_leases.h"
#include "storage/postgres_queries.h"
#include "storage/postgres_schema.h"

namespace eventrelay {

namespace asio = boost::asio;
namespace q = postgres_queries;

namespace {

constexpr std::size_t kEngineConnections = 2;
constexpr std::size_t kPeopleConnections = 2;
constexpr auto kConnectTimeout = std::chrono::milliseconds(3'000);
constexpr auto kStartTimeout = std::chrono::seconds(15);
/// A renewal that takes longer has failed; the lease has room for more than one.
constexpr auto kLeaseCallTimeout = std::chrono::milliseconds(1'500);
constexpr auto kTick = std::chrono::milliseconds(50);
/// Between two looks at the versions of the organizations: what changed elsewhere is in force here within a second.
constexpr auto kLookEvery = std::chrono::milliseconds(400);
constexpr auto kReportEvery = std::chrono::seconds(5);
constexpr milliseconds kClockWarning{1'000};

constexpr const char* kReadSetup = "SELECT set_config('jit', 'off', false)";
/// A stopped worker may hold its row: the wait for it ends before the call's deadline, so that its connections are
/// ended.
constexpr const char* kLeaseSetup =
    "SELECT set_config('jit', 'off', false), set_config('lock_timeout', '400ms', false)";

/// A writer's number: its process's times four, and which of its connections (see keep_house).
enum class Writer : std::int64_t { kIngest = 0, kKeyed = 1, kFinish = 2, kChange = 3 };

std::size_t bytes_of(const IngestIntent& intent) {
  std::size_t bytes = 256;
  for (const NewEvent& event : intent.events)
    bytes += event.payload.size() + event.metadata.size() + 64 * event.targets.size() + 256;
  return bytes;
}

}  // namespace

class PostgresStore::Impl {
 public:
  Impl(PostgresOptions options, HandOver& hand_over, Metrics& metrics)
      : options_(std::move(options)), hand_over_(hand_over), metrics_(metrics) {}
  ~Impl() { stop(); }

  Result<void> start();
  void stop();

  /// Runs a read with a connection of the pool; it completes on the loop.
  template <class T, class Make>
  void ask(PgPool& pool, EventLoop& loop, std::chrono::milliseconds timeout, Make make, Completion<Result<T>> done) {
    asio::co_spawn(context_, with_connection<T>(pool, timeout, std::move(make)),
                   [&loop, done = std::move(done)](const std::exception_ptr& fault, Result<T> result) mutable {
                     if (fault) result = store_unavailable();
                     loop.post([done = std::move(done), result = std::move(result)]() mutable {
                       std::move(done)(std::move(result));
                     });
                   });
  }
  template <class T, class Make>
  void ask_for_engine(EventLoop& loop, Make make, Completion<Result<T>> done) {
    ask<T>(*engine_pool_, loop, kQueryTimeout, std::move(make), std::move(done));
  }
  template <class T, class Make>
  Awaitable<Result<T>> ask_for_people(EventLoop& loop, Make make) {
    auto result = completion_of<Result<T>>([this, &loop, make = std::move(make)](auto done) mutable {
      ask<T>(*people_pool_, loop, kQueryTimeout, std::move(make), Completion<Result<T>>(std::move(done)));
    });
    co_return co_await std::move(result);
  }
  template <class T, class Make>
  void ask_lease(EventLoop& loop, Make make, Completion<Result<T>> done) {
    ask<T>(*lease_pool_, loop, kLeaseCallTimeout, std::move(make), std::move(done));
  }

  WorkerToken token() const {
    const std::lock_guard lock(token_mutex_);
    return token_;
  }
  void set_token(WorkerToken token) {
    const std::lock_guard lock(token_mutex_);
    token_ = token;
  }

  /// Runs a coroutine on the store's loop and waits for it. Before anything else does.
  template <class T>
  Result<T> run_blocking(Awaitable<Result<T>> task);

  PgCatalog& catalog() { return *catalog_; }
  asio::io_context& context() { return context_; }

  const PostgresOptions options_;
  HandOver& hand_over_;
  Metrics& metrics_;
  std::int64_t process_ = 0;
  std::int64_t installation_ = 0;
  // The connections are destroyed before their context.
  asio::io_context context_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_ = asio::make_work_guard(context_);
  std::unique_ptr<PgIngest> ingest_;
  std::unique_ptr<PgIngest> keyed_;
  std::unique_ptr<PgFinish> finish_;
  std::unique_ptr<PgChangeLane> changes_;
  std::atomic<std::int64_t> clock_offset_ms_{0};
  std::atomic<bool> has_listeners_{false};  ///< the catalog was taken: what changes later is published

  Awaitable<Result<Catalog>> read_catalog();

 private:
  template <class T, class Make>
  static Awaitable<Result<T>> with_connection(PgPool& pool, std::chrono::milliseconds timeout, Make make) {
    const auto deadline = PgConnection::Deadline::clock::now() + timeout;
    auto taking = pool.take(deadline);
    auto loan = co_await std::move(taking);
    if (!loan) co_return loan.error();
    auto reading = make(loan->db(), deadline);
    co_return co_await std::move(reading);
  }
  PgConnectOptions connect_options() const;
  Awaitable<Result<std::int64_t>> register_process();
  void make_parts();
  Awaitable<void> tick();
  Awaitable<void> report();
  /// Something ended: when all lanes have, the store's loop may end.
  void lane_ended();
  void end();

  std::unique_ptr<PgPool> engine_pool_, people_pool_, lease_pool_;
  std::unique_ptr<PgCatalog> catalog_;
  PgNames names_;
  std::thread thread_;
  mutable std::mutex token_mutex_;
  WorkerToken token_;
  std::atomic<bool> stopping_{false};
  int lanes_running_ = 0;
  std::unique_ptr<asio::steady_timer> ticker_;
  bool looking_ = false;
};

PgConnectOptions PostgresStore::Impl::connect_options() const {
  PgConnectOptions connect;
  connect.url = options_.url;
  connect.application = "eventrelay " + std::to_string(process_);
  connect.connect_timeout = kConnectTimeout;
  connect.round_trips = &metrics_.round_trips;
  return connect;
}

Awaitable<Result<std::int64_t>> PostgresStore::Impl::register_process() {
  auto connecting = PgConnection::connect(context_, connect_options());
  auto db = co_await std::move(connecting);
  if (!db) co_return db.error();
  PgParams params;
  params.add_text(options_.name).add_text(EVENTRELAY_VERSION);
  auto asking = (*db)->query(
      "INSERT INTO processes (name, version, is_worker) VALUES ($1, $2, false)"
      " RETURNING id, (SELECT i.id FROM installation i)",
      std::move(params), std::chrono::steady_clock::now() + kStartTimeout);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return rows.error().error;
  installation_ = rows->integer(0, 1);
  co_return rows->integer(0, 0);
}

Awaitable<Result<Catalog>> PostgresStore::Impl::read_catalog() {
  return with_connection<Catalog>(*engine_pool_, kStartTimeout, [](PgConnection& db, PgConnection::Deadline deadline) {
    return q::load_catalog(PgRead{db, deadline});
  });
}

void PostgresStore::Impl::make_parts() {
  const PgConnectOptions connect = connect_options();
  PgConnectOptions reads = connect;
  reads.statement_timeout = 2 * std::chrono::milliseconds(kQueryTimeout);  // what nobody waits for any more ends
  engine_pool_ = std::make_unique<PgPool>(context_, reads, kEngineConnections, kReadSetup);
  people_pool_ = std::make_unique<PgPool>(context_, reads, kPeopleConnections);
  lease_pool_ = std::make_unique<PgPool>(context_, reads, 1, kLeaseSetup);
  catalog_ = std::make_unique<PgCatalog>(*engine_pool_, hand_over_);
  const auto writer = [this](Writer which) { return process_ * 4 + static_cast<std::int64_t>(which); };
  const auto ingest = [&](Writer which) {
    return std::make_unique<PgIngest>(context_, connect, PgIngest::Options{writer(which), options_.clock}, *catalog_,
                                      names_, hand_over_, metrics_);
  };
  ingest_ = ingest(Writer::kIngest);
  keyed_ = ingest(Writer::kKeyed);
  PgChangeLane::Options lane;
  lane.writer = writer(Writer::kChange);
  lane.clock = options_.clock;
  lane.retention_days = options_.retention_days;
  changes_ = std::make_unique<PgChangeLane>(context_, connect, std::move(lane), *catalog_, hand_over_, metrics_);
  PgFinish::Hooks hooks;
  hooks.health = [this](PgFinishItem item, const Result<FinishResult>& result) {
    PgChangeItem change;
    change.loop = item.loop;
    change.health = item.attempt.intent;
    change.finished.swap(item.done);
    change.finish_result = *result;
    changes_->submit(std::move(change));
  };
  hooks.versions = [this](std::vector<CatalogMark> marks) {
    std::erase_if(marks, [&](const CatalogMark& mark) {
      return catalog_->webhooks().version(mark.organization) >= mark.version;
    });
    if (marks.empty() || std::exchange(looking_, true)) return;
    asio::co_spawn(context_, catalog_->catch_up(std::move(marks)),
                   [this](const std::exception_ptr&, const Result<void>&) { looking_ = false; });
  };
  finish_ = std::make_unique<PgFinish>(context_, connect, writer(Writer::kFinish), options_.clock, std::move(hooks),
                                       metrics_);
}

template <class T>
Result<T> PostgresStore::Impl::run_blocking(Awaitable<Result<T>> task) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto answer = promise->get_future();
  asio::co_spawn(context_, std::move(task), [promise](const std::exception_ptr& fault, Result<T> result) {
    promise->set_value(fault ? Result<T>(store_unavailable("The database failed")) : std::move(result));
  });
  if (answer.wait_for(kStartTimeout) != std::future_status::ready)
    return store_unavailable("PostgreSQL did not answer in time");
  return answer.get();
}

Result<void> PostgresStore::Impl::start() {
  auto schema =
      bring_postgres_schema_up(options_.url, options_.migrate, StartedImport::kRefuse, options_.retention_days);
  if (!schema) return schema.error();
  thread_ = std::thread([this] { context_.run(); });
  auto process = run_blocking(register_process());
  if (!process) return process.error();
  process_ = *process;
  std::promise<void> made;
  asio::post(context_, [&] {
    make_parts();
    made.set_value();
  });
  made.get_future().get();
  auto catalog = run_blocking(read_catalog());
  if (!catalog) return catalog.error();
  asio::post(context_, [this, catalog = std::move(*catalog)] {
    catalog_->load(catalog);
    const auto spawn = [this](Awaitable<void> lane) {
      lanes_running_ += 1;
      asio::co_spawn(context_, std::move(lane), [this](const std::exception_ptr&) { lane_ended(); });
    };
    spawn(ingest_->run());
    spawn(keyed_->run());
    spawn(finish_->run());
    spawn(changes_->run());
    ticker_ = std::make_unique<asio::steady_timer>(context_);
    asio::co_spawn(context_, tick(), [](const std::exception_ptr&) {});
  });
  return {};
}

void PostgresStore::Impl::lane_ended() {
  if (--lanes_running_ == 0) end();
}

void PostgresStore::Impl::end() {
  // What still reads fails, and with it ends the last of the work.
  for (PgPool* pool : {engine_pool_.get(), people_pool_.get(), lease_pool_.get()})
    if (pool) pool->close();
  if (ticker_) ticker_->cancel();
  work_.reset();
}

Awaitable<void> PostgresStore::Impl::tick() {
  auto next_look = std::chrono::steady_clock::now();
  auto next_report = next_look;
  while (!stopping_ || lanes_running_ > 0) {
    ticker_->expires_after(kTick);
    boost::system::error_code cancelled;
    co_await ticker_->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    ingest_->answer_overdue();
    keyed_->answer_overdue();
    const auto now = std::chrono::steady_clock::now();
    if (stopping_) continue;
    if (has_listeners_ && now >= next_look && !std::exchange(looking_, true)) {
      next_look = now + kLookEvery;
      asio::co_spawn(context_, catalog_->catch_up({}),
                     [this](const std::exception_ptr&, const Result<void>&) { looking_ = false; });
    }
    if (now >= next_report) {
      next_report = now + kReportEvery;
      asio::co_spawn(context_, report(), [](const std::exception_ptr&) {});
    }
  }
}

/// Says that the process lives; measures the clocks; shows what is pending.
Awaitable<void> PostgresStore::Impl::report() {
  const auto deadline = std::chrono::steady_clock::now() + kQueryTimeout;
  auto taking = engine_pool_->take(deadline);
  auto loan = co_await std::move(taking);
  if (!loan) co_return;
  PgParams params;
  params.add(process_);
  const auto asked = std::chrono::system_clock::now();
  auto asking = loan->db().query(
      "WITH alive AS (UPDATE processes SET seen_at = clock_timestamp() WHERE id = $1)"
      " SELECT now_ms(), (SELECT coalesce(sum(pending), 0)::bigint FROM gauges)",
      std::move(params), deadline);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return;
  const auto answered = std::chrono::system_clock::now();
  const auto middle = std::chrono::time_point_cast<milliseconds>(asked + (answered - asked) / 2);
  const milliseconds offset = from_unix_ms(rows->integer(0, 0)) - middle;
  const milliseconds before(clock_offset_ms_.exchange(offset.count()));
  if (options_.on_clock_offset) options_.on_clock_offset(offset);
  if (std::chrono::abs(offset) > kClockWarning && std::chrono::abs(before) <= kClockWarning)
    spdlog::warn("this machine's clock differs from the database's by {} ms", offset.count());
  metrics_.deliveries_pending.Set(static_cast<double>(rows->integer(0, 1)));
}

void PostgresStore::Impl::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  if (ingest_) {
    for (PgIngest* lane : {ingest_.get(), keyed_.get()}) lane->close();
    finish_->close();
    changes_->close();
  }
  asio::post(context_, [this] {
    if (lanes_running_ == 0) end();
  });
  thread_.join();
}

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(const PostgresOptions& options, HandOver& hand_over,
                                                           Metrics& metrics) {
  auto impl = std::make_unique<Impl>(options, hand_over, metrics);
  if (auto started = impl->start(); !started) return started.error();
  return std::unique_ptr<PostgresStore>(new PostgresStore(std::move(impl)));
}

Result<int> migrate_postgres(const std::string& url) {
  return bring_postgres_schema_up(url, true);
}

PostgresStore::PostgresStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PostgresStore::~PostgresStore() = default;
void PostgresStore::stop() {
  impl_->stop();
}
std::int64_t PostgresStore::installation() const {
  return impl_->installation_;
}
milliseconds PostgresStore::clock_offset() const {
  return milliseconds(impl_->clock_offset_ms_.load());
}

// ---- Writes ------------------------------------------------------------------------------------------------------

void PostgresStore::ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) {
  PgIngest& lane = intent.key ? *impl_->keyed_ : *impl_->ingest_;
  PgIngestItem item;
  item.loop = &loop;
  item.bytes = bytes_of(intent);
  item.intent = std::move(intent);
  item.done.swap(done);  // Boost 1.81's move assignment never returns
  item.answer_by = std::chrono::steady_clock::now() + kAnswerWithin;
  lane.submit(std::move(item));
}

void PostgresStore::finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) {
  EncodedAttempt attempt(std::move(intent));
  const std::size_t bytes = 512 + attempt.intent->outcome.response_body.size() + attempt.request_headers.size() +
                            attempt.response_headers.size();
  impl_->finish_->submit(PgFinishItem{&loop, std::move(attempt), impl_->token(), std::move(done), bytes});
}

void PostgresStore::change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) {
  PgChangeItem item;
  item.loop = &loop;
  item.change = std::move(intent);
  item.done.swap(done);
  impl_->changes_->submit(std::move(item));
}

// ---- The engine's reads ------------------------------------------------------------------------------------------

void PostgresStore::read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) {
  impl_->ask_for_engine<DuePage>(
      loop,
      [query](PgConnection& db, PgConnection::Deadline by) {
        return q::read_due(PgRead{db, by}, query);
      },
      std::move(done));
}

void PostgresStore::read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                               Completion<Result<LanePage>> done) {
  impl_->ask_for_engine<LanePage>(
      loop,
      [=](PgConnection& db, PgConnection::Deadline by) {
        return q::read_lanes(PgRead{db, by}, partitions, after, limit);
      },
      std::move(done));
}

void PostgresStore::read_messages(EventLoop& loop, std::vector<EventId> events,
                                  Completion<Result<std::vector<MessagePtr>>> done) {
  impl_->ask_for_engine<std::vector<MessagePtr>>(
      loop,
      [events = std::move(events)](PgConnection& db, PgConnection::Deadline by) {
        return q::read_messages(PgRead{db, by}, events);
      },
      std::move(done));
}

void PostgresStore::read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) {
  impl_->ask_for_engine<std::vector<JobSummary>>(
      loop,
      [](PgConnection& db, PgConnection::Deadline by) {
        return q::read_open_jobs(PgRead{db, by});
      },
      std::move(done));
}

Result<Catalog> PostgresStore::load_catalog() {
  auto catalog = impl_->run_blocking(impl_->read_catalog());
  impl_->has_listeners_ = true;
  return catalog;
}

void PostgresStore::read_commits(EventLoop& loop, ReadPoint since, Completion<Result<CommitPage>> done) {
  impl_->ask_for_engine<CommitPage>(
      loop,
      [since = std::move(since)](PgConnection& db, PgConnection::Deadline by) {
        return q::read_commits(PgRead{db, by}, since);
      },
      std::move(done));
}

void PostgresStore::read_news(EventLoop& loop, std::vector<std::uint64_t> commits, PartitionSet partitions,
                              Completion<Result<CommitNews>> done) {
  impl_->ask_for_engine<CommitNews>(
      loop,
      [=, commits = std::move(commits)](PgConnection& db, PgConnection::Deadline by) {
        return q::read_news(PgRead{db, by}, commits, partitions);
      },
      std::move(done));
}

void PostgresStore::catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) {
  // Answered by a post to the loop that follows those of the changes.
  auto shared = std::make_shared<Completion<Result<void>>>(std::move(done));
  const auto answer = [&loop, shared](Result<void> result) {
    if (!*shared) return;
    loop.post(
        [done = std::move(*shared), result = std::move(result)]() mutable { std::move(done)(std::move(result)); });
  };
  asio::co_spawn(impl_->context(), impl_->catalog().catch_up(std::move(marks), [answer] { answer(Result<void>()); }),
                 [answer](const std::exception_ptr& fault, Result<void> result) {
                   if (fault) result = store_unavailable();
                   if (!result) answer(std::move(result));
                 });
}

// ---- Leases ------------------------------------------------------------------------------------------------------

namespace leases = postgres_leases;

void PostgresStore::join(EventLoop& loop, Completion<Result<WorkerToken>> done) {
  impl_->ask_lease<WorkerToken>(
      loop,
      [impl = impl_.get()](PgConnection& db, PgConnection::Deadline by) -> Awaitable<Result<WorkerToken>> {
        return leases::join({db, by}, impl->process_);
      },
      [impl = impl_.get(), done = std::move(done)](Result<WorkerToken> token) mutable {
        if (token) impl->set_token(*token);
        std::move(done)(std::move(token));
      });
}

void PostgresStore::renew(EventLoop& loop, WorkerToken token, Completion<Result<LeaseView>> done) {
  impl_->ask_lease<LeaseView>(
      loop,
      [=](PgConnection& db, PgConnection::Deadline by) {
        return leases::renew({db, by}, token);
      },
      std::move(done));
}

void PostgresStore::fence(EventLoop& loop, WorkerToken token, WorkerId worker, std::uint64_t counter,
                          Completion<Result<bool>> done) {
  impl_->ask_lease<bool>(
      loop,
      [=](PgConnection& db, PgConnection::Deadline by) {
        return leases::fence({db, by}, token, worker, counter);
      },
      std::move(done));
}

void PostgresStore::claim(EventLoop& loop, WorkerToken token, PartitionSet wanted,
                          Completion<Result<PartitionSet>> done) {
  impl_->ask_lease<PartitionSet>(
      loop,
      [=](PgConnection& db, PgConnection::Deadline by) {
        return leases::claim({db, by}, token, wanted);
      },
      std::move(done));
}

void PostgresStore::release(EventLoop& loop, WorkerToken token, PartitionSet partitions,
                            std::vector<HandedDelivery> handed, Completion<Result<void>> done) {
  impl_->ask_lease<void>(
      loop,
      [=, handed = std::move(handed)](PgConnection& db, PgConnection::Deadline by) {
        return leases::release({db, by}, token, partitions, handed);
      },
      std::move(done));
}

void PostgresStore::set_draining(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) {
  impl_->ask_lease<void>(
      loop,
      [=](PgConnection& db, PgConnection::Deadline by) {
        return leases::set_draining({db, by}, token);
      },
      std::move(done));
}

void PostgresStore::leave(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) {
  impl_->ask_lease<void>(
      loop,
      [=](PgConnection& db, PgConnection::Deadline by) {
        return leases::leave({db, by}, token);
      },
      std::move(done));
}

// ---- People's reads ----------------------------------------------------------------------------------------------

Awaitable<Result<Page<EventRow>>> PostgresStore::list_events(EventLoop& loop, OrganizationId org, EventFilter filter,
                                                             PageRequest page) {
  return impl_->ask_for_people<Page<EventRow>>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::list_events(PgRead{db, by}, org, filter, page);
  });
}

Awaitable<Result<EventDetail>> PostgresStore::get_event(EventLoop& loop, OrganizationId org, EventId id) {
  return impl_->ask_for_people<EventDetail>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::get_event(PgRead{db, by}, org, id);
  });
}

Awaitable<Result<Page<DeliveryRow>>> PostgresStore::list_deliveries(EventLoop& loop, OrganizationId org,
                                                                    DeliveryFilter filter, PageRequest page) {
  return impl_->ask_for_people<Page<DeliveryRow>>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::list_deliveries(PgRead{db, by}, org, filter, page);
  });
}

Awaitable<Result<DeliveryDetail>> PostgresStore::get_delivery(EventLoop& loop, OrganizationId org, DeliveryId id) {
  return impl_->ask_for_people<DeliveryDetail>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::get_delivery(PgRead{db, by}, org, id);
  });
}

Awaitable<Result<Page<DeliveryRow>>> PostgresStore::list_dead(EventLoop& loop, OrganizationId org,
                                                              DeliveryFilter filter, PageRequest page) {
  return impl_->ask_for_people<Page<DeliveryRow>>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::list_dead(PgRead{db, by}, org, filter, page);
  });
}

Awaitable<Result<std::int64_t>> PostgresStore::count_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter) {
  return impl_->ask_for_people<std::int64_t>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::count_dead(PgRead{db, by}, org, filter);
  });
}

Awaitable<Result<Page<WebhookPtr>>> PostgresStore::list_webhooks(EventLoop& loop, OrganizationId org,
                                                                 PageRequest page) {
  return impl_->ask_for_people<Page<WebhookPtr>>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::list_webhooks(PgRead{db, by}, org, page);
  });
}

Awaitable<Result<WebhookPtr>> PostgresStore::get_webhook(EventLoop& loop, OrganizationId org, WebhookId id) {
  return impl_->ask_for_people<WebhookPtr>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::get_webhook(PgRead{db, by}, org, id);
  });
}

Awaitable<Result<Page<JobRow>>> PostgresStore::list_jobs(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->ask_for_people<Page<JobRow>>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::list_jobs(PgRead{db, by}, org, page);
  });
}

Awaitable<Result<JobRow>> PostgresStore::get_job(EventLoop& loop, OrganizationId org, JobId id) {
  return impl_->ask_for_people<JobRow>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::get_job(PgRead{db, by}, org, id);
  });
}

Awaitable<Result<Page<ApiKey>>> PostgresStore::list_api_keys(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->ask_for_people<Page<ApiKey>>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::list_api_keys(PgRead{db, by}, org, page);
  });
}

Awaitable<Result<MetricsReport>> PostgresStore::metrics(EventLoop& loop, OrganizationId org, MetricsWindow window) {
  const WallTime now =
      impl_->options_.clock
          ? impl_->options_.clock()
          : std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()) + clock_offset();
  return impl_->ask_for_people<MetricsReport>(loop, [=](PgConnection& db, PgConnection::Deadline by) {
    return q::metrics(PgRead{db, by}, org, window, now);
  });
}

}  // namespace eventrelay
