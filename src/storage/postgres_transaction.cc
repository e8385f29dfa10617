#include "storage/postgres_transaction.h"

#include <algorithm>
#include <utility>

#include "storage/people_rules.h"

namespace eventrelay {

namespace {

/// Of what asked for no commit: nothing was done.
ChangeFault surely_undone(PgFault fault) {
  if (fault.error.code == ErrorCode::kUnknown) fault.error.code = ErrorCode::kUnavailable;
  return {std::move(fault)};
}

}  // namespace

void PgTransaction::draw_ids(std::size_t count) {
  PgParams params;
  params.add(static_cast<std::int64_t>(count)).add(context_.at_ms);
  draws_ = add("SELECT draw_ids($1, $2)", std::move(params));
}

std::size_t PgTransaction::add(PgStatement statement) {
  batch_.push_back(std::move(statement));
  return batch_.size() - 1;
}

std::size_t PgTransaction::add(const char* sql, PgParams params) {
  return add(PgStatement{sql, std::move(params)});
}

Awaitable<PgTransaction::Rows> PgTransaction::send() {
  is_open_ = true;
  PgResult<Rows> answer = co_await db_.run(std::exchange(batch_, {}), context_.deadline);
  if (!answer) {
    is_open_ = false;  // the connection rolls back what has a fault
    throw ChangeFault{answer.error()};
  }
  if (draws_) next_id_ = (*answer)[*draws_].integer(0, 0);
  if (draws_) time_ = time_of_id(next_id_);
  draws_.reset();
  co_return std::move(*answer);
}

Awaitable<PgTransaction::Rows> PgTransaction::run() {
  try {
    Rows rows = co_await send();
    co_return rows;
  } catch (const ChangeFault& fault) {
    throw surely_undone(fault.fault);
  }
}

void PgTransaction::note_made(std::string made, OrganizationId where) {
  made_ = std::move(made);
  where_ = where;
}

Awaitable<PgTransaction::Rows> PgTransaction::commit() {
  if (context_.audit) {
    const AuditEntry entry = completed(*context_.audit, where_, made_);
    PgParams params;
    params.add(context_.at_ms).add(entry.organization.value).add_text(entry.actor).add_text(entry.action);
    params.add_text(entry.target).add_text(entry.address);
    add("INSERT INTO audit (id, organization_id, actor, action, target, address)"
        " VALUES (draw_ids(1, $1), $2, $3, $4, $5, $6)",
        std::move(params));
  }
  add("COMMIT");
  Rows rows = co_await send();
  is_open_ = false;
  co_return rows;
}

Awaitable<void> PgTransaction::roll_back() {
  if (!std::exchange(is_open_, false)) co_return;
  // Also past the deadline: the connection is to be of use afterwards.
  const auto deadline = std::max(context_.deadline, std::chrono::steady_clock::now() + kRollbackTime);
  PgParams none;
  PgResult<PgRows> answer = co_await db_.query("ROLLBACK", std::move(none), deadline);
  if (!answer) db_.close();
}

}  // namespace eventrelay
