// What a process takes in of its own commits, and what it must read back first. Needs no server.
#include "storage/postgres_catalog.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

struct NoHandOver final : HandOver {
  void publish(News, Completion<>) override {}
};

struct PostgresCatalogTest : testing::Test {
  PostgresCatalogTest() {
    Catalog loaded;
    loaded.versions.push_back({kFirstOrganization, 4});
    catalog.load(loaded);
  }
  static News replayed_at(std::uint64_t version) {
    News news;
    news.pending.emplace_back();
    news.catalog.push_back({kFirstOrganization, version});
    return news;
  }
  static News changed_to(std::uint64_t version) {
    auto webhook = std::make_shared<Webhook>();
    webhook->id = WebhookId{7};
    webhook->organization = kFirstOrganization;
    webhook->version = version;
    News news;
    news.webhooks.push_back(webhook);
    news.catalog.push_back({kFirstOrganization, version});
    return news;
  }

  boost::asio::io_context context;
  PgPool pool{context, {}, 1};
  NoHandOver hand_over;
  PgCatalog catalog{pool, hand_over};
};

TEST_F(PostgresCatalogTest, a_change_that_follows_what_is_known_is_taken_in_and_another_is_not) {
  News next = changed_to(5);
  EXPECT_TRUE(catalog.absorb(next));
  EXPECT_EQ(catalog.webhooks().version(kFirstOrganization), 5u);
  News later = changed_to(7);
  EXPECT_FALSE(catalog.absorb(later));
  EXPECT_TRUE(later.empty());
}

TEST_F(PostgresCatalogTest, a_replay_that_was_matched_with_another_process_change_does_not_hide_it) {
  News known = replayed_at(4);
  EXPECT_TRUE(catalog.absorb(known));
  News replay = replayed_at(5);
  EXPECT_FALSE(catalog.absorb(replay));
  EXPECT_EQ(replay.catalog.size(), 1u) << "others are to know what it was matched with";
  EXPECT_EQ(catalog.webhooks().version(kFirstOrganization), 4u);
}

}  // namespace
}  // namespace eventrelay
