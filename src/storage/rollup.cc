#include "storage/rollup.h"

#include <cassert>
#include <cstring>

namespace eventrelay {

namespace {
constexpr CountKind kBucketMask = 255;
}  // namespace

CountKind count_kind(const FinishAttempt& attempt, bool was_pending) {
  int kind = attempt.number > 1 ? kCountRetry : 0;
  if (attempt.state != DeliveryState::kSucceeded) kind |= kCountFailed;
  if (was_pending && attempt.state == DeliveryState::kDead) kind |= kCountDead;
  if (was_pending && attempt.state == DeliveryState::kSucceeded)
    kind |= kCountSucceeded | static_cast<int>(LatencyHistogram::bucket_of(attempt.latency));
  return static_cast<CountKind>(kind);
}

void Rollup::add(CountKind kind, std::int64_t count) {
  switch (kind) {
    case kCountEvent:
      counters.events += count;
      return;
    case kCountUnmatched:
      counters.events += count;
      counters.unmatched += count;
      return;
    case kCountDelivery:
      counters.deliveries += count;
      return;
    case kCountCancelled:
      counters.cancelled += count;
      return;
    default:
      break;
  }
  counters.attempts += count;
  if ((kind & kCountFailed) != 0) counters.failed_attempts += count;
  if ((kind & kCountRetry) != 0) counters.retries += count;
  if ((kind & kCountDead) != 0) counters.dead += count;
  if ((kind & kCountSucceeded) == 0) return;
  counters.succeeded += count;
  latency.add(static_cast<std::size_t>(kind & kBucketMask), static_cast<std::uint64_t>(count));
}

void Rollup::add(const Rollup& more) {
  for (const auto counter : kCounters) counters.*counter += more.counters.*counter;
  latency.merge(more.latency);
}

void CountNote::add(std::string_view encoded) {
  each(encoded, [this](WebhookId webhook, CountKind kind, std::int64_t count) { add(webhook, kind, count); });
}

std::pair<WebhookId, Rollup> CountNote::take() {
  assert(!empty());
  std::pair<WebhookId, Rollup> taken{counts_.begin()->first.first, {}};
  for (auto first = counts_.begin(); first != counts_.end() && first->first.first == taken.first;
       first = counts_.erase(first))
    taken.second.add(first->first.second, first->second);
  return taken;
}

Counters CountNote::total() const {
  Rollup sum;
  for (const auto& [key, count] : counts_) sum.add(key.second, count);
  return sum.counters;
}

std::string CountNote::encode() const {
  std::string out;
  out.reserve(counts_.size() * kEntryBytes);
  for (const auto& [key, count] : counts_) {
    const auto count32 = static_cast<std::uint32_t>(count);
    char entry[kEntryBytes];
    std::memcpy(entry, &key.first.value, 8);
    std::memcpy(entry + 8, &key.second, 2);
    std::memcpy(entry + 10, &count32, 4);
    out.append(entry, sizeof entry);
  }
  return out;
}

CountNote::Entry CountNote::entry_of(std::string_view bytes) {
  Entry entry;
  std::uint32_t count = 0;
  std::memcpy(&entry.webhook.value, bytes.data(), 8);
  std::memcpy(&entry.kind, bytes.data() + 8, 2);
  std::memcpy(&count, bytes.data() + 10, 4);
  entry.count = count;
  return entry;
}

}  // namespace eventrelay
