// One event loop's view of the webhooks and API keys, kept current by the news of commits.
// Belongs to its loop's thread; no locks, and no other loop sees it.
#pragma once
#include <functional>
#include <map>
#include <string_view>

#include "domain/api_key.h"
#include "domain/webhook_index.h"
#include "ports/queue.h"

namespace eventrelay {

class LoopCatalog {
 public:
  void put(WebhookPtr webhook) { webhooks_.put(std::move(webhook)); }
  void reach(const CatalogMark& mark) { webhooks_.reach_version(mark.organization, mark.version); }
  void apply(const KeyChange& change);
  const WebhookIndex& webhooks() const { return webhooks_; }
  /// The key with that text, compared in constant time by its hash; nullptr for none. Valid until the next change.
  const ApiKey* find_key(std::string_view text) const;
  const ApiKey* find_key(const Sha256& hash) const;

 private:
  WebhookIndex webhooks_;
  std::map<Sha256, ApiKey> keys_;
};

}  // namespace eventrelay
