// The ends of attempts: the record, the delivery's state, the webhook's health.
#include "storage/sqlite_session.h"

namespace eventrelay {

Result<FinishResult> SqliteSession::apply(const EncodedAttempt& attempt) {
  const FinishAttempt& intent = *attempt.intent;
  if (intent.state != DeliveryState::kPending && end_pending(intent)) {
    note_attempt(attempt, true);
    return FinishResult{intent.state};
  }
  DeliveryState state{};
  bool manual = false;
  std::int64_t sort_at_ms = 0;
  std::int64_t first_due_ms = 0;
  {
    auto row = db_.use(
        "SELECT state, attempts, manual, sort_at_ms, first_due_ms FROM deliveries WHERE id = ?1 AND organization_id = "
        "?2");
    row.bind(intent.delivery.value).bind(intent.organization.value);
    if (!row.step()) return no_such("delivery");
    state = static_cast<DeliveryState>(row.integer(0));
    if (row.integer(1) >= intent.number) return FinishResult{state};  // recorded before
    manual = row.integer(2) != 0;
    sort_at_ms = row.integer(3);
    first_due_ms = row.integer(4);
  }
  note_attempt(attempt, state == DeliveryState::kPending);
  const auto status = std::int64_t{intent.outcome.status_code};
  const auto error = static_cast<std::int64_t>(intent.outcome.error);
  if (state != DeliveryState::kPending) {
    db_.use("UPDATE deliveries SET attempts = ?2, last_status = ?3, last_error = ?4 WHERE id = ?1")
        .bind(intent.delivery.value)
        .bind(std::int64_t{intent.number})
        .bind(status)
        .bind(error)
        .run();
    return FinishResult{state};
  }
  const bool asked_again = manual && !intent.manual;
  const WebhookPtr webhook = index_.find(intent.webhook);
  const bool ordered = webhook && webhook->spec.ordered;
  if (ordered) sort_at_ms = first_due_ms;
  if (!ordered && !asked_again) sort_at_ms = unix_ms(intent.due);
  db_.use(
         "UPDATE deliveries SET attempts = ?2, last_status = ?3, last_error = ?4, position = ?5, due_ms = ?6,"
         " sort_at_ms = ?7, manual = ?8 WHERE id = ?1")
      .bind(intent.delivery.value)
      .bind(std::int64_t{intent.number})
      .bind(status)
      .bind(error)
      .bind(std::int64_t{intent.position})
      .bind(unix_ms(intent.due))
      .bind(sort_at_ms)
      .bind(std::int64_t{asked_again})
      .run();
  return FinishResult{DeliveryState::kPending};
}

/// The usual end, in one statement; false, and no change, where the delivery is not pending or the attempt is known.
bool SqliteSession::end_pending(const FinishAttempt& intent) {
  db_.use(
         "UPDATE deliveries SET attempts = ?3, last_status = ?4, last_error = ?5, position = ?6, state = ?7,"
         " reason = ?8, ended_id = ?9, manual = 0 WHERE id = ?1 AND organization_id = ?2 AND state = 0 AND attempts < "
         "?3")
      .bind(intent.delivery.value)
      .bind(intent.organization.value)
      .bind(std::int64_t{intent.number})
      .bind(std::int64_t{intent.outcome.status_code})
      .bind(static_cast<std::int64_t>(intent.outcome.error))
      .bind(std::int64_t{intent.position})
      .bind(static_cast<std::int64_t>(intent.state))
      .bind(intent.reason)
      .bind(next_id())
      .run();
  if (db_.changes() == 0) return false;
  CounterDelta& counted = delta(intent.organization);
  counted.pending -= 1;
  if (intent.state == DeliveryState::kDead) counted.dead += 1;
  return true;
}

/// The attempt's record, what is counted of it, the webhook's health.
void SqliteSession::note_attempt(const EncodedAttempt& attempt, bool was_pending) {
  const FinishAttempt& intent = *attempt.intent;
  const AttemptOutcome& outcome = intent.outcome;
  db_.use("INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)")
      .bind(intent.delivery.value)
      .bind(std::int64_t{intent.number})
      .bind(std::int64_t{intent.manual})
      .bind(unix_ms(outcome.started_at))
      .bind(outcome.duration.count())
      .bind(std::int64_t{outcome.status_code})
      .bind(static_cast<std::int64_t>(outcome.error))
      .bind(outcome.error_message)
      .bind(attempt.request_headers)
      .bind(attempt.response_headers)
      .bind_blob(outcome.response_body)
      .bind(std::int64_t{outcome.response_truncated})
      .bind(outcome.remote_address)
      .bind(outcome.timings.dns_us)
      .bind(outcome.timings.connect_us)
      .bind(outcome.timings.tls_us)
      .bind(outcome.timings.first_byte_us)
      .run();
  delta(intent.organization).note.add(intent.webhook, count_kind(intent, was_pending));
  change_health(intent);
}

void SqliteSession::change_health(const FinishAttempt& intent) {
  if (intent.health == HealthChange::kNone) return;
  const WebhookPtr current = find_webhook(intent.organization, intent.webhook);
  if (!current) return;
  // The loops must know it: a lane that is made anew begins with what the webhook says.
  Webhook next = *current;
  switch (intent.health) {
    case HealthChange::kNone:
      return;
    case HealthChange::kFailing:
      if (next.failing_since) return;
      next.failing_since = intent.outcome.started_at;
      break;
    case HealthChange::kHealthy:
      if (!next.failing_since) return;
      next.failing_since.reset();
      break;
    case HealthChange::kDisableGone:
    case HealthChange::kDisableFailing:
      if (!next.spec.enabled) return;
      next.spec.enabled = false;
      next.disabled_reason =
          intent.health == HealthChange::kDisableGone ? DisabledReason::kGone : DisabledReason::kFailing;
      next.updated_at = time();
      break;
  }
  publish(std::move(next));
}

}  // namespace eventrelay
