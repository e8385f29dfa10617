// A request's share of the bytes that the bodies of all requests may take. Belongs to its connection.
#pragma once
#include <atomic>
#include <cstddef>

#include "net/http_server.h"

namespace eventrelay {

class BodyShare {
 public:
  BodyShare(HttpServerShared& shared, std::size_t bytes_max) : shared_(shared), bytes_max_(bytes_max) {}
  ~BodyShare() { shared_.ingest_bytes.fetch_sub(bytes_, std::memory_order_relaxed); }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  /// False, and no change, where the process has no room.
  bool grow_to(std::size_t bytes) {
    if (bytes <= bytes_) return true;
    const auto more = bytes - bytes_;
    if (shared_.ingest_bytes.fetch_add(more, std::memory_order_relaxed) + more > bytes_max_) {
      shared_.ingest_bytes.fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
    bytes_ = bytes;
    return true;
  }

 private:
  HttpServerShared& shared_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
};

}  // namespace eventrelay
