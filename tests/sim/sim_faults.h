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
};

inline constexpr std::string_view kSimFaultNames[] = {
    "none",        "ack_before_commit", "forget_timers",   "forget_completion", "swap_order",
    "count_twice", "stale_refill",      "forget_overflow", "skip_rematch"};
std::optional<SimFault> parse_sim_fault(std::string_view name);

}  // namespace eventrelay
