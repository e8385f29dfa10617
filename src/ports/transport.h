// The seam to the network: sends one signed request, says what came back. Real: net/http_client. Simulated: tests/sim.
#pragma once
#include <memory>
#include <string>

#include "base/completion.h"
#include "domain/delivery.h"
#include "domain/message.h"
#include "domain/target_url.h"

namespace eventrelay {

struct OutboundRequest {
  std::shared_ptr<const TargetUrl> target;
  /// Everything but host and content-length, which the transport sets. Names lower case.
  Headers headers;
  MessagePtr message;
  // Whose it is: not for the network, but for who answers in its place.
  OrganizationId organization{};
  DeliveryId delivery{};
  milliseconds timeout{0};  ///< the whole attempt: DNS, connect, TLS, the answer with its body
  /// Nothing of it is written from then on (EventLoop::boot_now), on no connection: its outcome is then `withheld`.
  /// May move while the attempt runs. nullptr: no limit.
  std::shared_ptr<const SteadyTime> not_after{};
};

/// One event loop's client. Only on that loop's thread.
class Transport {
 public:
  virtual ~Transport() = default;
  /// POSTs. The completion runs once on the loop, never before send() has returned, at the latest soon after the
  /// timeout. Target addresses are judged here, at each attempt. Environment proxies are ignored, redirects not
  /// followed. When the transport is destroyed, open completions are destroyed uncalled.
  virtual void send(OutboundRequest request, Completion<AttemptOutcome> done) = 0;
};

}  // namespace eventrelay
