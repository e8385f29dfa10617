// Lists and counts over more rows than a query may look at one by one, and the ways on which rows are found.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "storage/postgres_messages.h"
#include "tests/storage/postgres_reads_fixture.h"

namespace eventrelay::test {
namespace {

namespace q = postgres_queries;

constexpr std::int64_t kMany = 2 * kRowsExaminedMax + 1'000;

struct PostgresListsTest : PostgresReadsTest {
  Page<DeliveryRow> page(const DeliveryFilter& filter, std::size_t limit, std::int64_t cursor = 0) {
    return must(q::list_deliveries(read(), kReadsOrg, filter, {cursor, limit}));
  }
  std::vector<std::int64_t> list(const DeliveryFilter& filter, std::size_t limit) {
    std::vector<std::int64_t> ids;
    for (const auto& row : page(filter, limit).rows) ids.push_back(row.id.value);
    return ids;
  }
  /// Of add(): the delivery of a day's n-th millisecond.
  static std::int64_t delivery(int day, std::int64_t n) { return id_at(day, n) + 1; }
};

TEST_F(PostgresListsTest, a_few_pending_behind_many_others_are_on_the_first_page) {
  add(0, 4, DeliveryState::kPending);
  add(1, kMany, DeliveryState::kSucceeded);
  sql("ANALYZE");
  const auto ids = [](std::vector<std::int64_t> numbers) {
    for (auto& n : numbers) n = delivery(0, n);
    return numbers;
  };
  EXPECT_EQ(list({.state = DeliveryState::kPending}, 3), ids({3, 2, 1}));
  EXPECT_EQ(list({.state = DeliveryState::kPending, .webhook = WebhookId{1}}, 3), ids({2, 0}));
  EXPECT_EQ(list({.state = DeliveryState::kPending, .type = "b"}, 3), ids({3, 1}));
}

TEST_F(PostgresListsTest, a_few_dead_of_a_webhook_behind_many_of_others_are_on_the_first_page) {
  add(0, 2, DeliveryState::kDead);
  add(1, kMany, DeliveryState::kDead);
  sql("UPDATE deliveries SET webhook_id = 1 WHERE id >= " + std::to_string(id_at(1)) + "; ANALYZE");
  EXPECT_EQ(list({.state = DeliveryState::kDead, .webhook = WebhookId{2}}, 3),
            (std::vector<std::int64_t>{delivery(0, 1)}));
}

TEST_F(PostgresListsTest, many_pending_are_listed_newest_first) {
  add(0, kMany, DeliveryState::kPending);
  EXPECT_EQ(list({.state = DeliveryState::kPending}, 2),
            (std::vector<std::int64_t>{delivery(0, kMany - 1), delivery(0, kMany - 2)}));
}

TEST_F(PostgresListsTest, a_narrow_count_of_many_is_whole) {
  add(0, 3 * kRowsExaminedMax, DeliveryState::kDead);
  EXPECT_EQ(must(q::count_dead(read(), kReadsOrg, {.type = "b"})), 3 * kRowsExaminedMax / 2);
}

TEST_F(PostgresListsTest, a_page_ends_where_a_query_may_look_no_further_and_the_next_goes_on_there) {
  add(0, 1, DeliveryState::kSucceeded);
  add(1, kMany, DeliveryState::kDead);
  const DeliveryFilter filter{.state = DeliveryState::kSucceeded};
  std::int64_t cursor = 0;
  for (int pages = 1; pages <= 2; ++pages) {
    const auto empty = page(filter, 5, cursor);
    EXPECT_TRUE(empty.rows.empty());
    EXPECT_EQ(empty.next, delivery(1, kMany - pages * std::int64_t{kRowsExaminedMax}));
    cursor = empty.next;
  }
  const auto last = page(filter, 5, cursor);
  ASSERT_EQ(last.rows.size(), 1u);
  EXPECT_EQ(last.rows[0].id.value, delivery(0, 0));
  EXPECT_EQ(last.next, 0);
}

TEST_F(PostgresListsTest, the_last_row_that_may_be_looked_at_is_on_the_page_when_it_matches) {
  add(0, 5, DeliveryState::kPending);
  add(0, kRowsExaminedMax, DeliveryState::kDead, 5);
  sql("UPDATE deliveries SET state = 1 WHERE id = " + std::to_string(delivery(0, 5)));
  const auto found = page({.state = DeliveryState::kSucceeded}, 5);
  ASSERT_EQ(found.rows.size(), 1u);
  EXPECT_EQ(found.rows[0].id.value, delivery(0, 5));
  EXPECT_EQ(found.next, delivery(0, 5)) << "there are rows behind it";
}

TEST_F(PostgresListsTest, an_event_with_more_deliveries_than_a_query_may_look_at_is_listed_once) {
  add(0, 1, DeliveryState::kPending);
  add(1, kMany, DeliveryState::kPending);
  sql("UPDATE deliveries SET event_id = " + std::to_string(id_at(1)) + " WHERE id > " + std::to_string(id_at(1)));
  sql("UPDATE events SET replay_count = 1 WHERE id = " + std::to_string(id_at(1)));
  EventFilter filter;
  filter.status = EventStatus::kPending;
  std::vector<std::int64_t> listed;
  std::int64_t cursor = 0;
  do {
    const auto found = must(q::list_events(read(), kReadsOrg, filter, {cursor, 10}));
    for (const auto& row : found.rows) listed.push_back(row.id.value);
    cursor = found.next;
  } while (cursor != 0);
  EXPECT_EQ(listed, (std::vector<std::int64_t>{id_at(1), id_at(0)}));
}

// ---- Ways --------------------------------------------------------------------------------------------------------

/// What reading cost, of deliveries and events: counted by the server, told when the session has ended.
struct Cost {
  std::int64_t scanned = 0;  ///< rows of partitions read from one end to the other
  std::int64_t fetched = 0;  ///< rows found by an index
};

struct PostgresPlansTest : PostgresListsTest {
  PostgresPlansTest() {
    for (int day = 0; day < kReadsDays; ++day) {
      add(day, 8'000, DeliveryState::kSucceeded);
      add(day, 1'000, DeliveryState::kDead, 8'000);
      add(day, 20, DeliveryState::kCancelled, 9'000);
      add(day, 100, DeliveryState::kPending, 9'020);
    }
    sql("ANALYZE");
  }
  Cost read_cost() {
    const auto of = [&](const char* column) {
      return std::stoll(sql(std::string("SELECT sum(") + column +
                            ") FROM pg_stat_user_tables WHERE relname ~ '^(deliveries|events)_2'"));
    };
    return {of("seq_tup_read"), of("idx_tup_fetch")};
  }
  template <class Read>
  void expect_cheap(const std::string& name, const Read& one) {
    const Cost before = read_cost();
    connection = connect();
    loop.wait(one());
    connection->close();
    connection.reset();
    run_a_moment();
    const Cost after = read_cost();
    EXPECT_EQ(after.scanned - before.scanned, 0) << name;
    EXPECT_LE(after.fetched - before.fetched, kCheap) << name;
  }
  void run_a_moment() {
    const auto until = steady_clock::now() + milliseconds(30);
    loop.run_until([&] { return steady_clock::now() > until; });
  }

  /// Pages of ten; the few of a state that are put in order are counted first.
  static constexpr std::int64_t kCheap = 3'000;
};

TEST_F(PostgresPlansTest, every_list_of_deliveries_follows_an_index) {
  using S = DeliveryState;
  const WallTime noon = kReadsBegin + std::chrono::hours(36);
  const std::pair<const char*, DeliveryFilter> filters[] = {
      {"all", {}},
      {"succeeded", {.state = S::kSucceeded}},
      {"pending", {.state = S::kPending}},
      {"dead", {.state = S::kDead}},
      {"cancelled", {.state = S::kCancelled}},
      {"a webhook's", {.webhook = WebhookId{1}}},
      {"a webhook's pending", {.state = S::kPending, .webhook = WebhookId{1}}},
      {"an event's", {.event = EventId{id_at(2, 50)}}},
      {"a type's", {.type = "a"}},
      {"a type's that never was", {.type = "never"}},
      {"of a time", {.after = noon, .before = noon + seconds(1)}}};
  for (const auto& [name, filter] : filters)
    expect_cheap(name, [&] { return q::list_deliveries(read(), kReadsOrg, filter, {0, 10}); });
  expect_cheap("the dead letters", [&] { return q::list_dead(read(), kReadsOrg, {}, {0, 10}); });
  expect_cheap("a webhook's dead letters", [&] {
    return q::list_dead(read(), kReadsOrg, {.webhook = WebhookId{2}}, {0, 10});
  });
}

TEST_F(PostgresPlansTest, every_list_of_events_follows_an_index) {
  using S = EventStatus;
  EventFilter filter;
  for (const auto status : {S::kUnmatched, S::kPending, S::kDead, S::kSucceeded, S::kCancelled}) {
    filter.status = status;
    // The newest are pending: those that succeeded come behind them, of each day.
    expect_cheap(std::string(to_text(status)), [&] { return q::list_events(read(), kReadsOrg, filter, {0, 10}); });
  }
  expect_cheap("all", [&] { return q::list_events(read(), kReadsOrg, {}, {0, 10}); });
  expect_cheap("a type's", [&] { return q::list_events(read(), kReadsOrg, {.type = "b"}, {0, 10}); });
  filter = {};
  filter.q = to_text(DeliveryId{delivery(1, 7)});
  expect_cheap("a delivery's", [&] { return q::list_events(read(), kReadsOrg, filter, {0, 10}); });
  expect_cheap("one", [&] { return q::get_event(read(), kReadsOrg, EventId{id_at(3, 9)}); });
}

TEST_F(PostgresPlansTest, what_the_engine_reads_follows_an_index) {
  expect_cheap("due", [&] {
    return q::read_due(read(),
                       {kReadsOrg, WebhookId{1}, {}, {}, kReadsBegin + std::chrono::hours(999), 100, 1'000'000});
  });
  expect_cheap("lanes", [&] { return q::read_lanes(read(), all_partitions(), {}, 10); });
  expect_cheap("messages", [&] {
    return q::read_messages(read(), {EventId{id_at(0, 1)}, EventId{id_at(4, 2)}}, kMessagesReadBytes);
  });
}

}  // namespace
}  // namespace eventrelay::test
