// What follows from the end of an attempt: the delivery's next state, the webhook's health. Decisions only; the
// dispatcher commits them. One loop's; not thread-safe.
#pragma once
#include "engine/lane.h"
#include "ports/store.h"

namespace eventrelay {

/// busy: what was sent, and under which token. random: 0 up to 1, for the wait until the next attempt. The lane learns
/// from the outcome.
FinishAttemptPtr conclude(Lane& lane, const Busy& busy, AttemptOutcome outcome, WallTime now, double random);

/// The same end, to be submitted again later, when the lane's health has gone on: without what is outdated.
FinishAttemptPtr still_true(Lane& lane, FinishAttemptPtr finish);

}  // namespace eventrelay
