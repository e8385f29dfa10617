// Makes the signed request of one attempt. Pure; any thread.
#pragma once
#include "domain/webhook.h"
#include "ports/transport.h"

namespace eventrelay {

/// Standard Webhooks headers, content-type and the webhook's own headers. now: the attempt's wall time.
OutboundRequest make_request(const Webhook& webhook, std::shared_ptr<const TargetUrl> target, MessagePtr message,
                             WallTime now);

}  // namespace eventrelay
