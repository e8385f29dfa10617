// A delivery's states, what one attempt gave, and what follows from it. Values and pure functions; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "domain/retry_policy.h"
#include "domain/webhook.h"

namespace eventrelay {

enum class DeliveryState : std::uint8_t { kPending = 0, kSucceeded = 1, kDead = 2, kCancelled = 3 };
std::string_view to_text(DeliveryState state);
std::optional<DeliveryState> parse_delivery_state(std::string_view text);

/// Why an attempt has no usable answer, or why the answer is a failure.
enum class AttemptError : std::uint8_t {
  kNone = 0,
  kStatus,    ///< an answer outside 2xx
  kRedirect,  ///< 3xx: never followed
  kDns,
  kAddressDenied,  ///< the egress rules refuse the target
  kConnect,        ///< refused, unreachable
  kConnectTimeout,
  kTls,               ///< handshake, certificate, host name
  kTimeout,           ///< the attempt's deadline
  kConnectionClosed,  ///< reset or closed before the answer's end
  kProtocol,          ///< not HTTP, or past a limit of it
  kInvalidUrl,
  kInterrupted,  ///< the process stopped while it ran; made up at recovery only where it is known
};
std::string_view to_text(AttemptError error);  ///< "dns", "address_denied", "connect_timeout", …

/// Microseconds; -1: that step did not take place (a reused connection has no dns, connect, tls).
struct AttemptTimings {
  std::int64_t dns_us = -1;
  std::int64_t connect_us = -1;
  std::int64_t tls_us = -1;
  std::int64_t first_byte_us = -1;
};

/// What one HTTP request gave. A failed delivery is data, not an error.
struct AttemptOutcome {
  WallTime started_at{};
  milliseconds duration{0};
  std::uint16_t status_code = 0;  ///< 0: no answer
  AttemptError error = AttemptError::kNone;
  std::string error_message;
  Headers request_headers;  ///< as sent; secrets still in: redact with shown_value before storing
  Headers response_headers;
  std::string response_body;  ///< at most kResponseBytesKept
  bool response_truncated = false;
  std::string remote_address;  ///< "203.0.113.7:443"; empty without a connection
  AttemptTimings timings;
  bool withheld = false;  ///< no longer allowed, so not sent, or only where its server had closed: no attempt
};

/// What the answer means for the delivery.
struct Verdict {
  DeliveryState state = DeliveryState::kPending;
  bool success = false;
  std::string_view reason;           ///< for dead: "gone", "attempts_exhausted"; a literal
  std::optional<milliseconds> wait;  ///< until the next attempt, when pending
  bool gone = false;                 ///< 410: the webhook is to be disabled
};

/// Gives an answer outside 2xx its error, kRedirect or kStatus, with a message; leaves all else as it is.
void name_bad_status(AttemptOutcome& outcome);

/// Seconds or an HTTP-date (RFC 9110 §10.2.3), 0 to kRetryAfterMax; nullopt when absent or not readable.
std::optional<milliseconds> retry_after(const Headers& response_headers, WallTime now);

/// Judges one scheduled attempt. position: of this attempt in the policy's schedule (0 first).
/// Success is 2xx with error kNone. 410 is dead at once. 429 and 503 honour Retry-After: the longer wait counts.
/// random: uniform in [0, 1).
Verdict judge(const AttemptOutcome& outcome, const RetryPolicy& policy, std::uint32_t position, WallTime now,
              double random);

}  // namespace eventrelay
