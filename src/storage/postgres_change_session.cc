#include "storage/postgres_change_session.h"

#include <algorithm>
#include <utility>

#include "storage/postgres_records.h"

namespace eventrelay {

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

Awaitable<ChangeSession::Rows> ChangeSession::run() {
  Rows rows = co_await PgTransaction::run();
  if (versions_) version_ = rows[*versions_].integer(0, 0);
  versions_.reset();
  co_return rows;
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
  Rows rows = co_await PgTransaction::commit();
  committed_ = true;
  news_.at = time_;
  if (noted || !news_.empty()) news_.commit = static_cast<std::uint64_t>(rows[number].integer(0, 0));
  for (PendingDelivery& delivery : news_.pending) delivery.commit = news_.commit;
  co_return rows;
}

}  // namespace eventrelay
