#include "storage/sqlite_store.h"

#include <chrono>

#include "storage/commit_limits.h"
#include "storage/sqlite_files.h"
#include "storage/sqlite_people.h"
#include "storage/sqlite_queries.h"
#include "storage/sqlite_readers.h"
#include "storage/sqlite_writer.h"

namespace eventrelay {

namespace {

Error unusable(const SqliteError& error) {
  return unavailable(std::string("The database cannot be used: ") + error.what());
}

WallTime system_time() {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

template <class Value, class Intent, class Apply>
class WorkOf final : public SqliteWork {
 public:
  WorkOf(Intent intent, Apply apply, Completion<Result<Value>> done)
      : intent_(std::move(intent)), apply_(apply), done_(std::move(done)) {}
  void run(SqliteSession& session) override { result_ = apply_(session, intent_); }
  void fail(Error error) override { result_ = std::move(error); }
  void complete() override { std::move(done_)(std::move(result_)); }

 private:
  Intent intent_;
  Apply apply_;
  Completion<Result<Value>> done_;
  Result<Value> result_ = unavailable("not run");
};

template <class Value, class Intent, class Apply>
std::unique_ptr<SqliteWork> make_work(EventLoop& loop, std::size_t bytes, Intent intent, Apply apply,
                                      Completion<Result<Value>> done) {
  auto work = std::make_unique<WorkOf<Value, Intent, Apply>>(std::move(intent), apply, std::move(done));
  work->loop = &loop;
  work->bytes = bytes;
  return work;
}

/// Each with its connection: for the engine, and as many for people.
constexpr std::size_t kReaderThreads = 2;

}  // namespace

Result<int> migrate_sqlite(const std::string& data_dir) {
  auto lock = lock_data_dir(data_dir);
  if (!lock) return lock.error();
  try {
    SqliteDb db(database_path(data_dir), SqliteDb::Mode::kWriter);
    return bring_schema_up(db, true);
  } catch (const SqliteError& error) {
    return unusable(error);
  }
}

class SqliteStore::Impl {
 public:
  Impl(DataDirLock held, const SqliteOptions& options, HandOver& hand_over, Metrics& metrics,
       std::unique_ptr<SqliteSession> session)
      : lock(std::move(held)),
        path(database_path(options.data_dir)),
        clock(options.clock ? options.clock : system_time),
        writer(std::move(session), path, hand_over, metrics, clock),
        engine_readers(path, kReaderThreads),
        readers(path, kReaderThreads) {}

  /// Counts on a reader, then hands the job to the writer from there.
  void create_job(EventLoop& loop, CreateJob job, std::optional<AuditEntry> audit,
                  Completion<Result<ChangeResult>> done) {
    auto shared = std::make_shared<Completion<Result<ChangeResult>>>(std::move(done));
    const auto count = [this, &loop, job = std::move(job), audit = std::move(audit),
                        shared](SqliteDb& db) -> Result<bool> {
      const auto apply = [](SqliteSession& session, const CountedJob& one) { return session.apply(one); };
      CountedJob counted = count_job(db, job);
      counted.audit = audit;
      auto work = make_work<ChangeResult>(loop, 0, std::move(counted), apply, std::move(*shared));
      work->awaits_news = true;
      writer.submit(std::move(work));
      return true;
    };
    readers.ask<bool>(loop, count, [shared](Result<bool> counted) {
      if (!counted) std::move (*shared)(counted.error());
    });
  }

  DataDirLock lock;
  const std::string path;
  const std::function<WallTime()> clock;
  SqliteWriter writer;
  SqliteReaders engine_readers;  ///< no delivery waits for what people ask
  SqliteReaders readers;
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const SqliteOptions& options, HandOver& hand_over,
                                                       Metrics& metrics) {
  auto lock = lock_data_dir(options.data_dir);
  if (!lock) return lock.error();
  try {
    auto session = std::make_unique<SqliteSession>(database_path(options.data_dir), options.retention_days);
    if (auto schema = bring_schema_up(session->db(), options.migrate); !schema) return schema.error();
    session->load();
    auto impl = std::make_unique<Impl>(std::move(*lock), options, hand_over, metrics, std::move(session));
    return std::unique_ptr<SqliteStore>(new SqliteStore(std::move(impl)));
  } catch (const SqliteError& error) {
    return unusable(error);
  }
}

SqliteStore::SqliteStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteStore::~SqliteStore() {
  stop();
}

void SqliteStore::stop() {
  impl_->writer.stop();
  impl_->engine_readers.stop();
  impl_->readers.stop();
}

// ---- Writes ------------------------------------------------------------------------------------------------------

void SqliteStore::ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) {
  const std::size_t bytes = bytes_of(intent);
  const auto apply = [](SqliteSession& session, IngestIntent& one) { return session.apply(one); };
  impl_->writer.submit(make_work<IngestResult>(loop, bytes, std::move(intent), apply, std::move(done)));
}

void SqliteStore::finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) {
  EncodedAttempt attempt(std::move(intent));
  const std::size_t bytes = bytes_of(attempt);
  const auto apply = [](SqliteSession& session, const EncodedAttempt& one) { return session.apply(one); };
  impl_->writer.submit(make_work<FinishResult>(loop, bytes, std::move(attempt), apply, std::move(done)));
}

void SqliteStore::change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) {
  if (const auto* job = std::get_if<CreateJob>(&intent); job && job->kind != JobKind::kCancelPending)
    return impl_->create_job(loop, *job, std::move(intent.audit), std::move(done));
  const auto apply = [](SqliteSession& session, Change& one) { return session.apply(one); };
  auto work = make_work<ChangeResult>(loop, 0, std::move(intent), apply, std::move(done));
  work->awaits_news = true;
  impl_->writer.submit(std::move(work));
}

// ---- The engine's reads ------------------------------------------------------------------------------------------

void SqliteStore::read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) {
  impl_->engine_readers.ask<DuePage>(
      loop, [query](SqliteDb& db) { return sqlite_queries::read_due(db, query); }, std::move(done));
}

void SqliteStore::read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                             Completion<Result<LanePage>> done) {
  impl_->engine_readers.ask<LanePage>(
      loop, [=](SqliteDb& db) { return sqlite_queries::read_lanes(db, partitions, after, limit); }, std::move(done));
}

void SqliteStore::read_messages(EventLoop& loop, std::vector<EventId> events,
                                Completion<Result<std::vector<MessagePtr>>> done) {
  impl_->engine_readers.ask<std::vector<MessagePtr>>(
      loop, [events = std::move(events)](SqliteDb& db) { return sqlite_queries::read_messages(db, events); },
      std::move(done));
}

void SqliteStore::read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) {
  impl_->engine_readers.ask<std::vector<JobSummary>>(
      loop, [](SqliteDb& db) { return sqlite_queries::read_open_jobs(db); }, std::move(done));
}

Result<Catalog> SqliteStore::load_catalog() {
  try {
    SqliteDb db(impl_->path, SqliteDb::Mode::kReader);
    return sqlite_queries::load_catalog(db);
  } catch (const SqliteError& error) {
    return unusable(error);
  }
}

// ---- People's reads ----------------------------------------------------------------------------------------------

Awaitable<Result<Page<EventRow>>> SqliteStore::list_events(EventLoop& loop, OrganizationId org, EventFilter filter,
                                                           PageRequest page) {
  return impl_->readers.ask<Page<EventRow>>(loop, [=, filter = std::move(filter)](SqliteDb& db) {
    return sqlite_queries::list_events(db, org, filter, page);
  });
}

Awaitable<Result<EventDetail>> SqliteStore::get_event(EventLoop& loop, OrganizationId org, EventId id) {
  return impl_->readers.ask<EventDetail>(loop, [=](SqliteDb& db) { return sqlite_queries::get_event(db, org, id); });
}

Awaitable<Result<Page<DeliveryRow>>> SqliteStore::list_deliveries(EventLoop& loop, OrganizationId org,
                                                                  DeliveryFilter filter, PageRequest page) {
  return impl_->readers.ask<Page<DeliveryRow>>(loop, [=, filter = std::move(filter)](SqliteDb& db) {
    return sqlite_queries::list_deliveries(db, org, filter, page);
  });
}

Awaitable<Result<DeliveryDetail>> SqliteStore::get_delivery(EventLoop& loop, OrganizationId org, DeliveryId id) {
  return impl_->readers.ask<DeliveryDetail>(loop,
                                            [=](SqliteDb& db) { return sqlite_queries::get_delivery(db, org, id); });
}

Awaitable<Result<Page<DeliveryRow>>> SqliteStore::list_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter,
                                                            PageRequest page) {
  return impl_->readers.ask<Page<DeliveryRow>>(
      loop, [=, filter = std::move(filter)](SqliteDb& db) { return sqlite_queries::list_dead(db, org, filter, page); });
}

Awaitable<Result<std::int64_t>> SqliteStore::count_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter) {
  return impl_->readers.ask<std::int64_t>(
      loop, [=, filter = std::move(filter)](SqliteDb& db) { return sqlite_queries::count_dead(db, org, filter); });
}

Awaitable<Result<Page<WebhookPtr>>> SqliteStore::list_webhooks(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->readers.ask<Page<WebhookPtr>>(
      loop, [=](SqliteDb& db) { return sqlite_queries::list_webhooks(db, org, page); });
}

Awaitable<Result<WebhookPtr>> SqliteStore::get_webhook(EventLoop& loop, OrganizationId org, WebhookId id) {
  return impl_->readers.ask<WebhookPtr>(loop, [=](SqliteDb& db) { return sqlite_queries::get_webhook(db, org, id); });
}

Awaitable<Result<Page<JobRow>>> SqliteStore::list_jobs(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->readers.ask<Page<JobRow>>(loop, [=](SqliteDb& db) { return sqlite_queries::list_jobs(db, org, page); });
}

Awaitable<Result<JobRow>> SqliteStore::get_job(EventLoop& loop, OrganizationId org, JobId id) {
  return impl_->readers.ask<JobRow>(loop, [=](SqliteDb& db) { return sqlite_queries::get_job(db, org, id); });
}

Awaitable<Result<Page<ApiKey>>> SqliteStore::list_api_keys(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->readers.ask<Page<ApiKey>>(loop,
                                          [=](SqliteDb& db) { return sqlite_queries::list_api_keys(db, org, page); });
}

Awaitable<Result<MetricsReport>> SqliteStore::metrics(EventLoop& loop, OrganizationId org, MetricsWindow window,
                                                      std::optional<WebhookId> webhook) {
  return impl_->readers.ask<MetricsReport>(
      loop, [=, now = impl_->clock()](SqliteDb& db) { return sqlite_queries::metrics(db, org, window, webhook, now); });
}

Awaitable<Result<std::vector<WebhookCounts>>> SqliteStore::webhook_counts(EventLoop& loop, OrganizationId org,
                                                                          MetricsWindow window) {
  return impl_->readers.ask<std::vector<WebhookCounts>>(
      loop, [=, now = impl_->clock()](SqliteDb& db) { return sqlite_queries::webhook_counts(db, org, window, now); });
}

// ---- People ------------------------------------------------------------------------------------------------------

void SqliteStore::change_people(EventLoop& loop, PeopleChange change, Completion<Result<PeopleResult>> done) {
  const auto apply = [](SqliteSession& session, const PeopleChange& one) { return session.apply(one); };
  impl_->writer.submit(make_work<PeopleResult>(loop, 0, std::move(change), apply, std::move(done)));
}

Awaitable<Result<Account>> SqliteStore::find_account(EventLoop& loop, std::string email) {
  return impl_->readers.ask<Account>(
      loop, [email = std::move(email)](SqliteDb& db) { return sqlite_queries::find_account(db, email); });
}

Awaitable<Result<Session>> SqliteStore::find_session(EventLoop& loop, Sha256 token) {
  return impl_->readers.ask<Session>(
      loop, [=, now = impl_->clock()](SqliteDb& db) { return sqlite_queries::find_session(db, token, now); });
}

Awaitable<Result<bool>> SqliteStore::knows_address(EventLoop& loop, UserId user, std::string address) {
  return impl_->readers.ask<bool>(loop, [user, address = std::move(address)](SqliteDb& db) {
    return sqlite_queries::knows_address(db, user, address);
  });
}

Awaitable<Result<std::vector<OrganizationRole>>> SqliteStore::list_organizations(EventLoop& loop, UserId user) {
  return impl_->readers.ask<std::vector<OrganizationRole>>(
      loop, [=](SqliteDb& db) { return sqlite_queries::list_organizations(db, user); });
}

Awaitable<Result<Organization>> SqliteStore::get_organization(EventLoop& loop, OrganizationId id) {
  return impl_->readers.ask<Organization>(loop, [=](SqliteDb& db) { return sqlite_queries::get_organization(db, id); });
}

Awaitable<Result<Page<Member>>> SqliteStore::list_members(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->readers.ask<Page<Member>>(loop,
                                          [=](SqliteDb& db) { return sqlite_queries::list_members(db, org, page); });
}

Awaitable<Result<Member>> SqliteStore::get_member(EventLoop& loop, OrganizationId org, UserId user) {
  return impl_->readers.ask<Member>(loop, [=](SqliteDb& db) { return sqlite_queries::get_member(db, org, user); });
}

Awaitable<Result<Page<Invitation>>> SqliteStore::list_invitations(EventLoop& loop, OrganizationId org,
                                                                  PageRequest page) {
  return impl_->readers.ask<Page<Invitation>>(
      loop, [=, now = impl_->clock()](SqliteDb& db) { return sqlite_queries::list_invitations(db, org, page, now); });
}

Awaitable<Result<Invitation>> SqliteStore::find_invitation(EventLoop& loop, Sha256 token) {
  return impl_->readers.ask<Invitation>(
      loop, [=, now = impl_->clock()](SqliteDb& db) { return sqlite_queries::find_invitation(db, token, now); });
}

Awaitable<Result<Page<AuditRow>>> SqliteStore::list_audit(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->readers.ask<Page<AuditRow>>(loop,
                                            [=](SqliteDb& db) { return sqlite_queries::list_audit(db, org, page); });
}

Awaitable<Result<Settings>> SqliteStore::read_settings(EventLoop& loop) {
  return impl_->readers.ask<Settings>(loop, [](SqliteDb& db) { return sqlite_queries::read_settings(db); });
}

Awaitable<Result<std::vector<WorkerShare>>> SqliteStore::list_workers(EventLoop&) {
  co_return std::vector<WorkerShare>();
}

}  // namespace eventrelay
