#include "base/metrics.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, show_every_name_from_the_start) {
  Metrics metrics;
  auto text = metrics.render();
  for (const char* line :
       {"eventrelay_events_total 0", "eventrelay_deliveries_total{outcome=\"succeeded\"} 0",
        "eventrelay_deliveries_total{outcome=\"dead\"} 0", "eventrelay_deliveries_total{outcome=\"cancelled\"} 0",
        "eventrelay_attempts_total{outcome=\"succeeded\"} 0", "eventrelay_attempts_total{outcome=\"failed\"} 0",
        "eventrelay_deliveries_pending 0", "eventrelay_attempts_in_flight 0", "eventrelay_window_entries 0",
        "eventrelay_delivery_latency_seconds_count 0", "eventrelay_store_commit_seconds_count 0",
        "eventrelay_store_commit_items_count 0", "eventrelay_store_queue_items 0", "eventrelay_store_wal_bytes 0",
        "eventrelay_http_requests_total 0", "eventrelay_http_connections 0"}) {
    EXPECT_TRUE(has_line(text, line)) << line << " is missing in\n" << text;
  }
}

TEST(Metrics, describe_a_family_once) {
  Metrics metrics;
  auto text = metrics.render();
  std::string type = "# TYPE eventrelay_deliveries_total counter\n";
  auto first = text.find(type);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find(type, first + 1), std::string::npos);
}

TEST(Metrics, count_what_they_are_told) {
  Metrics metrics;
  metrics.events.Increment(3);
  metrics.deliveries_dead.Increment();
  metrics.deliveries_pending.Set(12);
  metrics.delivery_latency.Observe(0.003);
  metrics.commit_seconds.Observe(0.0003);
  metrics.commit_items.Observe(500);
  auto text = metrics.render();
  EXPECT_TRUE(has_line(text, "eventrelay_events_total 3"));
  EXPECT_TRUE(has_line(text, "eventrelay_deliveries_total{outcome=\"dead\"} 1"));
  EXPECT_TRUE(has_line(text, "eventrelay_deliveries_total{outcome=\"succeeded\"} 0"));
  EXPECT_TRUE(has_line(text, "eventrelay_deliveries_pending 12"));
  EXPECT_TRUE(has_line(text, "eventrelay_delivery_latency_seconds_bucket{le=\"0.002\"} 0"));
  EXPECT_TRUE(has_line(text, "eventrelay_delivery_latency_seconds_bucket{le=\"0.005\"} 1"));
  EXPECT_TRUE(has_line(text, "eventrelay_delivery_latency_seconds_bucket{le=\"21600\"} 1"));
  EXPECT_TRUE(has_line(text, "eventrelay_store_commit_seconds_bucket{le=\"0.0005\"} 1"));
  EXPECT_TRUE(has_line(text, "eventrelay_store_commit_items_bucket{le=\"500\"} 1"));
}

TEST(Metrics, of_two_instances_are_apart) {
  Metrics one, other;
  one.events.Increment();
  EXPECT_TRUE(has_line(other.render(), "eventrelay_events_total 0"));
}

}  // namespace
}  // namespace eventrelay
