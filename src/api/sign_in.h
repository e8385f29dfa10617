// What the event loops of a process share for signing in. Thread-safe.
#pragma once
#include "api/password_hasher.h"
#include "api/throttle.h"

namespace eventrelay {

struct SignIn {
  PasswordHasher hasher;
  Throttle throttle;
};

}  // namespace eventrelay
