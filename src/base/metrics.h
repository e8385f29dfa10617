// The process's Prometheus metrics, one member each; names follow Prometheus's conventions.
// Thread-safe. Labels never name an organization, a webhook or a tenant.
#pragma once
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

namespace eventrelay {

class Metrics {
 public:
  Metrics();
  /// Prometheus text format 0.0.4.
  std::string render() const;

 private:
  prometheus::Registry registry_;  // first: the members below live in it

 public:
  prometheus::Counter& events;                ///< eventrelay_events_total: committed
  prometheus::Counter& deliveries_succeeded;  ///< eventrelay_deliveries_total{outcome="succeeded"}
  prometheus::Counter& deliveries_dead;       ///< …{outcome="dead"}
  prometheus::Counter& deliveries_cancelled;  ///< …{outcome="cancelled"}
  prometheus::Counter& attempts_succeeded;    ///< eventrelay_attempts_total{outcome="succeeded"}
  prometheus::Counter& attempts_failed;       ///< …{outcome="failed"}
  prometheus::Gauge& deliveries_pending;      ///< eventrelay_deliveries_pending
  prometheus::Gauge& attempts_in_flight;      ///< eventrelay_attempts_in_flight
  prometheus::Gauge& window_entries;          ///< eventrelay_window_entries: deliveries held in memory
  prometheus::Gauge& partitions_owned;        ///< eventrelay_partitions_owned: by this process, of several on a store
  prometheus::Gauge& partitions_unowned;      ///< eventrelay_partitions_unowned: of no live worker, as last read
  prometheus::Histogram& delivery_latency;    ///< eventrelay_delivery_latency_seconds: due to acknowledged
  prometheus::Histogram& commit_seconds;      ///< eventrelay_store_commit_seconds
  prometheus::Histogram& commit_items;        ///< eventrelay_store_commit_items
  prometheus::Gauge& commit_queue;            ///< eventrelay_store_queue_items: waiting for a commit
  prometheus::Gauge& wal_bytes;               ///< eventrelay_store_wal_bytes
  prometheus::Counter& round_trips;           ///< eventrelay_database_round_trips_total: to PostgreSQL
  prometheus::Counter& entries_dropped;       ///< eventrelay_stream_entries_dropped_total: did not go over Redis
  prometheus::Counter& requests;              ///< eventrelay_http_requests_total
  prometheus::Gauge& connections;             ///< eventrelay_http_connections
  prometheus::Gauge& stream_readers;          ///< eventrelay_http_stream_readers
};

}  // namespace eventrelay
