// What is counted: exact in each window, of the organization and of each webhook, whatever is folded when.
#include "tests/storage/store_suite.h"

namespace eventrelay {
namespace {

constexpr MetricsWindow kAllWindows[] = {MetricsWindow::k15m, MetricsWindow::k1h, MetricsWindow::k6h,
                                         MetricsWindow::k24h, MetricsWindow::k7d, MetricsWindow::k30d};

/// Events, deliveries, attempts, succeeded, failed, retries, dead, cancelled.
std::vector<std::int64_t> main_counters(const Counters& c) {
  return {c.events, c.deliveries, c.attempts, c.succeeded, c.failed_attempts, c.retries, c.dead, c.cancelled};
}
using Numbers = std::vector<std::int64_t>;

/// Those points that are not empty.
Numbers events_of(const MetricsReport& report) {
  Numbers events;
  for (const MetricsPoint& point : report.series)
    if (point.counters.events > 0) events.push_back(point.counters.events);
  return events;
}

}  // namespace

TEST_P(StoreSuite, a_webhooks_counts_are_its_own) {
  const auto one = make_webhook();
  const auto two = make_webhook();
  const IngestedEvent event = send();
  ASSERT_TRUE(finish(attempt(one, delivery_of(event, 1), 1, DeliveryState::kPending)));
  ASSERT_TRUE(finish(attempt(one, delivery_of(event, 1), 2, DeliveryState::kSucceeded)));
  ASSERT_TRUE(finish(attempt(two, delivery_of(event, 2), 1, DeliveryState::kDead)));
  const IngestedEvent other = send();
  ASSERT_TRUE(change(CancelDelivery{kOrg, delivery_of(other, 2)}));
  send("unmatched");
  ASSERT_EQ(change(ReplayEvent{kOrg, event.id, {one->id}})->count, 1);
  for (const bool folded : {false, true}) {
    if (folded) {
      harness->advance(std::chrono::minutes(1));
      keep_house();
      harness->reopen();
    }
    for (const MetricsWindow window : kAllWindows) {
      EXPECT_EQ(main_counters(report(window).totals), (Numbers{3, 5, 3, 1, 2, 1, 1, 1}));
      const MetricsReport first = report(window, one->id);
      EXPECT_EQ(main_counters(first.totals), (Numbers{0, 3, 2, 1, 1, 1, 0, 0}));
      EXPECT_EQ(first.totals.unmatched, 0);
      EXPECT_NEAR(first.p95_ms, 7, 1.5);
      EXPECT_EQ(first.pending, 2);
      EXPECT_EQ(first.dlq, 0);
      const MetricsReport second = report(window, two->id);
      EXPECT_EQ(main_counters(second.totals), (Numbers{0, 2, 1, 0, 1, 0, 1, 1}));
      EXPECT_EQ(second.p95_ms, 0);
      EXPECT_EQ(second.pending, 0);
      EXPECT_EQ(second.dlq, 1);
    }
  }
}

TEST_P(StoreSuite, a_webhook_of_another_organization_or_none_has_zeros) {
  const auto webhook = make_webhook();
  make_dead(webhook);
  send();
  for (const bool folded : {false, true}) {
    if (folded) {
      harness->advance(std::chrono::minutes(1));
      keep_house();
    }
    const MetricsReport foreign = report(MetricsWindow::k1h, webhook->id, kOtherOrg);
    const MetricsReport unknown = report(MetricsWindow::k1h, WebhookId{5});
    for (const MetricsReport& seen : {foreign, unknown}) {
      EXPECT_EQ(main_counters(seen.totals), (Numbers{0, 0, 0, 0, 0, 0, 0, 0}));
      EXPECT_EQ(seen.pending, 0);
      EXPECT_EQ(seen.dlq, 0);
      EXPECT_EQ(seen.series.size(), 60u);
    }
    EXPECT_EQ(report(MetricsWindow::k1h, {}, kOtherOrg).totals.attempts, 0);
    EXPECT_TRUE(webhook_counts(MetricsWindow::k1h, kOtherOrg).empty());
    EXPECT_EQ(report(MetricsWindow::k1h, webhook->id).dlq, 1);
  }
}

TEST_P(StoreSuite, what_is_counted_at_an_hours_edge_is_in_the_right_minute_and_hour_and_once) {
  const auto webhook = make_webhook();
  const auto expect_exact = [&] {
    for (const MetricsWindow window : {MetricsWindow::k1h, MetricsWindow::k24h, MetricsWindow::k7d}) {
      EXPECT_EQ(main_counters(report(window).totals), (Numbers{3, 3, 3, 2, 1, 0, 1, 0}));
      EXPECT_EQ(main_counters(report(window, webhook->id).totals), (Numbers{0, 3, 3, 2, 1, 0, 1, 0}));
    }
    EXPECT_EQ(events_of(report(MetricsWindow::k1h)), (Numbers{1, 2}));
    EXPECT_EQ(events_of(report(MetricsWindow::k6h)), (Numbers{1, 2}));
  };
  harness->advance(std::chrono::minutes(59) + std::chrono::seconds(59));
  ASSERT_TRUE(finish(attempt(webhook, delivery_of(send()), 1, DeliveryState::kSucceeded)));
  harness->advance(std::chrono::seconds(1));
  ASSERT_TRUE(finish(attempt(webhook, delivery_of(send()), 1, DeliveryState::kSucceeded)));
  make_dead(webhook);
  expect_exact();
  keep_house();
  expect_exact();
  const auto rows = [&](const std::string& where) {
    return harness->sql("SELECT count(*) FROM rollups WHERE " + where);
  };
  EXPECT_EQ(rows("webhook_id = 0"), "2") << "the minute that is over, and its hour";
  harness->advance(std::chrono::minutes(1));
  keep_house();
  expect_exact();
  EXPECT_EQ(harness->sql("SELECT count(*) FROM count_notes"), "0");
  EXPECT_EQ(rows("span = 1 AND webhook_id = 0"), "2");
  EXPECT_EQ(rows("span = 60 AND webhook_id = 0"), "2");
  EXPECT_EQ(rows("span = 60 AND webhook_id <> 0"), "2");
  EXPECT_EQ(harness->sql("SELECT sum(attempts) FROM rollups WHERE span = 60 AND webhook_id = 0"), "3");
  harness->reopen();
  expect_exact();
}

TEST_P(StoreSuite, an_hour_that_is_not_over_is_in_the_long_windows) {
  harness->advance(std::chrono::hours(5));
  for (int minute = 0; minute < 4; ++minute) {
    send();
    keep_house();
    for (const MetricsWindow window : {MetricsWindow::k7d, MetricsWindow::k30d}) {
      const MetricsReport seen = report(window);
      EXPECT_EQ(seen.totals.events, minute + 1);
      EXPECT_EQ(seen.series.back().counters.events, minute + 1);
    }
    harness->advance(std::chrono::minutes(1));
  }
}

TEST_P(StoreSuite, a_minute_that_was_folded_takes_what_comes_later_and_loses_nothing_at_a_restart) {
  const auto webhook = make_webhook();
  std::int64_t sent = 0;
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 7; ++i, ++sent)
      ASSERT_TRUE(finish(attempt(webhook, delivery_of(send()), 1, DeliveryState::kSucceeded)));
    if (round % 3 == 0) harness->reopen();
    if (round % 4 == 1) keep_house();
    EXPECT_EQ(report(MetricsWindow::k1h).totals.succeeded, sent);
    EXPECT_EQ(report(MetricsWindow::k30d, webhook->id).totals.succeeded, sent);
    EXPECT_EQ(report(MetricsWindow::k24h, webhook->id).totals.deliveries, sent);
    harness->advance(std::chrono::seconds(7));
  }
}

TEST_P(StoreSuite, old_minutes_go_after_a_day_and_old_hours_after_a_month) {
  const auto webhook = make_webhook();
  ASSERT_TRUE(finish(attempt(webhook, delivery_of(send()), 1, DeliveryState::kSucceeded)));
  const auto rows = [&](int span) {
    return harness->sql("SELECT count(*) FROM rollups WHERE span = " + std::to_string(span));
  };
  harness->advance(std::chrono::hours(23) + std::chrono::minutes(50));
  keep_house();
  EXPECT_EQ(rows(1), "2") << "the organization's and the webhook's";
  EXPECT_EQ(report(MetricsWindow::k24h).totals.succeeded, 1);
  EXPECT_EQ(report(MetricsWindow::k24h, webhook->id).totals.succeeded, 1);
  EXPECT_EQ(webhook_counts(MetricsWindow::k24h).size(), 1u);
  harness->advance(std::chrono::hours(3));
  keep_house();
  EXPECT_EQ(rows(1), "0");
  EXPECT_EQ(rows(60), "2");
  EXPECT_EQ(report(MetricsWindow::k24h).totals.succeeded, 0);
  EXPECT_EQ(report(MetricsWindow::k7d, webhook->id).totals.succeeded, 1);
  harness->advance(std::chrono::days(28));
  keep_house();
  EXPECT_EQ(report(MetricsWindow::k7d).totals.succeeded, 0);
  EXPECT_EQ(report(MetricsWindow::k30d).totals.succeeded, 1);
  EXPECT_NEAR(report(MetricsWindow::k30d).p50_ms, 7, 1.5);
  harness->advance(std::chrono::days(3));
  keep_house();
  EXPECT_EQ(rows(60), "0");
}

TEST_P(StoreSuite, old_rows_go_in_slices) {
  send();
  harness->advance(std::chrono::minutes(1));
  keep_house();
  harness->sql(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO rollups"
      " SELECT 1, n.i, organization_id, webhook_id, events, unmatched, deliveries, attempts, succeeded,"
      " failed_attempts, retries, dead, cancelled, latency FROM rollups, n WHERE span = 1");
  const auto first = change(ExpireKeys{});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->more);
  EXPECT_GT(std::stoi(harness->sql("SELECT count(*) FROM rollups WHERE span = 1")), 1);
  keep_house();
  EXPECT_EQ(harness->sql("SELECT count(*) FROM rollups WHERE span = 1"), "1");
  EXPECT_EQ(report(MetricsWindow::k1h).totals.events, 1);
}

TEST_P(StoreSuite, webhooks_side_by_side_have_the_last_hour_as_each_of_them_alone) {
  const auto webhook = make_webhook();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 2; ++i) {
      FinishAttempt finished = attempt(webhook, delivery_of(send()), 1,
                                       (round + i) % 3 == 0 ? DeliveryState::kDead : DeliveryState::kSucceeded);
      finished.latency = milliseconds(1 << (round % 9 + i));
      ASSERT_TRUE(finish(finished));
    }
    if (round % 4 != 0) keep_house();
    const MetricsReport alone = report(MetricsWindow::k1h, webhook->id);
    const auto rows = webhook_counts(MetricsWindow::k1h);
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].attempts, alone.totals.attempts) << round;
    EXPECT_EQ(rows[0].succeeded, alone.totals.succeeded) << round;
    EXPECT_EQ(rows[0].failed_attempts, alone.totals.failed_attempts) << round;
    EXPECT_EQ(rows[0].dead, alone.totals.dead) << round;
    EXPECT_EQ(rows[0].p95_ms, alone.p95_ms) << round;
    harness->advance(std::chrono::minutes(7));
  }
}

TEST_P(StoreSuite, webhooks_are_seen_side_by_side_those_with_most_failures_first) {
  const auto good = make_webhook();
  const auto bad = make_webhook();
  make_webhook("nothing.comes");
  const auto deleted = make_webhook();
  for (int i = 0; i < 3; ++i) {
    const IngestedEvent event = send();
    ASSERT_TRUE(finish(attempt(good, delivery_of(event, 1), 1, DeliveryState::kSucceeded)));
    ASSERT_TRUE(
        finish(attempt(bad, delivery_of(event, 2), 1, i == 0 ? DeliveryState::kSucceeded : DeliveryState::kDead)));
    ASSERT_TRUE(finish(attempt(deleted, delivery_of(event, 3), 1, DeliveryState::kDead)));
    harness->advance(std::chrono::minutes(1));
    if (i == 1) keep_house();
  }
  ASSERT_TRUE(change(DeleteWebhook{kOrg, deleted->id}));
  for (const MetricsWindow window : {MetricsWindow::k1h, MetricsWindow::k24h}) {
    const auto rows = webhook_counts(window);
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].id, bad->id);
    EXPECT_EQ(rows[0].attempts, 3);
    EXPECT_EQ(rows[0].succeeded, 1);
    EXPECT_EQ(rows[0].failed_attempts, 2);
    EXPECT_EQ(rows[0].dead, 2);
    EXPECT_NEAR(rows[0].p95_ms, 7, 1.5);
    EXPECT_EQ(rows[1].id, good->id);
    EXPECT_EQ(rows[1].attempts, 3);
    EXPECT_EQ(rows[1].failed_attempts, 0);
  }
  harness->advance(std::chrono::minutes(58));
  const auto hour = webhook_counts(MetricsWindow::k1h);
  ASSERT_EQ(hour.size(), 2u);
  EXPECT_EQ(hour[0].attempts, 1) << "to the minute";
  EXPECT_EQ(webhook_counts(MetricsWindow::k24h)[0].attempts, 3);
}

}  // namespace eventrelay
