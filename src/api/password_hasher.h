// Argon2id beside the event loops, with what OWASP asks for at least: 19 MiB, two passes. One thread of the process, so
// that passwords neither hold up a loop nor take more memory than one of them needs. Any thread but for the destructor.
#pragma once
#include <string>

#include "base/result.h"
#include "base/work_thread.h"
#include "ports/event_loop.h"

namespace eventrelay {

/// Then who comes is told to try again: about two seconds' work.
inline constexpr std::size_t kPasswordsWaitingMax = 64;

class PasswordHasher {
 public:
  PasswordHasher();
  ~PasswordHasher() { stop(); }
  PasswordHasher(const PasswordHasher&) = delete;
  PasswordHasher& operator=(const PasswordHasher&) = delete;

  /// "$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH". The completion runs on `loop`. Errors: kUnavailable.
  void hash(EventLoop& loop, std::string password, Completion<Result<std::string>> done);
  /// hash: empty for an account that does not exist, which takes as long and is never right. As hash() otherwise.
  void verify(EventLoop& loop, std::string hash, std::string password, Completion<Result<bool>> done);
  /// What waits is answered with kUnavailable, and so is whatever comes. Before the loops end.
  void stop() { thread_.stop(); }

 private:
  WorkThread thread_{kPasswordsWaitingMax};
};

}  // namespace eventrelay
