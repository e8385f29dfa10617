// Lists and counts over more rows than a query may look at one by one.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "storage/sqlite_queries.h"
#include "tests/storage/sqlite_harness.h"

namespace eventrelay {
namespace {

constexpr std::int64_t kMany = 3 * kRowsExaminedMax;

/// Rows as the store would have made them: one event, deliveries of two webhooks in turn.
class SqliteListsTest : public testing::Test {
 protected:
  SqliteListsTest() {
    db.execute(
        "INSERT INTO event_types VALUES (1, 1, 'a'), (2, 1, 'b');"
        "INSERT INTO webhooks (id, organization_id, spec, secret, updated_ms) SELECT value, 1,"
        " '{\"url\":\"http://x\",\"event_types\":[\"*\"],\"tenant\":\"\",\"description\":\"\",\"headers\":[],"
        "\"ordered\":false,\"max_in_flight\":1,\"timeout_ms\":1,\"enabled\":true,\"retry\":{\"max_attempts\":1,"
        "\"initial_ms\":1,\"multiplier\":1,\"max_ms\":1}}', x'73', 0 FROM json_each('[1,2]')");
  }
  /// Deliveries first.. of a state, one id after the other.
  void add(std::int64_t first, std::int64_t count, DeliveryState state) {
    db.use(
          "INSERT INTO deliveries (id, organization_id, event_id, webhook_id, type_id, tenant_id, state, first_due_ms,"
          " due_ms, sort_at_ms, ended_id) WITH RECURSIVE n(i) AS (VALUES (?1) UNION ALL SELECT i + 1 FROM n"
          " WHERE i < ?2) SELECT i, 1, 5, 1 + i % 2, 1 + i % 2, 0, ?3, 0, 0, -i, CASE ?3 WHEN 0 THEN NULL ELSE i END"
          " FROM n")
        .bind(first)
        .bind(first + count - 1)
        .bind(static_cast<std::int64_t>(state))
        .run();
  }
  std::vector<std::int64_t> list(const DeliveryFilter& filter, std::size_t limit) {
    std::vector<std::int64_t> ids;
    const auto page = sqlite_queries::list_deliveries(db, kOrg, filter, {0, limit});
    for (const auto& row : page->rows) ids.push_back(row.id.value);
    return ids;
  }

  SqliteHarness harness;
  SqliteDb db{harness.file(), SqliteDb::Mode::kWriter};
};

TEST_F(SqliteListsTest, a_few_pending_behind_many_others_are_on_the_first_page) {
  add(100, 4, DeliveryState::kPending);
  add(1'000, kMany, DeliveryState::kSucceeded);
  EXPECT_EQ(list({.state = DeliveryState::kPending}, 3), (std::vector<std::int64_t>{103, 102, 101}));
  EXPECT_EQ(list({.state = DeliveryState::kPending, .webhook = WebhookId{1}}, 3),
            (std::vector<std::int64_t>{102, 100}));
  EXPECT_EQ(list({.state = DeliveryState::kPending, .type = "b"}, 3), (std::vector<std::int64_t>{103, 101}));
}

TEST_F(SqliteListsTest, a_few_dead_of_a_webhook_behind_many_of_others_are_on_the_first_page) {
  add(100, 1, DeliveryState::kDead);
  db.execute("UPDATE deliveries SET webhook_id = 2");
  add(1'000, kMany, DeliveryState::kDead);
  db.execute("UPDATE deliveries SET webhook_id = 1 WHERE id >= 1000");
  EXPECT_EQ(list({.state = DeliveryState::kDead, .webhook = WebhookId{2}}, 3), (std::vector<std::int64_t>{100}));
}

TEST_F(SqliteListsTest, many_pending_are_listed_newest_first) {
  add(100, kMany, DeliveryState::kPending);
  EXPECT_EQ(list({.state = DeliveryState::kPending}, 2), (std::vector<std::int64_t>{kMany + 99, kMany + 98}));
}

TEST_F(SqliteListsTest, a_narrow_count_of_many_is_whole) {
  add(100, kMany, DeliveryState::kDead);
  const auto counted = sqlite_queries::count_dead(db, kOrg, {.type = "b"});
  ASSERT_TRUE(counted);
  EXPECT_EQ(*counted, kMany / 2);
}

}  // namespace
}  // namespace eventrelay
