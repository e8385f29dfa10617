#include "storage/postgres_store.h"

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <future>

#include "base/log.h"
#include "storage/postgres_schema.h"
#include "storage/postgres_store_impl.h"
#include "storage/rollup.h"

namespace eventrelay {

namespace asio = boost::asio;

namespace {

constexpr auto kConnectTimeout = std::chrono::milliseconds(3'000);
constexpr auto kStartTimeout = std::chrono::seconds(15);
constexpr auto kTick = std::chrono::milliseconds(50);
/// Between two looks at the versions of the organizations: what changed elsewhere is in force here within a second.
constexpr auto kLookEvery = std::chrono::milliseconds(400);
constexpr auto kProcessReportEvery = std::chrono::seconds(5);
/// Less than two of a process's tries are apart: each is for the one that comes first.
constexpr auto kFoldedLately = std::chrono::milliseconds(kFoldEvery) * 4 / 5;
constexpr milliseconds kClockWarning{1'000};

/// A worker says by its renewals that it lives: one that cannot renew must not seem to. $1 the process, $2 kLeasePeriod
/// in seconds.
constexpr const char* kReport =
    "WITH alive AS (UPDATE processes SET seen_at = clock_timestamp() WHERE id = $1 AND (fenced OR NOT is_worker))"
    " SELECT now_ms(), (SELECT coalesce(sum(pending), 0)::bigint FROM gauges), (SELECT count(*) FROM partitions n"
    " WHERE NOT EXISTS (SELECT FROM processes p WHERE p.id = n.owner AND p.is_worker AND NOT p.fenced"
    " AND p.seen_at > clock_timestamp() - $2 * interval '1 second'))";

/// Of BSD's sysexits: the store cannot be used.
constexpr int kExitStore = 74;

/// Without a lane what it is for would wait for ever, and a worker would keep its leases: others do better.
void end_if_fault(const std::exception_ptr& fault) {
  if (!fault) return;
  spdlog::critical("the store cannot go on: {}; ending, so that another process takes over", what_of(fault));
  spdlog::shutdown();
  std::_Exit(kExitStore);
}

/// What is done again anyway.
void log_if_fault(const char* what, const std::exception_ptr& fault) {
  if (fault) spdlog::error("{} failed: {}", what, what_of(fault));
}

/// A writer's number: its process's times four, and which of its connections (see keep_house).
enum class Writer : std::int64_t { kIngest = 0, kKeyed = 1, kFinish = 2, kChange = 3 };

}  // namespace

PgConnectOptions PostgresStore::Impl::connect_options() {
  PgConnectOptions connect;
  connect.url = options_.url;
  connect.application = "eventrelay " + std::to_string(process_);
  connect.connect_timeout = kConnectTimeout;
  connect.round_trips = &metrics_.round_trips;
  connect.heard = &pulse_.heard;
  connect.end_by = &end_by_;
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
  return reads_->run<Catalog>(kStartTimeout, [](PgRead read) { return postgres_queries::load_catalog(read); });
}

void PostgresStore::Impl::make_parts() {
  const PgConnectOptions connect = connect_options();
  reads_ = std::make_unique<PgReads>(context_, connect, pulse_);
  messages_ = std::make_unique<PgMessageReads>(context_, *reads_);
  catalog_ = std::make_unique<PgCatalog>(reads_->engine_pool(), hand_over_);
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
  finish_ =
      std::make_unique<PgFinish>(context_, connect, writer(Writer::kFinish), options_.clock, finish_hooks(), metrics_);
}

PgFinish::Hooks PostgresStore::Impl::finish_hooks() {
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
    if (!marks.empty()) look(std::move(marks));
  };
  return hooks;
}

void PostgresStore::Impl::look(std::vector<CatalogMark> marks) {
  if (std::exchange(looking_, true)) return;
  asio::co_spawn(context_, catalog_->catch_up(std::move(marks)),
                 [this](const std::exception_ptr& fault, const Result<void>&) {
                   log_if_fault("the look at the catalogs", fault);
                   looking_ = false;
                 });
}

template <class T>
Result<T> PostgresStore::Impl::run_blocking(Awaitable<Result<T>> task) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto answer = promise->get_future();
  asio::co_spawn(context_, std::move(task), [promise](const std::exception_ptr& fault, Result<T> result) {
    promise->set_value(fault ? Result<T>(unavailable("The database failed")) : std::move(result));
  });
  if (answer.wait_for(kStartTimeout) != std::future_status::ready)
    return unavailable("PostgreSQL did not answer in time");
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
      asio::co_spawn(context_, std::move(lane), [this](const std::exception_ptr& fault) {
        end_if_fault(fault);
        lane_ended();
      });
    };
    spawn(ingest_->run());
    spawn(keyed_->run());
    spawn(finish_->run());
    spawn(changes_->run());
    spawn(messages_->run());
    ticker_ = std::make_unique<asio::steady_timer>(context_);
    asio::co_spawn(context_, tick(), end_if_fault);
  });
  return {};
}

void PostgresStore::Impl::lane_ended() {
  if (--lanes_running_ == 0) end();
}

void PostgresStore::Impl::end() {
  // What still reads fails, and with it ends the last of the work.
  if (reads_) reads_->close();
  if (ticker_) ticker_->cancel();
  work_.reset();
}

Awaitable<void> PostgresStore::Impl::tick() {
  auto next_look = std::chrono::steady_clock::now();
  auto next_report = next_look;
  auto next_fold = next_look + kFoldEvery;
  while (!stopping_ || lanes_running_ > 0) {
    ticker_->expires_after(kTick);
    boost::system::error_code cancelled;
    co_await ticker_->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    ingest_->answer_overdue();
    keyed_->answer_overdue();
    changes_->answer_overdue(pulse_);
    metrics_.commit_queue.Set(
        static_cast<double>(ingest_->waiting() + keyed_->waiting() + finish_->waiting() + changes_->waiting()));
    const auto now = std::chrono::steady_clock::now();
    if (stopping_) continue;
    if (has_listeners_ && now >= next_look) {
      next_look = now + kLookEvery;
      pulse_.is_asked = true;
      look({});
    }
    if (now >= next_report) {
      next_report = now + kProcessReportEvery;
      asio::co_spawn(context_, report(), [](const std::exception_ptr& fault) { log_if_fault("the report", fault); });
    }
    if (now >= next_fold) {
      next_fold = now + kFoldEvery;
      asio::co_spawn(context_, fold_counts(),
                     [](const std::exception_ptr& fault) { log_if_fault("folding the counters", fault); });
    }
  }
}

Awaitable<void> PostgresStore::Impl::report() {
  const auto deadline = std::chrono::steady_clock::now() + kQueryTimeout;
  auto taking = reads_->engine_pool().take(deadline);
  auto loan = co_await std::move(taking);
  if (!loan) co_return;
  PgParams params;
  params.add(process_).add(kLeasePeriod.count());
  const auto asked = std::chrono::system_clock::now();
  auto asking = loan->db().query(kReport, std::move(params), deadline);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return;
  const auto answered = std::chrono::system_clock::now();
  const auto middle = std::chrono::time_point_cast<milliseconds>(asked + (answered - asked) / 2);
  const milliseconds before(clock_offset_ms_.load());
  milliseconds offset = from_unix_ms(rows->integer(0, 0)) - middle;
  // Known no better than by half of the round trip: what fits into that is no change, so that clocks that agree, and
  // those of one machine, stay as they are.
  const auto doubt = std::chrono::ceil<milliseconds>((answered - asked) / 2) + milliseconds(1);
  if (std::chrono::abs(offset - before) <= doubt) offset = before;
  clock_offset_ms_ = offset.count();
  if (options_.on_clock_offset) options_.on_clock_offset(offset);
  if (std::chrono::abs(offset) > kClockWarning && std::chrono::abs(before) <= kClockWarning)
    spdlog::warn("this machine's clock differs from the database's by {} ms", offset.count());
  metrics_.deliveries_pending.Set(static_cast<double>(rows->integer(0, 1)));
  metrics_.partitions_unowned.Set(static_cast<double>(rows->integer(0, 2)));
}

Awaitable<void> PostgresStore::Impl::fold_counts() {
  for (bool more = true; more && !stopping_;) {
    const auto deadline = std::chrono::steady_clock::now() + kQueryTimeout;
    auto taking = reads_->engine_pool().take(deadline);
    auto loan = co_await std::move(taking);
    if (!loan) co_return;
    PgParams params;
    params.add(options_.clock ? std::optional(unix_ms(options_.clock())) : std::nullopt);
    params.add(std::int64_t{kFoldedLately.count()});
    auto asking = loan->db().query("SELECT fold_counts($1, $2)", std::move(params), deadline);
    const auto folded = co_await std::move(asking);
    more = folded && folded->integer(0, 0) != 0;
  }
}

void PostgresStore::Impl::end_by(std::chrono::steady_clock::time_point deadline) {
  asio::post(context_, [this, deadline] { end_by_ = deadline; });
}

void PostgresStore::Impl::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  if (ingest_) {
    for (PgIngest* lane : {ingest_.get(), keyed_.get()}) lane->close();
    finish_->close();
    changes_->close();
    messages_->close();
  }
  asio::post(context_, [this] {
    if (lanes_running_ == 0) end();
  });
  thread_.join();
}

// ---- What the ports ask of it, on any thread ---------------------------------------------------------------------

WallTime PostgresStore::Impl::now() const {
  if (options_.clock) return options_.clock();
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()) + clock_offset();
}

Result<Catalog> PostgresStore::Impl::take_catalog() {
  auto catalog = run_blocking(read_catalog());
  has_listeners_ = true;
  return catalog;
}

void PostgresStore::Impl::catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) {
  // Answered by a post to the loop that follows those of the changes.
  auto shared = std::make_shared<Completion<Result<void>>>(std::move(done));
  const auto answer = [&loop, shared](Result<void> result) {
    if (!*shared) return;
    loop.post(
        [done = std::move(*shared), result = std::move(result)]() mutable { std::move(done)(std::move(result)); });
  };
  asio::co_spawn(context_, catalog_->catch_up(std::move(marks), [answer] { answer(Result<void>()); }),
                 [answer](const std::exception_ptr& fault, Result<void> result) {
                   if (fault) result = store_unavailable();
                   if (!result) answer(std::move(result));
                 });
}

// ---- The store ---------------------------------------------------------------------------------------------------

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
void PostgresStore::end_by(std::chrono::steady_clock::time_point deadline) {
  impl_->end_by(deadline);
}
void PostgresStore::stop() {
  impl_->stop();
}
std::int64_t PostgresStore::installation() const {
  return impl_->installation();
}
milliseconds PostgresStore::clock_offset() const {
  return impl_->clock_offset();
}

// ---- Writes ------------------------------------------------------------------------------------------------------

void PostgresStore::ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) {
  PgIngest& lane = impl_->ingest(intent.key.has_value());
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
  const std::size_t bytes = bytes_of(attempt);
  const WorkerToken token = attempt.intent->token;
  impl_->finish().submit(PgFinishItem{&loop, std::move(attempt), token, std::move(done), bytes});
}

void PostgresStore::change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) {
  PgChangeItem item;
  item.loop = &loop;
  item.change = std::move(intent);
  item.done.swap(done);
  impl_->changes().submit(std::move(item));
}

}  // namespace eventrelay
