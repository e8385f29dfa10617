#include "domain/webhook_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

#include "domain/event_type.h"
#include "tests/domain/counted_heap.h"

namespace eventrelay {
namespace {

constexpr OrganizationId kOrg{1};
constexpr OrganizationId kOther{2};
using Ids = std::vector<std::int64_t>;

WebhookPtr webhook(std::int64_t id, std::vector<std::string> patterns, std::string tenant = "",
                   OrganizationId organization = kOrg) {
  auto made = std::make_shared<Webhook>();
  made->id = WebhookId{id};
  made->organization = organization;
  made->spec.event_types = std::move(patterns);
  made->spec.tenant = std::move(tenant);
  return made;
}

WebhookPtr deleted(std::int64_t id) {
  auto gone = std::make_shared<Webhook>(*webhook(id, {"*"}));
  gone->deleted = true;
  return gone;
}

Ids match(const WebhookIndex& index, std::string_view type, std::string_view tenant = "",
          OrganizationId organization = kOrg) {
  Ids ids;
  for (auto id : index.match(organization, type, tenant)) ids.push_back(id.value);
  return ids;
}

TEST(WebhookIndex, matches_exact_types_prefixes_and_the_star) {
  WebhookIndex index;
  index.put(webhook(5, {"order.created"}));
  index.put(webhook(4, {"order.*"}));
  index.put(webhook(3, {"*"}));
  index.put(webhook(2, {"order.line.*"}));
  index.put(webhook(1, {"order"}));
  EXPECT_EQ(match(index, "order.created"), (Ids{3, 4, 5}));
  EXPECT_EQ(match(index, "order.line.added"), (Ids{2, 3, 4}));
  EXPECT_EQ(match(index, "order.line"), (Ids{3, 4}));
  EXPECT_EQ(match(index, "order"), (Ids{1, 3}));
  EXPECT_EQ(match(index, "orders.created"), (Ids{3}));
}

TEST(WebhookIndex, gives_each_webhook_once) {
  WebhookIndex index;
  index.put(webhook(1, {"*", "order.*", "order.created", "order.created"}));
  EXPECT_EQ(match(index, "order.created"), (Ids{1}));
  index.put(webhook(2, {"order.created", "order.created"}));
  EXPECT_EQ(match(index, "order.created"), (Ids{1, 2}));
}

TEST(WebhookIndex, gives_a_webhook_with_a_tenant_that_tenants_events_only) {
  WebhookIndex index;
  index.put(webhook(1, {"*"}));
  index.put(webhook(2, {"*"}, "acme"));
  index.put(webhook(3, {"order.*"}, "umbrella"));
  EXPECT_EQ(match(index, "order.created"), (Ids{1}));
  EXPECT_EQ(match(index, "order.created", "acme"), (Ids{1, 2}));
  EXPECT_EQ(match(index, "order.created", "umbrella"), (Ids{1, 3}));
  EXPECT_EQ(match(index, "order.created", "nobody"), (Ids{1}));
}

TEST(WebhookIndex, keeps_organizations_apart) {
  WebhookIndex index;
  index.put(webhook(1, {"*"}));
  index.put(webhook(2, {"*"}, "", kOther));
  EXPECT_EQ(match(index, "order", "", kOrg), (Ids{1}));
  EXPECT_EQ(match(index, "order", "", kOther), (Ids{2}));
  EXPECT_EQ(match(index, "order", "", OrganizationId{3}), (Ids{}));
}

TEST(WebhookIndex, gives_disabled_ones_too) {
  WebhookIndex index;
  auto disabled = std::make_shared<Webhook>(*webhook(1, {"*"}));
  disabled->spec.enabled = false;
  index.put(disabled);
  EXPECT_EQ(match(index, "order"), (Ids{1}));
}

TEST(WebhookIndex, follows_changes_of_patterns_and_tenant) {
  WebhookIndex index;
  index.put(webhook(1, {"order.*", "a"}));
  index.put(webhook(1, {"invoice.*", "a"}));
  EXPECT_EQ(match(index, "order.created"), (Ids{}));
  EXPECT_EQ(match(index, "invoice.created"), (Ids{1}));
  EXPECT_EQ(match(index, "a"), (Ids{1}));
  index.put(webhook(1, {"invoice.*", "a"}, "acme"));
  EXPECT_EQ(match(index, "a"), (Ids{}));
  EXPECT_EQ(match(index, "a", "acme"), (Ids{1}));
  EXPECT_EQ(index.size(), 1u);
}

TEST(WebhookIndex, gives_the_newest_version_of_a_webhook) {
  WebhookIndex index;
  EXPECT_EQ(index.find(WebhookId{1}), nullptr);
  index.put(webhook(1, {"a"}));
  auto newer = webhook(1, {"a"});
  index.put(newer);
  EXPECT_EQ(index.find(WebhookId{1}), newer);
}

TEST(WebhookIndex, forgets_deleted_ones) {
  WebhookIndex index;
  index.put(webhook(1, {"*"}));
  index.put(webhook(2, {"*"}));
  index.put(deleted(1));
  EXPECT_EQ(match(index, "a"), (Ids{2}));
  EXPECT_EQ(index.find(WebhookId{1}), nullptr);
  EXPECT_EQ(index.size(), 1u);
  index.put(deleted(77));
  EXPECT_EQ(index.size(), 1u);
}

TEST(WebhookIndex, has_a_version_that_rises_with_each_put_of_the_organization) {
  WebhookIndex index;
  EXPECT_EQ(index.version(kOrg), 0u);
  index.put(webhook(1, {"a"}));
  EXPECT_EQ(index.version(kOrg), 1u);
  index.put(webhook(1, {"a"}));
  index.put(deleted(1));
  index.put(deleted(1));
  EXPECT_EQ(index.version(kOrg), 4u);
  EXPECT_EQ(index.version(kOther), 0u);
}

/// Webhooks over a small alphabet, so that patterns meet; the plain rule decides what must match.
TEST(WebhookIndex, agrees_with_the_rule_applied_to_each_webhook) {
  std::mt19937 random(7);
  auto pick = [&](std::vector<std::string> from) { return from[random() % from.size()]; };
  const std::vector<std::string> patterns{"*", "a", "a.*", "a.b", "a.b.*", "a.b.c", "b", "b.*", "ab.*", "a.a"};
  const std::vector<std::string> types{"a", "b", "a.b", "a.b.c", "a.a", "ab.c", "b.a.b.c", "a.b.c.d"};
  const std::vector<std::string> tenants{"", "x", "y"};
  WebhookIndex index;
  std::map<std::int64_t, WebhookPtr> all;
  for (int step = 0; step < 2'000; ++step) {
    auto id = static_cast<std::int64_t>(random() % 40 + 1);
    if (random() % 4 == 0) {
      index.put(deleted(id));
      all.erase(id);
    } else {
      all[id] = webhook(id, {pick(patterns), pick(patterns)}, pick(tenants));
      index.put(all[id]);
    }
    auto type = pick(types);
    auto tenant = pick(tenants);
    Ids expected;
    for (const auto& [known, each] : all) {
      bool of_tenant = each->spec.tenant.empty() || each->spec.tenant == tenant;
      auto matches = [&](const std::string& pattern) { return pattern_matches(pattern, type); };
      const auto& subscribed = each->spec.event_types;
      if (of_tenant && std::any_of(subscribed.begin(), subscribed.end(), matches)) expected.push_back(known);
    }
    ASSERT_EQ(match(index, type, tenant), expected) << "step " << step << ", type " << type << ", tenant " << tenant;
  }
  EXPECT_EQ(index.size(), all.size());
}

class WithHundredThousand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    index_ = new WebhookIndex;
    for (std::int64_t id = 1; id <= 100'000; ++id) {
      index_->put(webhook(id, {"shop" + std::to_string(id) + ".*"}, id % 2 ? "tenant" + std::to_string(id) : ""));
    }
    index_->put(webhook(200'001, {"order.*"}));
    index_->put(webhook(200'002, {"order.created"}));
    index_->put(webhook(200'003, {"order.*"}, "acme"));
  }
  static void TearDownTestSuite() { delete index_; }

  static inline WebhookIndex* index_ = nullptr;
};

TEST_F(WithHundredThousand, three_matches_take_room_for_three) {
  auto before = heap_use().bytes;
  auto found = index_->match(kOrg, "order.created", "acme");
  auto used = heap_use().bytes - before;
  EXPECT_EQ(found, (std::vector<WebhookId>{WebhookId{200'001}, WebhookId{200'002}, WebhookId{200'003}}));
  EXPECT_LE(used, 128u);
}

TEST_F(WithHundredThousand, a_type_without_webhooks_asks_nothing_of_the_heap) {
  auto before = heap_use().calls;
  auto found = index_->match(kOrg, "a.rather.long.type.that.no.short.string.holds", "a_tenant_with_a_long_name_too");
  EXPECT_EQ(heap_use().calls, before);
  EXPECT_TRUE(found.empty());
}

// A bound that looking at each webhook (10^10 of them in all) cannot keep, and looking up keeps a thousandfold.
TEST_F(WithHundredThousand, matching_does_not_look_at_each_webhook) {
  auto start = std::chrono::steady_clock::now();
  std::size_t found = 0;
  for (int i = 0; i < 100'000; ++i) found += index_->match(kOrg, "order.created", "acme").size();
  EXPECT_EQ(found, 300'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{10});
}

}  // namespace
}  // namespace eventrelay
