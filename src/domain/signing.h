// Standard Webhooks signatures (https://www.standardwebhooks.com, v1: HMAC-SHA256). Pure functions; any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/time.h"
#include "domain/webhook.h"

namespace eventrelay {

/// "v1,BASE64" of HMAC-SHA256 over `id.timestamp.body`; while a rotation overlaps the new secret's and the old one's,
/// separated by a space. timestamp: unix seconds of the attempt.
std::string signature_header(const Webhook& webhook, std::string_view message_id, std::int64_t timestamp_s,
                             std::string_view body, WallTime now);

}  // namespace eventrelay
