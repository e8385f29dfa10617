// How often a password or a link may be tried: by account and address together, by address, by account. Asked before
// anything is hashed. An attempt counts as a failed one until it is known to be none, so that many at once are counted
// too. In memory, of the process. Thread-safe.
#pragma once
#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "domain/target_url.h"

namespace eventrelay {

// Tries without a wait; each one more doubles it, from a second on.
inline constexpr int kTriesOfPair = 5;
inline constexpr int kTriesOfAddress = 60;
inline constexpr int kTriesOfAccount = 60;
inline constexpr auto kThrottleWaitMax = std::chrono::seconds(30);
inline constexpr auto kTryForgottenAfter = std::chrono::minutes(1);  ///< one of them, for each such time without a try
inline constexpr std::size_t kThrottleEntriesMax = 10'000;           ///< of each kind; then the oldest goes

/// The tries of one kind: who, how many, when last. One caller's.
class TryTable {
 public:
  explicit TryTable(int free_tries) : free_tries_(free_tries) {}

  /// How long the next try has to wait; 0: not at all.
  milliseconds wait(const std::string& who, SteadyTime now) const;
  void count(const std::string& who, SteadyTime now);
  /// The last one was none.
  void take_back(const std::string& who);
  void forget(const std::string& who);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string who;
    int tries = 0;
    SteadyTime last{};
  };
  static int tries_left_of(const Entry& entry, SteadyTime now);

  int free_tries_;
  std::list<Entry> entries_;  ///< the one touched last first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_;
};

class Throttle {
 public:
  /// account: an e-mail in lower case, or what else is tried. trusted: the account was signed in to from there before,
  /// so what others do to it does not count.
  struct Attempt {
    std::string account;
    IpAddress address;
    bool trusted = false;
  };

  /// 0: go on; the attempt is counted. Else how long to wait, at most kThrottleWaitMax, and nothing is counted.
  milliseconds begin(const Attempt& attempt, SteadyTime now);
  /// It was right: the account's tries from there are forgotten.
  void succeeded(const Attempt& attempt);
  /// It came to nothing, for a reason that is not the caller's.
  void withdrawn(const Attempt& attempt);

 private:
  /// It is no failed one.
  void end(const Attempt& attempt, void (TryTable::*end_of_pair)(const std::string& who));

  std::mutex mutex_;
  TryTable pairs_{kTriesOfPair};
  TryTable addresses_{kTriesOfAddress};
  TryTable accounts_{kTriesOfAccount};
};

}  // namespace eventrelay
