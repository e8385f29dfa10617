#include "engine/sender.h"

#include "domain/signing.h"

namespace eventrelay {

OutboundRequest make_request(const Webhook& webhook, std::shared_ptr<const TargetUrl> target, MessagePtr message,
                             WallTime now) {
  const std::int64_t timestamp_s = unix_ms(now) / 1'000;
  OutboundRequest request;
  request.headers.reserve(4 + webhook.spec.headers.size());
  request.headers.push_back({"content-type", "application/json"});
  request.headers.push_back({"webhook-id", message->id});
  request.headers.push_back({"webhook-timestamp", std::to_string(timestamp_s)});
  request.headers.push_back(
      {"webhook-signature", signature_header(webhook, message->id, timestamp_s, message->body, now)});
  for (const Header& header : webhook.spec.headers) request.headers.push_back(header);
  request.target = std::move(target);
  request.message = std::move(message);
  request.timeout = webhook.spec.timeout;
  return request;
}

}  // namespace eventrelay
