// Bulk work in slices: each slice and its position are one transaction. The job's row is locked first: of two slices at
// once the second goes on where the first has ended.
#include <algorithm>

#include "storage/codec.h"
#include "storage/postgres_change_session.h"
#include "storage/postgres_filter.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay {

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
  std::vector<std::int64_t> ids;
  std::int64_t position = 0;  ///< all up to here is examined
  bool done = false;
};

// ---- New jobs ----------------------------------------------------------------------------------------------------

Awaitable<CountedPgJob> count_job(PgRead read, CreateJob job) {
  PgStatement statement{"SELECT max(ended_id) FROM deliveries WHERE organization_id = $1 AND state = 2", {}};
  statement.params.add(job.organization.value);
  Result<PgRows> answer = co_await read_rows(read, std::move(statement));
  const PgRows last = read_or_fault(std::move(answer));
  CountedPgJob counted;
  counted.bound = last.optional_integer(0, 0).value_or(0);
  // Where there are too many to count the job begins with what was counted; its progress corrects it.
  Result<DeadCount> total = co_await count_dead_rows(read, job.organization, job.filter, counted.bound);
  counted.total = read_or_fault(std::move(total)).count;
  counted.what = std::move(job);
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
  note_made(to_text(id));
  co_await commit();
  ChangeResult result;
  result.id = id.value;
  result.count = job.total;
  co_return result;
}

// ---- Slices ------------------------------------------------------------------------------------------------------

std::size_t ChangeSession::lock_job(JobId id) {
  PgParams params;
  params.add(id.value);
  return add("SELECT id, organization_id, kind, state, filter, position, bound FROM jobs WHERE id = $1 FOR UPDATE",
             std::move(params));
}

std::optional<ChangeSession::OpenJob> ChangeSession::open_job(const PgRows& rows) {
  if (rows.empty()) return std::nullopt;
  return OpenJob{JobId{rows.integer(0, 0)},
                 OrganizationId{rows.integer(0, 1)},
                 static_cast<JobKind>(rows.integer(0, 2)),
                 static_cast<JobState>(rows.integer(0, 3)),
                 decode_filter(rows.text(0, 4)),
                 rows.integer(0, 5),
                 rows.integer(0, 6)};
}

/// Pending deliveries of the webhook, whichever: what is cancelled leaves the index.
Awaitable<ChangeSession::Slice> ChangeSession::pick_pending(const OpenJob& job, std::size_t limit) {
  PgParams params;
  params.add(job.filter.webhook->value).add(static_cast<std::int64_t>(limit));
  const std::size_t found =
      add("SELECT id FROM deliveries WHERE partition = (SELECT w.partition FROM webhooks w WHERE w.id = $1)"
          " AND webhook_id = $1 AND state = 0 LIMIT $2",
          std::move(params));
  const Rows rows = co_await run();
  Slice slice;
  for (int i = 0; i < rows[found].size(); ++i) slice.ids.push_back(rows[found].integer(i, 0));
  slice.done = slice.ids.size() < limit;
  co_return slice;
}

/// Dead deliveries in the order of their death, from the job's position to its bound.
Awaitable<ChangeSession::Slice> ChangeSession::pick_dead(const OpenJob& job, std::size_t limit) {
  Result<NamedIds> read =
      co_await find_names({db_, context_.deadline}, job.organization, job.filter.type, job.filter.tenant);
  const NamedIds names = read_or_fault(std::move(read));
  Slice slice;
  slice.position = job.position;
  slice.done = names.never_were;
  if (slice.done) co_return slice;
  // What is reopened finds its webhook as it is, until the commit.
  if (job.kind == JobKind::kReplayDead) lock(OrgLock::kShared);
  const PgDeadScan scan{.after = job.position, .upto = job.bound, .limit = limit};
  const std::size_t found = add(scan_dead(job.organization, job.filter, names, scan));
  const Rows rows = co_await run();
  const PageEnd end = page_end(rows[found], limit);
  for (int i = 0; i < end.rows; ++i) slice.ids.push_back(rows[found].integer(i, kPgPageWidth));
  slice.done = end.next == 0;
  if (!slice.done) slice.position = end.next;
  co_return slice;
}

/// Without those that others have changed since they were picked.
Awaitable<std::vector<ChangeSession::LockedDelivery>> ChangeSession::lock_slice(const OpenJob& job,
                                                                                std::vector<std::int64_t> ids) {
  std::vector<LockedDelivery> locked;
  if (ids.empty()) co_return locked;
  std::sort(ids.begin(), ids.end());
  const std::size_t found = lock_deliveries(job.organization, ids);
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
  const std::size_t found = lock_job(change.id);
  const Rows rows = co_await run();
  const auto job = open_job(rows[found]);
  if (!job) co_return no_such("job");
  ChangeResult result;
  result.id = change.id.value;
  result.job_state = job->state;
  if (job->state != JobState::kPending && job->state != JobState::kRunning) co_return result;
  organization_ = job->organization;
  auto picking = job->kind == JobKind::kCancelPending ? pick_pending(*job, limit) : pick_dead(*job, limit);
  Slice slice = co_await std::move(picking);
  std::vector<LockedDelivery> deliveries = co_await lock_slice(*job, std::move(slice.ids));
  result.count = static_cast<std::int64_t>(deliveries.size());
  result.job_state = slice.done ? JobState::kDone : JobState::kRunning;
  change_slice(*job, std::move(deliveries));
  PgParams params;
  params.add(change.id.value).add_int(static_cast<int>(result.job_state)).add(slice.position).add(result.count);
  params.add(slice.done ? std::optional(unix_ms(time())) : std::nullopt);
  add("UPDATE jobs SET state = $2, position = $3, done = done + $4, total = greatest(total, done + $4), ended_ms = $5"
      " WHERE id = $1",
      std::move(params));
  const std::size_t left = add(select_job(job->organization, change.id));
  const Rows advanced = co_await commit();
  result.organization = job->organization;
  result.job = std::make_shared<const JobRow>(job_from_row(advanced[left], 0));
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const CancelJob& change) {
  begin(change.organization, OrgLock::kNone);
  draw_ids(1);
  const std::size_t found = lock_job(change.id);
  const Rows rows = co_await run();
  const auto job = open_job(rows[found]);
  if (!job || job->organization != change.organization) co_return no_such("job");
  if (job->kind == JobKind::kCancelPending)
    co_return conflict("The cancellation of a deleted webhook's deliveries cannot be stopped");
  if (job->state != JobState::kPending && job->state != JobState::kRunning)
    co_return conflict("The job is " + std::string(to_text(job->state)));
  PgParams params;
  params.add(change.id.value).add(unix_ms(time()));
  add("UPDATE jobs SET state = 4, ended_ms = $2 WHERE id = $1", std::move(params));
  const std::size_t left = add(select_job(change.organization, change.id));
  const Rows changed = co_await commit();
  ChangeResult result;
  result.id = change.id.value;
  result.job_state = JobState::kCancelled;
  result.job = std::make_shared<const JobRow>(job_from_row(changed[left], 0));
  co_return result;
}

}  // namespace eventrelay
