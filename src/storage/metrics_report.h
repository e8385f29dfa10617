// Reports out of rollups and notes (storage/rollup.h), whichever database kept them. Values; each is used by one thread
// at a time.
#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "ports/store_queries.h"
#include "storage/rollup.h"

namespace eventrelay {

/// Rollups of `span` minutes that begin in [first, end): minutes since 1970.
struct RollupRange {
  std::int64_t span = kMinuteSpan;
  std::int64_t first = 0;
  std::int64_t end = 0;
  int sign = 1;  ///< -1: they are taken away from the others
};

class MetricsReportBuilder {
 public:
  /// The last point is the one that `now` is in.
  MetricsReportBuilder(MetricsWindow window, WallTime now);
  /// Of what the report is made, with the notes of these minutes.
  const RollupRange& range() const { return range_; }

  /// Where a rollup or a note of that minute is added. minute: in the range.
  Rollup& at(std::int64_t minute) { return points_[static_cast<std::size_t>((minute - range_.first) / step_)]; }
  /// With percentiles and totals. Once.
  MetricsReport take();

 private:
  RollupRange range_;
  std::int64_t step_ = 0;  ///< minutes of a point
  std::vector<Rollup> points_;
};

/// Of each of an organization's webhooks what a window has.
class WebhookCountsBuilder {
 public:
  /// window: k1h or k24h. The last minute, or hour, is the one that `now` is in.
  WebhookCountsBuilder(MetricsWindow window, WallTime now);
  /// The window, of whose minutes the notes are.
  const RollupRange& range() const { return range_; }
  /// The same in at most 31 rollups of a webhook.
  std::vector<RollupRange> rollups() const;

  /// Only such are counted.
  void add_webhook(WebhookId id) { webhooks_.try_emplace(id); }
  /// Where its rollups and notes are added; nullptr: it is not counted.
  Rollup* find(WebhookId id);
  /// Those with attempts, the most failed ones first, then the newest; at most kWebhookCountsMax.
  std::vector<WebhookCounts> take() const;

 private:
  RollupRange range_;
  std::unordered_map<WebhookId, std::unique_ptr<Rollup>> webhooks_;  ///< nullptr: nothing yet
};

}  // namespace eventrelay
