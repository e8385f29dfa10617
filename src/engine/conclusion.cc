#include "engine/conclusion.h"

#include <algorithm>
#include <utility>

namespace eventrelay {

namespace {

/// A webhook that fails now and then changes nothing in the store: only what lasts so long is told.
constexpr auto kFailingToldAfter = std::chrono::minutes(1);

HealthChange health_after(Lane& lane, const AttemptOutcome& outcome, const Verdict& verdict, WallTime now) {
  if (verdict.gone) return HealthChange::kDisableGone;
  if (verdict.success) {
    const bool was_told = lane.failing_since && !lane.failing_untold;
    lane.failing_since.reset();
    return was_told ? HealthChange::kHealthy : HealthChange::kNone;
  }
  if (!lane.failing_since) {
    lane.failing_since = outcome.started_at;
    lane.failing_untold = true;
    return HealthChange::kNone;
  }
  const auto failing_for = now - *lane.failing_since;
  if (failing_for >= kDisableAfterFailing) return HealthChange::kDisableFailing;
  if (!lane.failing_untold || failing_for < kFailingToldAfter) return HealthChange::kNone;
  lane.failing_untold = false;
  return HealthChange::kFailing;
}

}  // namespace

FinishAttemptPtr conclude(Lane& lane, const Busy& busy, AttemptOutcome outcome, WallTime now, double random) {
  const PendingDelivery& delivery = busy.delivery;
  const Verdict verdict = judge(outcome, lane.webhook()->spec.retry, delivery.position, now, random);
  auto finish = std::make_shared<FinishAttempt>();
  finish->organization = delivery.organization;
  finish->webhook = delivery.webhook;
  finish->delivery = delivery.id;
  finish->event = delivery.event;
  if (delivery.message) finish->type = type_of(*delivery.message);
  finish->number = delivery.attempts + 1;
  finish->manual = delivery.manual;
  finish->token = busy.token;
  finish->health = health_after(lane, outcome, verdict, now);
  if (delivery.manual && !verdict.success && !verdict.gone) {
    // Beside the schedule: nothing of it is used up.
    finish->due = delivery.due;
    finish->position = delivery.position;
  } else {
    finish->state = verdict.state;
    finish->reason = verdict.reason;
    finish->position = delivery.position + 1;
    if (verdict.wait) finish->due = now + *verdict.wait;
  }
  if (verdict.success) finish->latency = std::max(milliseconds(0), now - delivery.first_due);
  lane.note_outcome(outcome, verdict.success);
  name_bad_status(outcome);
  finish->outcome = std::move(outcome);
  return finish;
}

FinishAttemptPtr still_true(Lane& lane, FinishAttemptPtr finish) {
  // It takes a newer failure's start out of the store: the next failure brings one again.
  if (finish->health == HealthChange::kHealthy && lane.failing_since) lane.failing_untold = true;
  const bool recovered = !lane.failing_since || *lane.failing_since > finish->outcome.started_at;
  if (finish->health != HealthChange::kFailing || !recovered) return finish;
  // A success has come between: the webhook must not be taken for one that has failed ever since.
  auto changed = std::make_shared<FinishAttempt>(*finish);
  changed->health = HealthChange::kNone;
  return changed;
}

}  // namespace eventrelay
