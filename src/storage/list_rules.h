// What lists mean, whichever database answers them: bounds of ids, searches, when a count is known without counting.
// Pure functions; any thread.
#pragma once
#include <limits>
#include <optional>
#include <string>

#include "ports/store_queries.h"

namespace eventrelay {

inline constexpr std::int64_t kIdMax = std::numeric_limits<std::int64_t>::max();
/// A count ends before its query is ended.
inline constexpr auto kCountTimeout = milliseconds(kQueryTimeout) * 3 / 4;

/// Ids from `from` on and below `to`.
struct IdRange {
  std::int64_t from = 0;
  std::int64_t to = kIdMax;
};
IdRange ids_made(std::optional<WallTime> after, std::optional<WallTime> before);
/// The page goes on below this id.
std::int64_t below(PageRequest request);

/// Every dead delivery of an organization: the gauge has their number.
bool selects_all_dead(const DeliveryFilter& filter);
Error count_took_too_long();
struct DeadCount {
  std::int64_t count = 0;
  bool is_complete = false;  ///< false: it took too long, there may be more
};

/// What an event list's `q` means: the event of a delivery, or a range of ids, or types that begin so.
struct EventSearch {
  IdRange ids;
  std::optional<DeliveryId> delivery;
  std::string type_prefix;  ///< empty: any type
};
EventSearch parse_search(const std::string& q);

}  // namespace eventrelay
