#include "api/throttle.h"

#include <algorithm>

#include "base/crypto.h"

namespace eventrelay {
namespace {

/// 2^5 seconds are past the longest wait.
constexpr int kDoublingsMax = 5;
/// Whoever has one IPv6 address has the 2^64 of its network.
constexpr std::size_t kV6NetworkBytes = 8;

std::string address_key(const IpAddress& address) {
  const auto bytes = address.is_v4() ? address.bytes.size() : kV6NetworkBytes;
  return std::string(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(bytes));
}

/// The hash of what was typed: that can be as long as a body, and a table keeps thousands. All are of one length, so
/// that an address behind it makes a name that no other two make.
std::string account_key(const std::string& account) {
  return std::string(as_bytes(sha256(account)));
}

}  // namespace

int TryTable::tries_left_of(const Entry& entry, SteadyTime now) {
  const auto forgotten = std::max<std::int64_t>((now - entry.last) / kTryForgottenAfter, 0);
  return static_cast<int>(std::max<std::int64_t>(entry.tries - forgotten, 0));
}

milliseconds TryTable::wait(const std::string& who, SteadyTime now) const {
  const auto found = index_.find(who);
  if (found == index_.end()) return milliseconds{0};
  const auto& entry = *found->second;
  const int past = tries_left_of(entry, now) - free_tries_;
  if (past < 0) return milliseconds{0};
  const auto pause =
      std::min<std::chrono::seconds>(std::chrono::seconds(1 << std::min(past, kDoublingsMax)), kThrottleWaitMax);
  return std::max(std::chrono::ceil<milliseconds>(entry.last + pause - now), milliseconds{0});
}

void TryTable::count(const std::string& who, SteadyTime now) {
  if (const auto found = index_.find(who); found != index_.end()) {
    auto& entry = *found->second;
    entry.tries = tries_left_of(entry, now) + 1;
    entry.last = now;
    entries_.splice(entries_.begin(), entries_, found->second);
    return;
  }
  if (entries_.size() >= kThrottleEntriesMax) forget(std::string(entries_.back().who));
  entries_.push_front({who, 1, now});
  index_.emplace(entries_.front().who, entries_.begin());
}

void TryTable::take_back(const std::string& who) {
  const auto found = index_.find(who);
  if (found == index_.end()) return;
  if (--found->second->tries <= 0) forget(who);
}

void TryTable::forget(const std::string& who) {
  const auto found = index_.find(who);
  if (found == index_.end()) return;
  const auto entry = found->second;
  index_.erase(found);  // before the entry, whose text is the key
  entries_.erase(entry);
}

milliseconds Throttle::begin(const Attempt& attempt, SteadyTime now) {
  const auto account = account_key(attempt.account);
  const auto address = address_key(attempt.address);
  const std::lock_guard lock(mutex_);
  auto wait = std::max(pairs_.wait(account + address, now), addresses_.wait(address, now));
  if (!attempt.trusted) wait = std::max(wait, accounts_.wait(account, now));
  if (wait > milliseconds{0}) return wait;
  pairs_.count(account + address, now);
  addresses_.count(address, now);
  if (!attempt.trusted) accounts_.count(account, now);
  return milliseconds{0};
}

void Throttle::end(const Attempt& attempt, void (TryTable::*end_of_pair)(const std::string& who)) {
  const auto account = account_key(attempt.account);
  const auto address = address_key(attempt.address);
  const std::lock_guard lock(mutex_);
  (pairs_.*end_of_pair)(account + address);
  // Never all of them: an account of one's own would else pay for tries at all the others.
  addresses_.take_back(address);
  if (!attempt.trusted) accounts_.take_back(account);
}

void Throttle::succeeded(const Attempt& attempt) {
  end(attempt, &TryTable::forget);
}

void Throttle::withdrawn(const Attempt& attempt) {
  end(attempt, &TryTable::take_back);
}

}  // namespace eventrelay
