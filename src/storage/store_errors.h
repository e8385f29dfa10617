// What both databases say of the same. Pure; any thread.
#pragma once
#include "base/result.h"

namespace eventrelay {

inline Error too_much_waits() {
  return unavailable("The store has more waiting than it may; try again");
}
inline Error cannot_answer_now() {
  return unavailable("The store cannot answer queries now; try again");
}
inline Error key_reused() {
  return {ErrorCode::kKeyReused, "This Idempotency-Key was used before with another body", {}};
}

}  // namespace eventrelay
