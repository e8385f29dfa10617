// Bulk work in slices: each slice and its position are one transaction. The job's row is locked first: of two slices at
// once the second goes on where the first has ended.
#include <algorithm>
#include <limits>

#include "storage/codec.h"
#include "storage/postgres_change_session.h"

namespace eventrelay {

namespace {

using std::chrono::steady_clock;

/// Dead deliveries that one slice looks at: how long a narrow filter holds the slice's locks.
constexpr std::int64_t kSliceRowsExaminedMax = 2'000;
/// Rows between two looks at the clock.
constexpr std::int64_t kCountRows = 10'000;

bool selects_all(const DeliveryFilter& filter) {
  return !filter.webhook && !filter.event && filter.type.empty() && filter.tenant.empty() && !filter.after &&
         !filter.before;
}

Error no_such_job() {
  return Error{ErrorCode::kNotFound, "No such job", {}};
}
Error conflict(std::string message) {
  return Error{ErrorCode::kConflict, std::move(message), {}};
}

// ---- The dead, in the order of their death -----------------------------------------------------------------------

// $1 organization, $2 webhook, $3 and $4: deaths in (after, upto], $5 rows, $6 event, $7 type, $8 tenant, $9 and $10:
// ids in [from, to), $11 and $12: the partitions that these are in. Who died has a lower id than its death. A type or
// tenant that never was matches nothing.
constexpr const char* kFits =
    "($6::bigint IS NULL OR event_id = $6) AND ($2::bigint IS NULL OR webhook_id = $2) AND id >= $9 AND id < $10"
    " AND ($7 = '' OR type_id = (SELECT t.id FROM event_types t WHERE t.organization_id = $1 AND t.name = $7))"
    " AND ($8 = '' OR tenant_id = (SELECT n.id FROM tenants n WHERE n.organization_id = $1 AND n.name = $8))";

std::string dead_sql(const char* columns, bool of_webhook) {
  return std::string("SELECT ") + columns + " FROM (SELECT id, ended_id, coalesce(" + kFits +
         ", false) AS fits FROM deliveries WHERE organization_id = $1 AND state = 2" +
         (of_webhook ? " AND webhook_id = $2" : "") +
         " AND ended_id > $3 AND ended_id <= $4 AND id < $4 AND id >= $11 AND id < $12 ORDER BY ended_id LIMIT $5) "
         "dead";
}

PgParams dead_params(OrganizationId organization, const DeliveryFilter& filter, std::int64_t after, std::int64_t upto,
                     std::int64_t rows) {
  PgParams params;
  params.add(organization.value).add(filter.webhook ? std::optional(filter.webhook->value) : std::nullopt);
  params.add(after).add(upto).add(rows);
  params.add(filter.event ? std::optional(filter.event->value) : std::nullopt);
  params.add_text(filter.type).add_text(filter.tenant);
  constexpr auto kNoEnd = std::numeric_limits<std::int64_t>::max();
  const auto day_of = [](WallTime time) { return std::chrono::floor<std::chrono::days>(time); };
  params.add(filter.after ? first_id_at(*filter.after) : 0);
  params.add(filter.before ? first_id_at(*filter.before) : kNoEnd);
  params.add(filter.after ? first_id_at(day_of(*filter.after)) : 0);
  params.add(filter.before ? first_id_at(day_of(*filter.before) + std::chrono::days(1)) : kNoEnd);
  return params;
}

JobRow job_row_from(const PgRows& rows) {
  JobRow job;
  job.id = JobId{rows.integer(0, 0)};
  job.kind = static_cast<JobKind>(rows.integer(0, 1));
  job.state = static_cast<JobState>(rows.integer(0, 2));
  job.done = rows.integer(0, 3);
  job.total = rows.integer(0, 4);
  job.rate = static_cast<std::uint32_t>(rows.integer(0, 5));
  job.error = rows.text(0, 6);
  if (!rows.is_null(0, 7)) job.ended_at = from_unix_ms(rows.integer(0, 7));
  return job;
}

}  // namespace

struct ChangeSession::OpenJob {
  JobId id;
  OrganizationId organization;
  JobKind kind{};
  JobState state{};
  DeliveryFilter filter;
  std::int64_t position = 0;
  std::int64_t bound = 0;
};

struct ChangeSession::Slice {
  std::vector<std::int64_t> ids;  ///< ascending
  std::int64_t position = 0;      ///< all up to here is examined
  bool done = false;
};

// ---- New jobs ----------------------------------------------------------------------------------------------------

Awaitable<CountedPgJob> count_job(PgConnection& db, CreateJob job, PgConnection::Deadline until,
                                  PgConnection::Deadline deadline) {
  static const std::string kOfWebhook = dead_sql("count(*) FILTER (WHERE fits), count(*), max(ended_id)", true);
  static const std::string kOfAll = dead_sql("count(*) FILTER (WHERE fits), count(*), max(ended_id)", false);
  CountedPgJob counted{job, 0, 0};
  PgParams org;
  org.add(job.organization.value);
  const PgRows last = co_await read_beside(
      db,
      "SELECT max(ended_id), (SELECT coalesce(sum(dead), 0)::bigint FROM gauges WHERE organization_id = $1)"
      " FROM deliveries WHERE organization_id = $1 AND state = 2",
      std::move(org), deadline);
  counted.bound = last.optional_integer(0, 0).value_or(0);
  if (selects_all(job.filter)) {
    counted.total = last.integer(0, 1);
    co_return counted;
  }
  const char* sql = job.filter.webhook ? kOfWebhook.c_str() : kOfAll.c_str();
  std::int64_t position = 0;
  // Where there are too many to count the job begins with what was counted; its progress corrects it.
  while (steady_clock::now() < until) {
    PgParams params = dead_params(job.organization, job.filter, position, counted.bound, kCountRows);
    const PgRows some = co_await read_beside(db, sql, std::move(params), deadline);
    counted.total += some.integer(0, 0);
    if (some.integer(0, 1) < kCountRows) break;
    position = some.integer(0, 2);
  }
  co_return counted;
}

JobId ChangeSession::insert_job(OrganizationId organization, JobKind kind, const DeliveryFilter& filter,
                                std::int64_t bound, std::int64_t total, std::uint32_t rate) {
  const JobId id{next_id()};
  PgParams params;
  params.add(id.value).add(organization.value).add_int(static_cast<int>(kind)).add_text(encode_filter(filter));
  params.add(bound).add(total).add_int(static_cast<std::int32_t>(rate));
  add("INSERT INTO jobs (id, organization_id, kind, state, filter, position, bound, total, rate)"
      " VALUES ($1, $2, $3, 0, $4, 0, $5, $6, $7)",
      std::move(params));
  touched_.set(0);  // its owner runs the jobs
  news_.jobs.push_back(id);
  return id;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const CountedPgJob& job) {
  begin(job.what.organization, OrgLock::kNone);
  draw_ids(1);
  co_await run();
  const JobId id =
      insert_job(job.what.organization, job.what.kind, job.what.filter, job.bound, job.total, job.what.rate);
  co_await commit();
  ChangeResult result;
  result.id = id.value;
  result.count = job.total;
  co_return result;
}

// ---- Slices ------------------------------------------------------------------------------------------------------

std::size_t ChangeSession::select_job(JobId id) {
  PgParams params;
  params.add(id.value);
  return add("SELECT id, organization_id, kind, state, filter, position, bound FROM jobs WHERE id = $1 FOR UPDATE",
             std::move(params));
}

std::optional<ChangeSession::OpenJob> ChangeSession::job_from(const PgRows& rows) {
  if (rows.empty()) return std::nullopt;
  return OpenJob{JobId{rows.integer(0, 0)},
                 OrganizationId{rows.integer(0, 1)},
                 static_cast<JobKind>(rows.integer(0, 2)),
                 static_cast<JobState>(rows.integer(0, 3)),
                 decode_filter(rows.text(0, 4)),
                 rows.integer(0, 5),
                 rows.integer(0, 6)};
}

Awaitable<ChangeSession::Slice> ChangeSession::pick_slice(const OpenJob& job, std::size_t limit) {
  Slice slice;
  if (job.kind == JobKind::kCancelPending) {
    // Whichever: what is cancelled leaves the index.
    PgParams params;
    params.add(job.filter.webhook->value).add(static_cast<std::int64_t>(limit));
    const std::size_t found =
        add("SELECT id FROM deliveries WHERE partition = (SELECT w.partition FROM webhooks w WHERE w.id = $1)"
            " AND webhook_id = $1 AND state = 0 LIMIT $2",
            std::move(params));
    const Rows rows = co_await run();
    for (int i = 0; i < rows[found].size(); ++i) slice.ids.push_back(rows[found].integer(i, 0));
    slice.done = slice.ids.size() < limit;
  } else {
    static const std::string kOfWebhook = dead_sql("id, ended_id, fits", true);
    static const std::string kOfAll = dead_sql("id, ended_id, fits", false);
    // What is reopened finds its webhook as it is, until the commit.
    if (job.kind == JobKind::kReplayDead) lock(OrgLock::kShared);
    const std::int64_t examined = selects_all(job.filter) ? static_cast<std::int64_t>(limit) : kSliceRowsExaminedMax;
    PgParams params = dead_params(job.organization, job.filter, job.position, job.bound, examined);
    const std::size_t found = add(job.filter.webhook ? kOfWebhook.c_str() : kOfAll.c_str(), std::move(params));
    const Rows rows = co_await run();
    slice.position = job.position;
    int i = 0;
    for (; i < rows[found].size() && slice.ids.size() < limit; ++i) {
      slice.position = rows[found].integer(i, 1);
      if (rows[found].integer(i, 2) != 0) slice.ids.push_back(rows[found].integer(i, 0));
    }
    slice.done = i == rows[found].size() && i < examined;
  }
  std::sort(slice.ids.begin(), slice.ids.end());
  co_return slice;
}

/// Without those that others have changed since they were picked.
Awaitable<std::vector<ChangeSession::LockedDelivery>> ChangeSession::lock_slice(const OpenJob& job,
                                                                                const Slice& slice) {
  std::vector<LockedDelivery> locked;
  if (slice.ids.empty()) co_return locked;
  const std::size_t found = lock_deliveries(job.organization, slice.ids);
  const Rows rows = co_await run();
  locked = locked_from(rows[found]);
  std::erase_if(locked, [&](const LockedDelivery& one) {
    if (job.kind == JobKind::kCancelPending) return one.state != DeliveryState::kPending;
    return one.state != DeliveryState::kDead || one.ended_id > job.bound;
  });
  co_return locked;
}

void ChangeSession::change_slice(const OpenJob& job, std::vector<LockedDelivery> deliveries) {
  if (job.kind == JobKind::kCancelPending) return cancel(deliveries, "webhook_deleted");
  if (job.kind == JobKind::kPurgeDead) return cancel(deliveries, "purged");
  const auto orphans = std::stable_partition(deliveries.begin(), deliveries.end(),
                                             [](const LockedDelivery& one) { return one.has_webhook; });
  cancel({orphans, deliveries.end()}, "webhook_deleted");
  deliveries.erase(orphans, deliveries.end());
  reopen(std::move(deliveries));
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const AdvanceJob& change) {
  const std::size_t limit = std::clamp<std::size_t>(change.rows, 1, kJobSliceRows);
  begin({}, OrgLock::kNone);
  draw_ids(limit);
  const std::size_t found = select_job(change.id);
  const Rows rows = co_await run();
  const auto job = job_from(rows[found]);
  if (!job) co_return no_such_job();
  ChangeResult result;
  result.id = change.id.value;
  result.job_state = job->state;
  if (job->state != JobState::kPending && job->state != JobState::kRunning) co_return result;
  organization_ = job->organization;
  const Slice slice = co_await pick_slice(*job, limit);
  std::vector<LockedDelivery> deliveries = co_await lock_slice(*job, slice);
  result.count = static_cast<std::int64_t>(deliveries.size());
  result.job_state = slice.done ? JobState::kDone : JobState::kRunning;
  change_slice(*job, std::move(deliveries));
  PgParams params;
  params.add(change.id.value).add_int(static_cast<int>(result.job_state)).add(slice.position).add(result.count);
  params.add(slice.done ? std::optional(unix_ms(time())) : std::nullopt);
  add("UPDATE jobs SET state = $2, position = $3, done = done + $4, total = greatest(total, done + $4), ended_ms = $5"
      " WHERE id = $1",
      std::move(params));
  co_await commit();
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const CancelJob& change) {
  begin(change.organization, OrgLock::kNone);
  draw_ids(1);
  const std::size_t found = select_job(change.id);
  const Rows rows = co_await run();
  const auto job = job_from(rows[found]);
  if (!job || job->organization != change.organization) co_return no_such_job();
  if (job->kind == JobKind::kCancelPending)
    co_return conflict("The cancellation of a deleted webhook's deliveries cannot be stopped");
  if (job->state != JobState::kPending && job->state != JobState::kRunning)
    co_return conflict("The job is " + std::string(to_text(job->state)));
  PgParams params;
  params.add(change.id.value).add(unix_ms(time()));
  const std::size_t left =
      add("UPDATE jobs SET state = 4, ended_ms = $2 WHERE id = $1"
          " RETURNING id, kind, state, done, total, rate, error, ended_ms",
          std::move(params));
  const Rows changed = co_await commit();
  ChangeResult result;
  result.id = change.id.value;
  result.job_state = JobState::kCancelled;
  result.job = std::make_shared<const JobRow>(job_row_from(changed[left]));
  co_return result;
}

}  // namespace eventrelay
