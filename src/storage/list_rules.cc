#include "storage/list_rules.h"

namespace eventrelay {

IdRange ids_made(std::optional<WallTime> after, std::optional<WallTime> before) {
  return {after ? first_id_at(*after) : 0, before ? first_id_at(*before) : kIdMax};
}

std::int64_t below(PageRequest request) {
  return request.cursor ? request.cursor : kIdMax;
}

bool selects_all_dead(const DeliveryFilter& filter) {
  return !filter.webhook && !filter.event && filter.type.empty() && filter.tenant.empty() && !filter.after &&
         !filter.before;
}

Error count_took_too_long() {
  return Error{ErrorCode::kTimeout, "Counting what matches took too long; narrow the filter", {}};
}

EventSearch parse_search(const std::string& q) {
  EventSearch search;
  if (q.empty()) return search;
  search.delivery = parse_id<DeliveryId>(q);
  if (search.delivery) return search;
  // The beginning of an id: all ids that it can go on to.
  constexpr std::size_t kIdChars = 17;
  if (q.starts_with(EventId::kPrefix) && q.size() <= kIdChars) {
    const auto low = decode_id(EventId::kPrefix, q + std::string(kIdChars - q.size(), '0'));
    const auto high = decode_id(EventId::kPrefix, q + std::string(kIdChars - q.size(), 'z'));
    if (low) {
      search.ids.from = *low;
      if (high && *high < kIdMax) search.ids.to = *high + 1;
      return search;
    }
  }
  search.type_prefix = q;
  return search;
}

}  // namespace eventrelay
