// How values that SQL does not look into are kept: webhooks' settings, headers and filters as JSON, latencies as a
// histogram. Pure functions; any thread. Decoding trusts what encoding wrote; it throws on a damaged database.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "domain/webhook.h"
#include "ports/store.h"

namespace eventrelay {

std::string encode_spec(const WebhookSpec& spec);
WebhookSpec decode_spec(std::string_view text);

/// A JSON array of [name, value] pairs; bytes that are not UTF-8 become U+FFFD.
std::string encode_headers(const Headers& headers);
Headers decode_headers(std::string_view text);

/// An attempt's end with its headers as they are stored: encoded where it was submitted, not on the writer's thread.
struct EncodedAttempt {
  explicit EncodedAttempt(FinishAttemptPtr finish);
  FinishAttemptPtr intent;
  std::string request_headers;
  std::string response_headers;
};

std::string encode_filter(const DeliveryFilter& filter);
DeliveryFilter decode_filter(std::string_view text);

/// Counts of latencies: 8 buckets to each doubling from 1 ms on, so that a percentile is within a tenth.
class LatencyHistogram {
 public:
  static constexpr std::size_t kBuckets = 256;
  static std::size_t bucket_of(milliseconds latency);
  void add(milliseconds latency) { add(bucket_of(latency), 1); }
  /// bucket: below kBuckets.
  void add(std::size_t bucket, std::uint64_t count) { counts_[bucket] += count; }
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket]; }
  void merge(const LatencyHistogram& other);
  bool empty() const;
  /// quantile: 0..1. Milliseconds, interpolated inside the bucket; 0 when empty.
  double percentile(double quantile) const;
  /// Pairs of bucket (1 byte) and count (4 bytes, little-endian), only those that are not empty. Both databases keep
  /// these bytes. Counts of an hour: below 2^32.
  std::string encode() const;
  /// What encode() gave; of several put together their sum. sign: -1 takes away what was added before.
  void add(std::string_view encoded, int sign = 1);
  static LatencyHistogram decode(std::string_view encoded);

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
};

}  // namespace eventrelay
