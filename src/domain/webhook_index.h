// Which webhooks an event goes to. Matching costs what matches, not what exists.
// One owner, not thread-safe: each event loop and each store's writer has its own; the webhooks are shared.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/webhook.h"

namespace eventrelay {

class WebhookIndex {
 public:
  /// Adds the webhook or replaces the one with its id; a deleted one is removed. Cost: its patterns.
  void put(WebhookPtr webhook);
  /// nullptr when there is none.
  WebhookPtr find(WebhookId id) const;
  /// The ids of the webhooks, disabled ones too, that the event goes to, ascending, without repeats.
  /// type: valid. A webhook without a tenant gets the events of all.
  /// Cost: a look-up for each dot of the type, and what is found.
  std::vector<WebhookId> match(OrganizationId organization, std::string_view type, std::string_view tenant) const;
  /// Rises with each put() of that organization.
  std::uint64_t version(OrganizationId organization) const;
  /// The organization is at this version at least: all of it that concerns webhooks is here.
  void reach_version(OrganizationId organization, std::uint64_t version);
  std::size_t size() const { return webhooks_.size(); }

 private:
  struct Key {
    std::int64_t organization;
    std::string pattern;
    std::string tenant;
    bool operator==(const Key&) const = default;
  };
  struct KeyView {
    std::int64_t organization;
    std::string_view pattern;
    std::string_view tenant;
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const Key& key) const;
    std::size_t operator()(const KeyView& key) const;
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(const Key& a, const Key& b) const { return a == b; }
    bool operator()(const KeyView& a, const Key& b) const;
    bool operator()(const Key& a, const KeyView& b) const { return (*this)(b, a); }
  };
  void link(const Webhook& webhook);
  void unlink(const Webhook& webhook);

  std::unordered_map<Key, std::vector<WebhookId>, KeyHash, KeyEqual> subscribers_;
  std::unordered_map<WebhookId, WebhookPtr> webhooks_;
  std::unordered_map<OrganizationId, std::uint64_t> versions_;
};

}  // namespace eventrelay
