#include "storage/postgres_change_session.h"

#include <algorithm>
#include <utility>

#include "storage/postgres_records.h"

namespace eventrelay {

namespace {

/// Of what asked for no commit: nothing was done.
ChangeFault surely_undone(PgFault fault) {
  if (fault.error.code == ErrorCode::kUnknown) fault.error.code = ErrorCode::kUnavailable;
  return {std::move(fault)};
}

}  // namespace

void ChangeSession::begin(OrganizationId organization, OrgLock lock) {
  organization_ = organization;
  add("BEGIN");
  this->lock(lock);
}

void ChangeSession::lock(OrgLock lock) {
  if (lock == OrgLock::kNone) return;
  PgParams params;
  params.add(organization_.value);
  if (lock == OrgLock::kShared) {
    add("SELECT pg_advisory_xact_lock_shared($1)", std::move(params));
  } else {
    versions_ = add("SELECT next_version($1)", std::move(params));
  }
}

void ChangeSession::draw_ids(std::size_t count) {
  PgParams params;
  params.add(static_cast<std::int64_t>(count)).add(context_.at_ms);
  draws_ = add("SELECT draw_ids($1, $2)", std::move(params));
}

std::size_t ChangeSession::add(PgStatement statement) {
  batch_.push_back(std::move(statement));
  return batch_.size() - 1;
}

std::size_t ChangeSession::add(const char* sql, PgParams params) {
  return add(PgStatement{sql, std::move(params)});
}

Awaitable<ChangeSession::Rows> ChangeSession::send() {
  is_open_ = true;
  PgResult<Rows> answer = co_await db_.run(std::exchange(batch_, {}), context_.deadline);
  if (!answer) {
    is_open_ = false;  // the connection rolls back what has a fault
    throw ChangeFault{answer.error()};
  }
  if (draws_) next_id_ = (*answer)[*draws_].integer(0, 0);
  if (draws_) time_ = time_of_id(next_id_);
  if (versions_) version_ = (*answer)[*versions_].integer(0, 0);
  draws_.reset();
  versions_.reset();
  co_return std::move(*answer);
}

Awaitable<ChangeSession::Rows> ChangeSession::run() {
  try {
    Rows rows = co_await send();
    co_return rows;
  } catch (const ChangeFault& fault) {
    throw surely_undone(fault.fault);
  }
}

void ChangeSession::add_counted() {
  if (counted_.note.empty() && counted_.pending == 0 && counted_.dead == 0) return;
  std::vector<std::int64_t> webhooks;
  std::vector<std::int16_t> kinds;
  std::vector<std::int32_t> counts;
  counted_.note.each([&](WebhookId webhook, CountKind kind, std::int64_t count) {
    webhooks.push_back(webhook.value);
    kinds.push_back(kind);
    counts.push_back(static_cast<std::int32_t>(count));
  });
  PgParams params;
  params.add(context_.writer).add(organization_.value).add(unix_ms(time_) / 60'000);
  params.add_array(std::span<const std::int64_t>(webhooks)).add_array(std::span<const std::int16_t>(kinds));
  params.add_array(std::span<const std::int32_t>(counts)).add(counted_.pending).add(counted_.dead);
  add("SELECT count_changes($1, $2, $3, $4, $5, $6, $7, $8)", std::move(params));
}

Awaitable<ChangeSession::Rows> ChangeSession::commit() {
  const bool noted = touched_.any();
  std::size_t number = 0;
  if (noted) {
    std::sort(changed_.begin(), changed_.end());
    const std::string partitions = bytes_of_partitions(touched_);
    PgParams params;
    params.add_bytes(partitions).add(first_).add(last_).add_array(std::span<const std::int64_t>(changed_));
    number = add("SELECT note_commit($1, $2, $3, $4)", std::move(params));
  } else if (!news_.empty()) {
    number = add("SELECT pg_current_xact_id()");
  }
  add_counted();
  add("COMMIT");
  Rows rows = co_await send();
  is_open_ = false;
  news_.at = time_;
  if (noted || !news_.empty()) news_.commit = static_cast<std::uint64_t>(rows[number].integer(0, 0));
  for (PendingDelivery& delivery : news_.pending) delivery.commit = news_.commit;
  co_return rows;
}

Awaitable<void> ChangeSession::roll_back() {
  if (!std::exchange(is_open_, false)) co_return;
  news_ = News{};
  // Also past the deadline: the connection is to be of use afterwards.
  const auto deadline = std::max(context_.deadline, std::chrono::steady_clock::now() + kRollbackTime);
  PgParams none;
  PgResult<PgRows> answer = co_await db_.query("ROLLBACK", std::move(none), deadline);
  if (!answer) db_.close();
}

}  // namespace eventrelay
