// The subscribers of a latency run: one port that answers 200 at once and notes each receipt, one that takes requests
// and never answers. Deliveries come to /s/NUMBER, NUMBER being the stream that the webhook belongs to.
#pragma once
#include <cstdint>

#include "load/latencies.h"
#include "load/poller.h"

namespace eventrelay::bench {

struct Receipts {
  std::int64_t count_from_ns = 0;   ///< events due before are warm-up
  std::uint64_t measured_from = 0;  ///< streams below are received, but their latencies are not kept
  std::uint64_t received = 0;       ///< of all streams, warm-up included
  Latencies latencies;
};

/// Listens on 127.0.0.1:port for as long as the process lives. `receipts` null: accept, read, never answer.
void listen_on(const Poller& poller, std::uint16_t port, Receipts* receipts);

}  // namespace eventrelay::bench
