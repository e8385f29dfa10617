// The built-in test receiver: keeps the last requests that webhooks of http://receiver.eventrelay.internal/ID were
// sent, and says what each is answered. An organization's own; bounded in requests, bytes, receivers and time; kept by
// nobody else's backup. Implementations: storage/memory_receiver (of one process), PostgreSQL (of all). Thread-safe, as
// ports/store.h says. Errors: kUnavailable, kTimeout.
#pragma once
#include <compare>
#include <string>
#include <vector>

#include "base/completion.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "domain/webhook.h"
#include "ports/event_loop.h"

namespace eventrelay {

struct ReceiverKey {
  OrganizationId organization;
  std::string id;  ///< is_receiver_id()
  auto operator<=>(const ReceiverKey&) const = default;
};

/// What a receiver answers until somebody says otherwise.
inline constexpr int kReceiverStatus = 200;

struct ReceivedRequest {
  ReceivedId id;           ///< assigned; rises
  WallTime received_at{};  ///< assigned
  DeliveryId delivery;
  Headers headers;
  std::string body;        ///< at most kReceiverBodyBytesKept
  bool truncated = false;  ///< the body was longer
};

class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Keeps the request; the status that it is answered. Makes the receiver where there is none; one that was used least
  /// recently goes where there are too many.
  virtual void take_request(EventLoop& loop, ReceiverKey key, ReceivedRequest request,
                            Completion<Result<int>> done) = 0;
  /// The newest first, at most kReceiverRequestsKept; none of a receiver that there is not.
  virtual void list_requests(EventLoop& loop, ReceiverKey key,
                             Completion<Result<std::vector<ReceivedRequest>>> done) = 0;
  /// status: 200..599, of all requests from then on; gives it back. Counts as a use.
  virtual void set_answer(EventLoop& loop, ReceiverKey key, int status, Completion<Result<int>> done) = 0;
};

}  // namespace eventrelay
