// What is counted, and how. Each commit leaves a note of what it counted, one an organization; when its minute is over
// it is folded into two rollups, the sums of that minute and of its hour: what was counted is in a note or in both.
// Values; each is used by one thread at a time.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "ports/store_queries.h"
#include "storage/codec.h"

namespace eventrelay {

// Minutes that one rollup covers.
inline constexpr std::int64_t kMinuteSpan = 1;
inline constexpr std::int64_t kHourSpan = 60;
/// In the place of a webhook: what is of none; in rollups the sum of all.
inline constexpr WebhookId kWholeOrganization{};
/// Between two folds of the notes.
inline constexpr auto kFoldEvery = std::chrono::seconds(5);

/// What happened: one of the negative numbers; or an attempt: a sum of the others, with its latency's bucket in the
/// lowest eight bits. They are stored, and fold_counts in postgres_migrations knows them too.
using CountKind = std::int16_t;
inline constexpr CountKind kCountEvent = -1;
inline constexpr CountKind kCountUnmatched = -2;  ///< an event too
inline constexpr CountKind kCountDelivery = -3;
inline constexpr CountKind kCountCancelled = -4;
inline constexpr CountKind kCountSucceeded = 256;  ///< the delivery; with a latency
inline constexpr CountKind kCountFailed = 512;
inline constexpr CountKind kCountRetry = 1024;
inline constexpr CountKind kCountDead = 2048;  ///< the delivery

/// was_pending: the delivery, until then; else the attempt counts and the delivery's end does not.
CountKind count_kind(const FinishAttempt& attempt, bool was_pending);

/// In the order of the tables' columns.
inline constexpr std::array kCounters{&Counters::events,   &Counters::unmatched, &Counters::deliveries,
                                      &Counters::attempts, &Counters::succeeded, &Counters::failed_attempts,
                                      &Counters::retries,  &Counters::dead,      &Counters::cancelled};
inline constexpr int kCounterColumns = static_cast<int>(kCounters.size());

struct Rollup {
  Counters counters;
  LatencyHistogram latency;

  void add(CountKind kind, std::int64_t count);
  void add(const Rollup& more);
};

/// How often what happened at which webhook.
class CountNote {
 public:
  void add(WebhookId webhook, CountKind kind, std::int64_t count = 1) { counts_[{webhook, kind}] += count; }
  /// What encode() gave, too.
  void add(std::string_view encoded);
  bool empty() const { return counts_.empty(); }
  /// Takes the first webhook out, kWholeOrganization before all others. REQUIRES: not empty.
  std::pair<WebhookId, Rollup> take();
  /// Of all webhooks.
  Counters total() const;

  /// visit(WebhookId, CountKind, std::int64_t count), by webhook.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const auto& [key, count] : counts_) visit(key.first, key.second, count);
  }
  /// The same of what encode() gave.
  template <class Visit>
  static void each(std::string_view encoded, const Visit& visit) {
    for (; encoded.size() >= kEntryBytes; encoded.remove_prefix(kEntryBytes)) {
      const Entry entry = entry_of(encoded);
      visit(entry.webhook, entry.kind, entry.count);
    }
  }
  /// In the machine's order.
  std::string encode() const;

 private:
  struct Entry {
    WebhookId webhook;
    CountKind kind = 0;
    std::int64_t count = 0;
  };
  static constexpr std::size_t kEntryBytes = 8 + 2 + 4;  // the webhook, the kind, the count
  static Entry entry_of(std::string_view bytes);

  std::map<std::pair<WebhookId, CountKind>, std::int64_t> counts_;
};

}  // namespace eventrelay
