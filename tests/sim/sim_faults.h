// What a run of the simulation may have planted in it, to prove that it finds such faults.
#pragma once
#include <optional>
#include <string_view>

namespace eventrelay {

enum class SimFault {
  kNone,
  kAckBeforeCommit,   ///< the store answers an ingest that a crash then takes away
  kForgetTimers,      ///< at the start lanes whose next due time is ahead are not found
  kForgetCompletion,  ///< an attempt's end is answered, not written
  kSwapOrder,         ///< two rows of an ordered lane change places on their way to it
  kCountTwice,        ///< an attempt's end that comes again counts again
  kStaleRefill,       ///< LaneFaults::keep_stale_rows
  kForgetOverflow,    ///< LaneFaults::forget_overflow
  kSkipRematch,       ///< the commit takes the webhooks that were matched, whatever has changed since
  // Of worlds of several processes.
  kLogUnread,         ///< the commit log has no notes, and what a killed process did not append is never found
  kCoverageOff,       ///< LaneFaults::forget_reads: an entry that comes after a read that saw it is taken as new
  kScanUnseen,        ///< pages of lanes do not say what they saw; rare: a seed of some hundreds finds it
  kReadFromXmax,      ///< "key > last seen": the commit log is read on from above all that was begun
  kCountAll,          ///< counters count the ends that were asked for, not the rows that changed
  kForgetHanded,      ///< partitions are given away without what is under way in them
  kKeepConnections,   ///< a fence waits for what the stopped worker's connections hold, and does not end them
  kNoFencing,         ///< an attempt's end is taken whatever its token
  kLeaseByWallClock,  ///< a lease's end is judged by the wall clock
  kVersionUnchecked,  ///< an ingest is committed with the webhooks that it was matched with
  kLateWrite,         ///< a request is written when its connection is there, whatever has become of the lease
  kTokenAtEnd,        ///< an attempt's end is committed under the worker's token of then, not of when it began
};
inline bool is_of_several_processes(SimFault fault) {
  return fault >= SimFault::kLogUnread;
}

inline constexpr std::string_view kSimFaultNames[] = {
    "none",           "ack_before_commit",   "forget_timers",     "forget_completion",
    "swap_order",     "count_twice",         "stale_refill",      "forget_overflow",
    "skip_rematch",   "log_unread",          "coverage_off",      "scan_unseen",
    "read_from_xmax", "count_all",           "forget_handed",     "keep_connections",
    "no_fencing",     "lease_by_wall_clock", "version_unchecked", "late_write",
    "token_at_end"};
std::optional<SimFault> parse_sim_fault(std::string_view name);

}  // namespace eventrelay
