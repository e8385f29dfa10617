// Which headers a webhook may set on its requests, and what is hidden when they are shown. Any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/webhook.h"

namespace eventrelay {

/// Faults with the path "headers.NAME": not a token (RFC 9110 §5.6.2), CR, LF or NUL or another control character in
/// the value, hop-by-hop names (connection, keep-alive, proxy-*, te, trailer, transfer-encoding, upgrade), host,
/// content-length, content-type, expect, webhook-*; a name twice; more than kWebhookHeadersMax or
/// kWebhookHeaderBytesMax.
std::vector<FieldError> header_faults(const Headers& headers);

/// The value to store and show: "[redacted]" for authorization, proxy-authorization and cookie.
std::string_view shown_value(std::string_view name, std::string_view value);

/// The value for those who may only look: "[redacted]" for every header that a webhook can have set.
std::string_view shown_to_readers(std::string_view name, std::string_view value);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace eventrelay
