#include "storage/postgres_changes.h"

#include <exception>

#include "storage/postgres_change_session.h"

namespace eventrelay {

namespace {

constexpr int kTriesMax = 3;

bool is_worth_a_try(const PgFault& fault) {
  return fault.sqlstate == pg_state::kDeadlock || fault.sqlstate == "40001";
}

Awaitable<std::optional<PgFault>> make_partitions(PgConnection& db, const ChangeContext& context) {
  PgParams params;
  params.add(context.at_ms);
  // Two days: ids may be ahead of the clock.
  PgResult<PgRows> made =
      co_await db.query("SELECT make_partitions(coalesce($1, now_ms()), 2)", std::move(params), context.deadline);
  std::optional<PgFault> fault;
  if (!made) fault = made.error();
  co_return fault;
}

/// change: what a ChangeSession applies; each try is a transaction of its own.
template <class What>
Awaitable<PgResult<ChangeOutcome>> in_transaction(PgConnection& db, ChangeContext context, const What& change) {
  bool may_lack_partition = true;
  for (int attempt = 1;; ++attempt) {
    ChangeSession session(db, context);
    std::optional<PgFault> fault;
    try {
      Result<ChangeResult> result = co_await session.apply(change);
      co_await session.roll_back();  // of what was refused
      ChangeOutcome outcome{std::move(result), session.take_news()};
      co_return outcome;
    } catch (const ChangeFault& caught) {
      fault = caught.fault;
    } catch (const std::exception& caught) {  // a row that cannot be read
      fault = PgFault{{ErrorCode::kUnknown, std::string("The database is damaged: ") + caught.what(), {}}, ""};
    }
    co_await session.roll_back();
    if (fault->sqlstate == pg_state::kNoPartition && may_lack_partition) {
      may_lack_partition = false;
      fault = co_await make_partitions(db, context);
      if (!fault) continue;
    }
    if (attempt >= kTriesMax || !is_worth_a_try(*fault)) co_return *fault;
  }
}

Awaitable<PgResult<ChangeOutcome>> create_job(PgConnection& db, ChangeContext context, CreateJob job) {
  if (job.kind == JobKind::kCancelPending) {
    // It is made with its webhook's deletion alone.
    ChangeOutcome refused{Error{ErrorCode::kInvalid,
                                "What waits for a webhook is cancelled by deleting it",
                                {{"kind", "is not for people"}}},
                          {}};
    co_return refused;
  }
  std::optional<PgFault> fault;
  CountedPgJob counted;
  try {
    counted = co_await count_job({db, context.deadline}, std::move(job));
  } catch (const ChangeFault& caught) {
    fault = caught.fault;
  }
  if (fault) co_return *fault;
  PgResult<ChangeOutcome> outcome = co_await in_transaction(db, context, counted);
  co_return outcome;
}

}  // namespace

Awaitable<PgResult<ChangeOutcome>> apply_change(PgConnection& db, ChangeContext context, Change change) {
  context.audit = std::move(change.audit);
  Awaitable<PgResult<ChangeOutcome>> applied = std::visit(
      [&]<class What>(const What& what) {
        if constexpr (std::is_same_v<What, CreateJob>) {
          return create_job(db, context, what);
        } else {
          return in_transaction(db, context, what);
        }
      },
      change);
  PgResult<ChangeOutcome> outcome = co_await std::move(applied);
  co_return outcome;
}

Awaitable<PgResult<ChangeOutcome>> apply_health(PgConnection& db, ChangeContext context, FinishAttemptPtr finish) {
  std::optional<PgFault> fault;
  HealthLook look;
  try {
    // Most ends of attempts at a failing webhook say the same: they keep nobody waiting.
    look = co_await look_at_health({db, context.deadline}, *finish);
  } catch (const ChangeFault& caught) {
    fault = caught.fault;
  }
  if (fault) co_return *fault;
  if (look.is_known) {
    ChangeOutcome nothing{ChangeResult{.id = finish->webhook.value, .webhook = look.webhook}, {}};
    co_return nothing;
  }
  PgResult<ChangeOutcome> outcome = co_await in_transaction(db, context, *finish);
  co_return outcome;
}

}  // namespace eventrelay
