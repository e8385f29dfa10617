#include "domain/webhook_index.h"

#include <algorithm>
#include <cassert>

namespace eventrelay {
namespace {

/// How a pattern is stored: "order.*" as "order.", "*" as "". Each is then a beginning of the types it matches, so a
/// look-up needs no text of its own, and none is mistaken for an exact type, which never ends with a dot.
std::string_view stored_pattern(std::string_view pattern) {
  return pattern.ends_with('*') ? pattern.substr(0, pattern.size() - 1) : pattern;
}

std::size_t mix(std::size_t hash, std::size_t more) {
  return (hash ^ more) * 0x9E3779B97F4A7C15ull;
}

}  // namespace

std::size_t WebhookIndex::KeyHash::operator()(const KeyView& key) const {
  std::hash<std::string_view> text;
  return mix(mix(static_cast<std::size_t>(key.organization), text(key.pattern)), text(key.tenant));
}

std::size_t WebhookIndex::KeyHash::operator()(const Key& key) const {
  return (*this)(KeyView{key.organization, key.pattern, key.tenant});
}

bool WebhookIndex::KeyEqual::operator()(const KeyView& a, const Key& b) const {
  return a.organization == b.organization && a.pattern == b.pattern && a.tenant == b.tenant;
}

void WebhookIndex::put(WebhookPtr webhook) {
  assert(webhook);
  std::uint64_t& version = versions_[webhook->organization];
  version = webhook->version != 0 ? std::max(version, webhook->version) : version + 1;
  auto known = webhooks_.find(webhook->id);
  bool same_place = known != webhooks_.end() && !webhook->deleted &&
                    known->second->spec.tenant == webhook->spec.tenant &&
                    known->second->spec.event_types == webhook->spec.event_types;
  if (known != webhooks_.end() && !same_place) unlink(*known->second);
  if (webhook->deleted) {
    if (known != webhooks_.end()) webhooks_.erase(known);
    return;
  }
  if (!same_place) link(*webhook);
  WebhookId id = webhook->id;
  webhooks_[id] = std::move(webhook);
}

void WebhookIndex::link(const Webhook& webhook) {
  for (const std::string& pattern : webhook.spec.event_types) {
    Key key{webhook.organization.value, std::string(stored_pattern(pattern)), webhook.spec.tenant};
    auto& ids = subscribers_[std::move(key)];
    auto place = std::lower_bound(ids.begin(), ids.end(), webhook.id);
    if (place == ids.end() || *place != webhook.id) ids.insert(place, webhook.id);
  }
}

void WebhookIndex::unlink(const Webhook& webhook) {
  for (const std::string& pattern : webhook.spec.event_types) {
    auto entry = subscribers_.find(KeyView{webhook.organization.value, stored_pattern(pattern), webhook.spec.tenant});
    if (entry == subscribers_.end()) continue;  // the same pattern twice
    auto& ids = entry->second;
    auto place = std::lower_bound(ids.begin(), ids.end(), webhook.id);
    if (place != ids.end() && *place == webhook.id) ids.erase(place);
    if (ids.empty()) subscribers_.erase(entry);
  }
}

WebhookPtr WebhookIndex::find(WebhookId id) const {
  auto entry = webhooks_.find(id);
  return entry == webhooks_.end() ? nullptr : entry->second;
}

std::vector<WebhookId> WebhookIndex::match(OrganizationId organization, std::string_view type,
                                           std::string_view tenant) const {
  std::vector<WebhookId> found;
  int lists = 0;
  auto collect = [&](std::string_view pattern, std::string_view of_tenant) {
    auto entry = subscribers_.find(KeyView{organization.value, pattern, of_tenant});
    if (entry == subscribers_.end()) return;
    found.insert(found.end(), entry->second.begin(), entry->second.end());
    ++lists;
  };
  auto collect_for_both = [&](std::string_view pattern) {
    collect(pattern, "");
    if (!tenant.empty()) collect(pattern, tenant);
  };
  collect_for_both("");
  for (auto dot = type.find('.'); dot != std::string_view::npos; dot = type.find('.', dot + 1)) {
    collect_for_both(type.substr(0, dot + 1));
  }
  collect_for_both(type);
  if (lists > 1) {
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  return found;
}

void WebhookIndex::reach_version(OrganizationId organization, std::uint64_t version) {
  std::uint64_t& known = versions_[organization];
  known = std::max(known, version);
}

std::uint64_t WebhookIndex::version(OrganizationId organization) const {
  auto entry = versions_.find(organization);
  return entry == versions_.end() ? 0 : entry->second;
}

}  // namespace eventrelay
