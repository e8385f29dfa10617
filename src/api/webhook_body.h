// Reads what a person says about a webhook: the bodies of its creation and its change. Pure functions; any thread.
#pragma once
#include <optional>
#include <string_view>

#include "domain/target_url.h"
#include "domain/webhook.h"
#include "net/http_types.h"

namespace eventrelay {

struct WebhookCreation {
  WebhookSpec spec;
  std::optional<Secret> secret;  ///< brought by those who move here
  std::optional<HttpResponse> refusal;
};

struct WebhookChange {
  WebhookPatch patch;
  std::optional<HttpResponse> refusal;
};

/// rules: a URL whose host is an address that they refuse is a fault at once; names are judged when they are resolved.
WebhookCreation read_webhook(std::string_view body, const EgressRules& rules);
/// current: what the patch is held against; the result must be valid as a whole.
WebhookChange read_webhook_patch(std::string_view body, const Webhook& current, const EgressRules& rules);

}  // namespace eventrelay
