// Bulk work in slices: each slice and its position are one transaction.
#include <algorithm>
#include <limits>

#include "storage/sqlite_filter.h"
#include "storage/sqlite_queries.h"
#include "storage/sqlite_session.h"

namespace eventrelay {

namespace {

/// Dead deliveries that one slice looks at: what a narrow filter costs the commit that it runs in.
constexpr std::size_t kSliceRowsExaminedMax = 2'000;

struct OpenJob {
  OrganizationId organization;
  JobKind kind{};
  JobState state{};
  DeliveryFilter filter;
  std::int64_t position = 0;
  std::int64_t bound = 0;
};

std::optional<OpenJob> find_job(SqliteDb& db, JobId id) {
  auto row = db.use("SELECT organization_id, kind, state, filter, position, bound FROM jobs WHERE id = ?1");
  row.bind(id.value);
  if (!row.step()) return std::nullopt;
  return OpenJob{OrganizationId{row.integer(0)},
                 static_cast<JobKind>(row.integer(1)),
                 static_cast<JobState>(row.integer(2)),
                 decode_filter(row.text(3)),
                 row.integer(4),
                 row.integer(5)};
}

struct Slice {
  std::vector<PendingDelivery> rows;
  std::int64_t position = 0;  ///< all up to here is examined
  bool done = false;
};

/// Pending deliveries of the webhook, whichever: what is cancelled leaves the index.
Slice pending_slice(SqliteDb& db, const OpenJob& job, std::size_t rows) {
  static const std::string kSelect =
      std::string("SELECT ") + kPendingColumns +
      " FROM deliveries WHERE webhook_id = ?1 AND state = 0 AND organization_id = ?2 LIMIT ?3";
  Slice slice;
  auto query = db.use_text(kSelect);
  query.bind(job.filter.webhook->value).bind(job.organization.value).bind(static_cast<std::int64_t>(rows));
  while (query.step()) slice.rows.push_back(pending_from_row(query));
  slice.done = slice.rows.size() < rows;
  return slice;
}

/// Dead deliveries in the order of their death, from the job's position to its bound.
Slice dead_slice(SqliteDb& db, const OpenJob& job, std::size_t rows) {
  Slice slice;
  slice.position = job.position;
  DeadScan scan(db, job.organization, job.filter, job.position, job.bound, DeadScan::Order::kOldestFirst);
  std::size_t examined = 0;
  while (slice.rows.size() < rows && examined < kSliceRowsExaminedMax) {
    if (!scan.next()) {
      slice.done = true;
      break;
    }
    examined += 1;
    slice.position = scan.ended_id();
    if (scan.matches()) slice.rows.push_back(scan.delivery());
  }
  return slice;
}

}  // namespace

JobId SqliteSession::insert_job(OrganizationId organization, JobKind kind, const DeliveryFilter& filter,
                                std::int64_t bound, std::int64_t total, std::uint32_t rate) {
  const JobId id{next_id()};
  const std::string text = encode_filter(filter);
  db_.use(
         "INSERT INTO jobs (id, organization_id, kind, state, filter, position, bound, total, rate)"
         " VALUES (?1, ?2, ?3, 0, ?4, 0, ?5, ?6, ?7)")
      .bind(id.value)
      .bind(organization.value)
      .bind(static_cast<std::int64_t>(kind))
      .bind(text)
      .bind(bound)
      .bind(total)
      .bind(std::int64_t{rate})
      .run();
  news_.jobs.push_back(id);
  return id;
}

CountedJob count_job(SqliteDb& db, const CreateJob& job) {
  CountedJob counted{job, 0, std::numeric_limits<std::int64_t>::max()};
  {
    auto last = db.use(
        "SELECT max(ended_id) FROM deliveries INDEXED BY deliveries_dead WHERE organization_id = ?1 AND state = 2");
    last.bind(job.organization.value);
    counted.bound = last.step() ? last.integer(0) : 0;
  }
  // Where there are too many to count the job begins with what was counted; its progress corrects it.
  counted.total = count_dead_rows(db, job.organization, job.filter, counted.bound).count;
  return counted;
}

Result<ChangeResult> SqliteSession::apply(const CountedJob& job) {
  const JobId id =
      insert_job(job.what.organization, job.what.kind, job.what.filter, job.bound, job.total, job.what.rate);
  if (job.audit) write_audit(*job.audit, to_text(id));
  return ChangeResult{.id = id.value, .count = job.total};
}

Result<ChangeResult> SqliteSession::apply_one(const CreateJob& change) {
  // Others are counted first (count_job); this one is made with its webhook's deletion alone.
  if (change.kind == JobKind::kCancelPending)
    return Error{
        ErrorCode::kInvalid, "What waits for a webhook is cancelled by deleting it", {{"kind", "is not for people"}}};
  return apply(count_job(db_, change));
}

Result<ChangeResult> SqliteSession::apply_one(const AdvanceJob& change) {
  const auto job = find_job(db_, change.id);
  if (!job) return no_such("job");
  if (job->state == JobState::kDone || job->state == JobState::kFailed || job->state == JobState::kCancelled)
    return ChangeResult{.id = change.id.value, .job_state = job->state};
  const std::size_t rows = std::clamp<std::size_t>(change.rows, 1, kJobSliceRows);
  Slice slice = job->kind == JobKind::kCancelPending ? pending_slice(db_, *job, rows) : dead_slice(db_, *job, rows);
  std::int64_t done = 0;
  for (PendingDelivery& delivery : slice.rows) {
    done += 1;
    if (job->kind == JobKind::kCancelPending) cancel(delivery, DeliveryState::kPending, "webhook_deleted");
    if (job->kind == JobKind::kPurgeDead) cancel(delivery, DeliveryState::kDead, "purged");
    if (job->kind != JobKind::kReplayDead) continue;
    if (index_.find(delivery.webhook)) {
      reopen(std::move(delivery));
    } else {
      cancel(delivery, DeliveryState::kDead, "webhook_deleted");
    }
  }
  const JobState state = slice.done ? JobState::kDone : JobState::kRunning;
  db_.use(
         "UPDATE jobs SET state = ?2, position = ?3, done = done + ?4, total = max(total, done + ?4), ended_ms = ?5"
         " WHERE id = ?1")
      .bind(change.id.value)
      .bind(static_cast<std::int64_t>(state))
      .bind(slice.position)
      .bind(done)
      .bind(slice.done ? std::optional(unix_ms(time())) : std::nullopt)
      .run();
  ChangeResult result{.id = change.id.value, .count = done, .job_state = state};
  result.organization = job->organization;
  if (auto row = sqlite_queries::get_job(db_, job->organization, change.id))
    result.job = std::make_shared<const JobRow>(std::move(*row));
  return result;
}

Result<ChangeResult> SqliteSession::apply_one(const CancelJob& change) {
  const auto job = find_job(db_, change.id);
  if (!job || job->organization != change.organization) return no_such("job");
  if (job->kind == JobKind::kCancelPending)
    return conflict("The cancellation of a deleted webhook's deliveries cannot be stopped");
  if (job->state != JobState::kPending && job->state != JobState::kRunning)
    return conflict("The job is " + std::string(to_text(job->state)));
  db_.use("UPDATE jobs SET state = 4, ended_ms = ?2 WHERE id = ?1").bind(change.id.value).bind(unix_ms(time())).run();
  return ChangeResult{.id = change.id.value, .job_state = JobState::kCancelled};
}

}  // namespace eventrelay
