#include "base/metrics.h"

#include <prometheus/text_serializer.h>

namespace eventrelay {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using Buckets = prometheus::Histogram::BucketBoundaries;

/// Half a millisecond, what an undisturbed delivery takes, to the hours of the last retries.
const Buckets kLatencyBuckets{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,  0.2,  0.5,   1,    2,
                              5,      10,    20,    60,    300,  900,  1800, 3600, 7200, 14400, 21600};
const Buckets kCommitSecondsBuckets{0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                    0.05,   0.1,    0.2,    0.5,   1,     2,     5};
const Buckets kCommitItemsBuckets{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};

/// The registry gives the family that has the name already, so labels of one family can be named one by one.
prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help,
                             const prometheus::Labels& labels = {}) {
  return BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}
prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}
prometheus::Histogram& histogram(prometheus::Registry& registry, const char* name, const char* help,
                                 const Buckets& buckets) {
  return BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}
prometheus::Counter& deliveries(prometheus::Registry& registry, const char* outcome) {
  return counter(registry, "eventrelay_deliveries_total", "Deliveries that reached a final state.",
                 {{"outcome", outcome}});
}
prometheus::Counter& attempts(prometheus::Registry& registry, const char* outcome) {
  return counter(registry, "eventrelay_attempts_total", "HTTP requests to webhooks that ended.",
                 {{"outcome", outcome}});
}

}  // namespace

Metrics::Metrics()
    : events(counter(registry_, "eventrelay_events_total", "Events committed.")),
      deliveries_succeeded(deliveries(registry_, "succeeded")),
      deliveries_dead(deliveries(registry_, "dead")),
      deliveries_cancelled(deliveries(registry_, "cancelled")),
      attempts_succeeded(attempts(registry_, "succeeded")),
      attempts_failed(attempts(registry_, "failed")),
      deliveries_pending(gauge(registry_, "eventrelay_deliveries_pending", "Deliveries not yet in a final state.")),
      attempts_in_flight(gauge(registry_, "eventrelay_attempts_in_flight", "HTTP requests to webhooks under way.")),
      window_entries(gauge(registry_, "eventrelay_window_entries", "Deliveries held in memory.")),
      partitions_owned(
          gauge(registry_, "eventrelay_partitions_owned", "Partitions of a shared store that this process works on.")),
      partitions_unowned(
          gauge(registry_, "eventrelay_partitions_unowned", "Partitions of a shared store that nobody works on.")),
      delivery_latency(histogram(registry_, "eventrelay_delivery_latency_seconds",
                                 "From when a delivery was first due to its success.", kLatencyBuckets)),
      commit_seconds(
          histogram(registry_, "eventrelay_store_commit_seconds", "Duration of a commit.", kCommitSecondsBuckets)),
      commit_items(histogram(registry_, "eventrelay_store_commit_items", "Intents in a commit.", kCommitItemsBuckets)),
      commit_queue(gauge(registry_, "eventrelay_store_queue_items", "Intents that wait for a commit.")),
      wal_bytes(gauge(registry_, "eventrelay_store_wal_bytes", "Size of the write-ahead log.")),
      round_trips(
          counter(registry_, "eventrelay_database_round_trips_total", "Batches of statements sent to PostgreSQL.")),
      entries_dropped(counter(registry_, "eventrelay_stream_entries_dropped_total",
                              "Entries for other processes that did not go over Redis, or perhaps not.")),
      requests(counter(registry_, "eventrelay_http_requests_total", "HTTP requests taken in.")),
      connections(gauge(registry_, "eventrelay_http_connections", "HTTP connections open to this server.")),
      stream_readers(gauge(registry_, "eventrelay_http_stream_readers", "Readers of GET /api/stream.")) {}

std::string Metrics::render() const {
  return prometheus::TextSerializer().Serialize(registry_.Collect());
}

}  // namespace eventrelay
