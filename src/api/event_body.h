// Reads the bodies of events: of POST /api/events, /api/events/batch and a test. Payloads are kept byte for byte.
// Pure functions; any thread.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/http_types.h"
#include "ports/store.h"

namespace eventrelay {

enum class BatchFormat { kArray, kNdjson };

struct EventBody {
  std::vector<NewEvent> events;  ///< valid, without targets; empty where `refusal` is set
  std::optional<HttpResponse> refusal;
};

/// body: as it came. now: what deliver_at is held against; a time that has passed becomes none.
EventBody read_event(std::string_view body, WallTime now);

/// event_bytes_max: of one item. All items or none.
EventBody read_batch(std::string_view body, BatchFormat format, std::size_t event_bytes_max, WallTime now);

struct TestBody {
  std::string payload;  ///< empty: none was given
  std::optional<HttpResponse> refusal;
};
/// Of POST /api/webhooks/{id}/test: {"payload": …}, or nothing.
TestBody read_test(std::string_view body);

}  // namespace eventrelay
