#include "storage/sqlite_attempts.h"

#include "storage/header_text.h"
#include "storage/sqlite_deliveries.h"
#include "storage/sqlite_webhooks.h"

namespace eventrelay {
namespace {

/// What nearly every attempt is: the success of a pending delivery. false: it is something else.
bool finish_plain_success(WriteContext& context, const FinishAttempt& intent) {
  if (intent.state != DeliveryState::kSucceeded || intent.outcome.error != AttemptError::kNone) return false;
  // An id of its own only for what failed before: that the end has its time, and the row its place.
  const std::int64_t ended_id = context.next_id();
  context.db
      .query("UPDATE deliveries SET state = 1, attempts = ?3, position = ?4, manual = 0, ended_id = ?5, last_status = ?6,"
             " last_error = 0 WHERE id = ?1 AND organization_id = ?2 AND state = 0 AND attempts = ?3 - 1")
      .bind(intent.delivery, intent.organization, intent.number, intent.position, ended_id,
            std::uint32_t{intent.outcome.status_code})
      .run();
  return context.db.changes() == 1;
}

void insert_attempt(Database& db, const FinishAttempt& intent, const EncodedAttempt& encoded) {
  const AttemptOutcome& outcome = intent.outcome;
  db.query("INSERT INTO attempts (delivery_id, number, manual, started_at_ms, duration_ms, status_code, error,"
           " error_message, dns_us, connect_us, tls_us, first_byte_us, remote_address, request_headers,"
           " response_headers, response_body, response_truncated)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(intent.delivery, intent.number, intent.manual, outcome.started_at, std::int64_t{outcome.duration.count()},
            std::uint32_t{outcome.status_code}, static_cast<int>(outcome.error), outcome.error_message,
            outcome.timings.dns_us, outcome.timings.connect_us, outcome.timings.tls_us, outcome.timings.first_byte_us,
            outcome.remote_address, encoded.request_headers, encoded.response_headers, Blob{outcome.response_body},
            outcome.response_truncated)
      .run();
}

void count_attempt(Tally& tally, const FinishAttempt& intent) {
  tally.counters.attempts += 1;
  tally.counters.failed_attempts += intent.state == DeliveryState::kSucceeded ? 0 : 1;
  tally.counters.retries += intent.number > 1 ? 1 : 0;
}

void count_success(Tally& tally, const FinishAttempt& intent) {
  tally.counters.succeeded += 1;
  tally.latency.add(intent.latency.count());
  tally.pending -= 1;
}

/// The delivery's row after the attempt, when it is pending.
void move(DeliveryRecord& row, const FinishAttempt& intent, bool ordered) {
  row.position = intent.position;
  if (intent.state != DeliveryState::kPending) return;
  const bool asked_meanwhile = row.manual && !intent.manual;
  row.due = intent.due;
  if (asked_meanwhile) return;
  row.manual = false;
  row.sort_at = ordered ? row.first_due : row.due;
}

Result<FinishResult> finish_in_general(WriteContext& context, const FinishAttempt& intent,
                                       const EncodedAttempt& encoded) {
  auto row = load_delivery(context.db, intent.organization, intent.delivery);
  if (!row) return Error{ErrorCode::kNotFound, "No such delivery", {}};
  if (intent.number <= row->attempts) return FinishResult{row->state};
  insert_attempt(context.db, intent, encoded);
  Tally& tally = context.tally(intent.organization);
  count_attempt(tally, intent);
  row->attempts = intent.number;
  row->last_status = intent.outcome.status_code;
  row->last_error = intent.outcome.error;
  if (row->state == DeliveryState::kPending) {
    const WebhookPtr webhook = context.find_webhook(intent.organization, row->webhook);
    move(*row, intent, webhook && webhook->spec.ordered);
    if (intent.state == DeliveryState::kSucceeded) count_success(tally, intent);
    end_delivery(context, *row, intent.state, intent.reason);
  } else {
    store_delivery(context.db, *row);
  }
  return FinishResult{row->state};
}

void change_health(WriteContext& context, const FinishAttempt& intent) {
  if (intent.health == HealthChange::kNone) return;
  const WebhookPtr webhook = context.find_webhook(intent.organization, intent.webhook);
  if (!webhook) return;
  Webhook changed = *webhook;
  switch (intent.health) {
    case HealthChange::kNone:
      return;
    case HealthChange::kFailing:
      if (changed.failing_since) return;
      changed.failing_since = intent.outcome.started_at;
      break;
    case HealthChange::kHealthy:
      if (!changed.failing_since) return;
      changed.failing_since.reset();
      break;
    case HealthChange::kDisableGone:
    case HealthChange::kDisableFailing:
      if (!changed.spec.enabled) return;
      changed.spec.enabled = false;
      changed.disabled_reason =
          intent.health == HealthChange::kDisableGone ? DisabledReason::kGone : DisabledReason::kFailing;
      changed.updated_at = context.now;
      break;
  }
  store_webhook(context, std::move(changed));
}

}  // namespace

EncodedAttempt encode_attempt(const AttemptOutcome& outcome) {
  return {encode_headers_redacted(outcome.request_headers), encode_headers_redacted(outcome.response_headers)};
}

Result<FinishResult> apply_finish(WriteContext& context, const FinishAttempt& intent, const EncodedAttempt& encoded) {
  Result<FinishResult> result = FinishResult{intent.state};
  if (finish_plain_success(context, intent)) {
    insert_attempt(context.db, intent, encoded);
    Tally& tally = context.tally(intent.organization);
    count_attempt(tally, intent);
    count_success(tally, intent);
  } else {
    const std::int64_t attempts_before = context.tally(intent.organization).counters.attempts;
    result = finish_in_general(context, intent, encoded);
    // A repeated one changes nothing, nor the webhook's health.
    if (!result || context.tally(intent.organization).counters.attempts == attempts_before) return result;
  }
  change_health(context, intent);
  return result;
}

}  // namespace eventrelay
