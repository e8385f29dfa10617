// What people ask of the store: lists, single objects, counts. Each names its organization; another's objects are
// kNotFound. Every call is answered within kQueryTimeout: with kTimeout, or with kUnavailable where the store says
// nothing at all. None stalls a commit. Completes on `loop`.
// Lists are newest first, examine at most kRowsExaminedMax rows and may therefore return a short, even empty page with
// a next cursor.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ports/store.h"

namespace eventrelay {

template <class T>
using Awaitable = boost::asio::awaitable<T>;

/// cursor: the id to go on below; 0: from the newest. limit: 1..kPageMax.
struct PageRequest {
  std::int64_t cursor = 0;
  std::size_t limit = 0;
};
template <class Row>
struct Page {
  std::vector<Row> rows;
  std::int64_t next = 0;  ///< 0: no more
};

enum class EventStatus : std::uint8_t { kUnmatched, kPending, kDead, kSucceeded, kCancelled };
std::string_view to_text(EventStatus status);
std::optional<EventStatus> parse_event_status(std::string_view text);

struct EventFilter {
  std::string type;
  std::string tenant;
  std::optional<EventStatus> status;
  std::optional<WallTime> after;
  std::optional<WallTime> before;
  std::string q;  ///< an event's or delivery's id, or the beginning of a type or of an event's id
};

struct EventRow {
  EventId id;
  std::string type;
  std::string tenant;
  std::optional<WallTime> deliver_at;
  std::string metadata;
  EventStatus status{};
  std::uint32_t delivery_count = 0;
};

struct DeliveryRow {
  DeliveryId id;
  EventId event;
  WebhookId webhook;
  std::string webhook_url;
  std::string type;
  std::string tenant;
  DeliveryState state{};
  std::string reason;
  std::uint32_t attempts = 0;
  std::optional<WallTime> next_attempt_at;  ///< when pending
  std::optional<WallTime> ended_at;         ///< when final
  std::uint16_t last_status_code = 0;
  AttemptError last_error{};
  bool is_replay = false;
  DeliveryId replay_of;  ///< 0: none of this event at this webhook before
};

struct EventDetail {
  EventRow event;
  std::string payload;
  std::vector<DeliveryRow> deliveries;  ///< the newest kPageMax, newest first
};

struct AttemptRow {
  std::uint32_t number = 0;
  bool manual = false;
  AttemptOutcome outcome;  ///< headers redacted
};

struct DeliveryDetail {
  DeliveryRow delivery;
  std::vector<AttemptRow> attempts;  ///< ascending; the newest kPageMax
};

struct JobRow {
  JobId id;
  JobKind kind{};
  JobState state{};
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::uint32_t rate = 0;
  std::string error;
  std::optional<WallTime> ended_at;
};

enum class MetricsWindow : std::uint8_t { k15m, k1h, k6h, k24h, k7d, k30d };

struct Counters {
  std::int64_t events = 0, unmatched = 0, deliveries = 0, attempts = 0, succeeded = 0, failed_attempts = 0;
  std::int64_t retries = 0, dead = 0, cancelled = 0;
};
struct MetricsPoint {
  WallTime at{};
  Counters counters;
  double p50_ms = 0, p95_ms = 0, p99_ms = 0;  ///< 0 where nothing succeeded
};
struct MetricsReport {
  Counters totals;
  std::int64_t pending = 0;
  std::int64_t dlq = 0;
  double p50_ms = 0, p95_ms = 0, p99_ms = 0;
  std::vector<MetricsPoint> series;  ///< oldest first, no gaps
};

/// Of one webhook in a window.
struct WebhookCounts {
  WebhookId id;
  std::int64_t attempts = 0, succeeded = 0, failed_attempts = 0, dead = 0;
  double p95_ms = 0;  ///< 0 where nothing succeeded
};

class StoreQueries {
 public:
  virtual ~StoreQueries() = default;

  virtual Awaitable<Result<Page<EventRow>>> list_events(EventLoop& loop, OrganizationId org, EventFilter filter,
                                                        PageRequest page) = 0;
  virtual Awaitable<Result<EventDetail>> get_event(EventLoop& loop, OrganizationId org, EventId id) = 0;
  virtual Awaitable<Result<Page<DeliveryRow>>> list_deliveries(EventLoop& loop, OrganizationId org,
                                                               DeliveryFilter filter, PageRequest page) = 0;
  virtual Awaitable<Result<DeliveryDetail>> get_delivery(EventLoop& loop, OrganizationId org, DeliveryId id) = 0;
  /// Dead deliveries, those that died last first; the cursor is of the death, not of the delivery.
  virtual Awaitable<Result<Page<DeliveryRow>>> list_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter,
                                                         PageRequest page) = 0;
  virtual Awaitable<Result<std::int64_t>> count_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter) = 0;
  virtual Awaitable<Result<Page<WebhookPtr>>> list_webhooks(EventLoop& loop, OrganizationId org, PageRequest page) = 0;
  virtual Awaitable<Result<WebhookPtr>> get_webhook(EventLoop& loop, OrganizationId org, WebhookId id) = 0;
  virtual Awaitable<Result<Page<JobRow>>> list_jobs(EventLoop& loop, OrganizationId org, PageRequest page) = 0;
  virtual Awaitable<Result<JobRow>> get_job(EventLoop& loop, OrganizationId org, JobId id) = 0;
  virtual Awaitable<Result<Page<ApiKey>>> list_api_keys(EventLoop& loop, OrganizationId org, PageRequest page) = 0;
  /// webhook: of this one alone; zeros where the organization has none such. Its `pending` and `dlq` are counted up to
  /// kRowsExaminedMax.
  virtual Awaitable<Result<MetricsReport>> metrics(EventLoop& loop, OrganizationId org, MetricsWindow window,
                                                   std::optional<WebhookId> webhook) = 0;
  /// Webhooks that had attempts in the window, those with the most failed ones first, without the deleted; at most
  /// kWebhookCountsMax. window: k1h, to the minute, or k24h, to the hour.
  virtual Awaitable<Result<std::vector<WebhookCounts>>> webhook_counts(EventLoop& loop, OrganizationId org,
                                                                       MetricsWindow window) = 0;
};

}  // namespace eventrelay
