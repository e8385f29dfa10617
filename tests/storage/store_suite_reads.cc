// What the engine reads, what people list, jobs and counters.
#include <set>

#include "tests/storage/store_suite.h"

namespace eventrelay {

TEST_P(StoreSuite, due_rows_come_in_order_page_by_page) {
  const auto webhook = make_webhook();
  std::vector<DeliveryId> made;
  for (int i = 0; i < 10; ++i) {
    made.push_back(delivery_of(send()));
    if (i % 3 == 0) harness->advance(milliseconds(1));
  }
  std::vector<DeliveryId> read;
  DueQuery query{kOrg, webhook->id, {}, {}, harness->now(), 3, 10'000};
  for (int pages = 0; pages < 10; ++pages) {
    const auto page = due(query);
    ASSERT_TRUE(page);
    for (const auto& row : page->rows) read.push_back(row.id);
    if (!page->next_sort_at) break;
    query.after_sort_at = page->rows.back().sort_at;
    query.after_id = page->rows.back().id;
  }
  EXPECT_EQ(read, made);
}

TEST_P(StoreSuite, a_due_page_ends_at_its_time_and_says_what_is_next) {
  const auto webhook = make_webhook();
  send();
  IngestIntent later = event_of("order.created");
  later.events[0].deliver_at = harness->now() + std::chrono::hours(1);
  ASSERT_TRUE(ingest(later));
  const auto page = due({kOrg, webhook->id, {}, {}, harness->now(), 10, 1'000});
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->next_sort_at, later.events[0].deliver_at);
}

TEST_P(StoreSuite, due_rows_past_the_bytes_come_without_a_message) {
  const auto webhook = make_webhook();
  std::vector<EventId> events;
  for (int i = 0; i < 4; ++i) events.push_back(send("order.created", '"' + std::string(1'000, 'x') + '"').id);
  const auto page = due({kOrg, webhook->id, {}, {}, harness->now(), 10, 2'500});
  ASSERT_EQ(page->rows.size(), 4u);
  EXPECT_TRUE(page->rows[0].message);
  EXPECT_TRUE(page->rows[1].message);
  EXPECT_FALSE(page->rows[3].message);
  const auto read = messages({events[3], EventId{4}, events[0]});
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ(read->at(0)->event, events[3]);
  EXPECT_FALSE(read->at(1));
  EXPECT_EQ(read->at(2)->body, page->rows[0].message->body);
}

TEST_P(StoreSuite, lanes_are_those_with_something_pending) {
  const auto first = make_webhook("a");
  make_webhook("b");
  const auto third = make_webhook("c");
  send("a");
  send("a");
  harness->advance(milliseconds(5));
  const IngestedEvent event = send("c");
  const auto page = lanes({}, 1);
  ASSERT_EQ(page->lanes.size(), 1u);
  EXPECT_EQ(page->lanes[0].webhook, first->id);
  EXPECT_FALSE(page->done);
  const auto rest = lanes(first->id, 10);
  ASSERT_EQ(rest->lanes.size(), 1u);
  EXPECT_EQ(rest->lanes[0].webhook, third->id);
  EXPECT_EQ(rest->lanes[0].next_sort_at, harness->now());
  EXPECT_TRUE(rest->done);
  ASSERT_TRUE(finish(attempt(third, delivery_of(event), 1, DeliveryState::kSucceeded)));
  EXPECT_EQ(lanes({}, 10)->lanes.size(), 1u);
}

TEST_P(StoreSuite, lists_give_every_row_once_newest_first) {
  make_webhook("*");
  std::vector<std::int64_t> made;
  for (int i = 0; i < 23; ++i) made.push_back(send().id.value);
  std::reverse(made.begin(), made.end());
  std::vector<std::int64_t> listed;
  for (const auto& row : all_events({}, 5)) listed.push_back(row.id.value);
  EXPECT_EQ(listed, made);
  const auto deliveries = all_deliveries({}, 7);
  ASSERT_EQ(deliveries.size(), 23u);
  for (std::size_t i = 0; i < made.size(); ++i) EXPECT_EQ(deliveries[i].event.value, made[i]);
}

TEST_P(StoreSuite, filters_of_deliveries_narrow_to_what_they_say) {
  const auto first = make_webhook("a.*");
  const auto second = make_webhook("*");
  IngestIntent tenant = event_of("a.one");
  tenant.events[0].tenant = "acme";
  const IngestedEvent of_tenant = ingest(tenant)->events.at(0);
  harness->advance(std::chrono::minutes(1));
  const WallTime border = harness->now();
  const IngestedEvent late = send("b.two");
  ASSERT_TRUE(finish(attempt(first, delivery_of(of_tenant, 1), 1, DeliveryState::kSucceeded)));

  const auto count = [&](const DeliveryFilter& filter) { return all_deliveries(filter, 2).size(); };
  EXPECT_EQ(count({}), 3u);
  EXPECT_EQ(count({.webhook = first->id}), 1u);
  EXPECT_EQ(count({.webhook = second->id}), 2u);
  EXPECT_EQ(count({.event = of_tenant.id}), 2u);
  EXPECT_EQ(count({.type = "a.one"}), 2u);
  EXPECT_EQ(count({.type = "never"}), 0u);
  EXPECT_EQ(count({.tenant = "acme"}), 2u);
  EXPECT_EQ(count({.tenant = "never"}), 0u);
  EXPECT_EQ(count({.state = DeliveryState::kSucceeded}), 1u);
  EXPECT_EQ(count({.state = DeliveryState::kPending}), 2u);
  EXPECT_EQ(count({.state = DeliveryState::kPending, .webhook = second->id, .type = "b.two"}), 1u);
  EXPECT_EQ(count({.after = border}), 1u) << "inclusive";
  EXPECT_EQ(count({.before = border}), 2u) << "exclusive";
  EXPECT_EQ(all_deliveries({.after = border}).at(0).event, late.id);
}

TEST_P(StoreSuite, an_events_status_comes_from_its_deliveries) {
  const auto one = make_webhook("*");
  const auto two = make_webhook("*");
  std::map<EventStatus, EventId> made;
  const auto end = [&](const IngestedEvent& event, DeliveryState first, DeliveryState second) {
    for (const auto& [n, webhook, state] : {std::tuple(1, one, first), std::tuple(2, two, second)}) {
      if (state == DeliveryState::kCancelled) {
        ASSERT_TRUE(change(CancelDelivery{kOrg, delivery_of(event, n)}));
      } else if (state != DeliveryState::kPending) {
        ASSERT_TRUE(finish(attempt(webhook, delivery_of(event, n), 1, state)));
      }
    }
  };
  using S = DeliveryState;
  for (const auto& [status, first, second] : {std::tuple(EventStatus::kPending, S::kPending, S::kDead),
                                              std::tuple(EventStatus::kDead, S::kSucceeded, S::kDead),
                                              std::tuple(EventStatus::kSucceeded, S::kSucceeded, S::kCancelled),
                                              std::tuple(EventStatus::kCancelled, S::kCancelled, S::kCancelled)}) {
    const IngestedEvent event = send();
    end(event, first, second);
    made[status] = event.id;
  }
  ASSERT_TRUE(change(DeleteWebhook{kOrg, one->id}));
  ASSERT_TRUE(change(DeleteWebhook{kOrg, two->id}));
  made[EventStatus::kUnmatched] = send().id;
  for (const auto& [status, id] : made) {
    EventFilter filter;
    filter.status = status;
    const auto rows = all_events(filter, 1);
    ASSERT_EQ(rows.size(), 1u) << to_text(status);
    EXPECT_EQ(rows[0].id, id);
    EXPECT_EQ(rows[0].status, status);
    EXPECT_EQ(wait(queries().get_event(loop(), kOrg, id))->event.status, status);
  }
}

TEST_P(StoreSuite, events_are_found_by_type_tenant_time_and_q) {
  make_webhook("order.*");
  IngestIntent tenant = event_of("order.created");
  tenant.events[0].tenant = "acme";
  tenant.events[0].metadata = R"({"k":"v"})";
  const EventId first = ingest(tenant)->events.at(0).id;
  harness->advance(std::chrono::minutes(1));
  const WallTime border = harness->now();
  const EventId second = send("invoice.paid").id;
  const auto only = [&](const EventFilter& filter) {
    const auto rows = all_events(filter);
    return rows.size() == 1 ? rows[0].id : EventId{};
  };
  EXPECT_EQ(only({.type = "order.created"}), first);
  EXPECT_EQ(only({.tenant = "acme"}), first);
  EXPECT_EQ(only({.after = border}), second);
  EXPECT_EQ(only({.before = border}), first);
  EXPECT_EQ(only({.q = "inv"}), second);
  EXPECT_EQ(only({.q = to_text(first)}), first);
  EXPECT_EQ(only({.q = to_text(delivery_of({first, {}, 1}))}), first);
  EXPECT_EQ(all_events({.q = to_text(first).substr(0, 8)}).size(), 2u);
  EXPECT_TRUE(all_events({.q = "nothing"}).empty());
  EXPECT_EQ(all_events({.type = "order.created"}).at(0).metadata, R"({"k":"v"})");
}

TEST_P(StoreSuite, the_dlq_lists_those_that_died_last_first) {
  const auto webhook = make_webhook();
  const DeliveryId older = delivery_of(send());
  const DeliveryId newer = delivery_of(send());
  ASSERT_TRUE(finish(attempt(webhook, newer, 1, DeliveryState::kDead)));
  harness->advance(milliseconds(3));
  ASSERT_TRUE(finish(attempt(webhook, older, 1, DeliveryState::kDead)));
  const auto rows = all_dead({}, 1);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].id, older);
  EXPECT_EQ(rows[1].id, newer);
  EXPECT_EQ(*wait(queries().count_dead(loop(), kOrg, {.webhook = webhook->id})), 2);
  EXPECT_EQ(*wait(queries().count_dead(loop(), kOrg, {.type = "never"})), 0);
}

TEST_P(StoreSuite, a_search_goes_up_to_the_greatest_id_there_can_be) {
  harness->advance(std::chrono::hours(24 * 365 * 60));
  const IngestedEvent event = send();
  EventFilter filter;
  filter.q = to_text(event.id).substr(0, 5);
  EXPECT_EQ(filter.q, "evt_7");
  EXPECT_EQ(all_events(filter).size(), 1u);
  filter.q = "evt_7zzzzzzzzzzzz";
  EXPECT_TRUE(all_events(filter).empty());
}

TEST_P(StoreSuite, an_id_of_nothing_matches_nothing) {
  const auto webhook = make_webhook();
  make_dead(webhook);
  for (const DeliveryFilter& filter : {DeliveryFilter{.webhook = WebhookId{0}}, DeliveryFilter{.event = EventId{0}}}) {
    EXPECT_TRUE(all_deliveries(filter).empty());
    EXPECT_TRUE(all_dead(filter).empty());
    EXPECT_EQ(*wait(queries().count_dead(loop(), kOrg, filter)), 0);
    EXPECT_EQ(change(CreateJob{kOrg, JobKind::kPurgeDead, filter})->count, 0);
  }
}

TEST_P(StoreSuite, a_job_meets_what_was_dead_when_it_was_made) {
  const auto webhook = make_webhook();
  std::vector<DeliveryId> dead;
  for (int i = 0; i < 5; ++i) dead.push_back(make_dead(webhook));
  harness->hand_over.take();
  const auto job = change(CreateJob{kOrg, JobKind::kReplayDead, {}, 25});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->count, 5);
  ASSERT_EQ(harness->hand_over.take().jobs.size(), 1u);
  EXPECT_EQ(change(AdvanceJob{JobId{job->id}, 2})->count, 2);
  // What the job reopened dies again, and another dies for the first time: neither is met.
  ASSERT_TRUE(finish(attempt(webhook, dead[0], 2, DeliveryState::kDead)));
  make_dead(webhook);
  harness->reopen();
  ASSERT_EQ(store().load_catalog()->open_jobs.size(), 1u);
  EXPECT_EQ(store().load_catalog()->open_jobs[0].rate, 25u);
  EXPECT_EQ(run_job(JobId{job->id}, 2), JobState::kDone);
  EXPECT_EQ(report().dlq, 2);
  EXPECT_EQ(report().pending, 4);
  const auto row = wait(queries().get_job(loop(), kOrg, JobId{job->id}));
  EXPECT_EQ(row->done, 5);
  EXPECT_EQ(row->total, 5);
  EXPECT_EQ(row->state, JobState::kDone);
  EXPECT_TRUE(row->ended_at);
  EXPECT_TRUE(store().load_catalog()->open_jobs.empty());
}

TEST_P(StoreSuite, a_purge_takes_only_what_its_filter_names) {
  const auto webhook = make_webhook("*");
  make_dead(webhook, "a");
  const DeliveryId kept = make_dead(webhook, "b");
  const auto job = change(CreateJob{kOrg, JobKind::kPurgeDead, {.type = "a"}, 0});
  EXPECT_EQ(job->count, 1);
  EXPECT_EQ(run_job(JobId{job->id}, 100), JobState::kDone);
  const auto left = all_dead({});
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, kept);
}

TEST_P(StoreSuite, a_cancelled_job_does_no_more) {
  const auto webhook = make_webhook();
  for (int i = 0; i < 3; ++i) make_dead(webhook);
  const JobId job{change(CreateJob{kOrg, JobKind::kPurgeDead, {}, 0})->id};
  EXPECT_EQ(change(AdvanceJob{job, 1})->job_state, JobState::kRunning);
  const auto cancelled = change(CancelJob{kOrg, job});
  ASSERT_TRUE(cancelled && cancelled->job);
  EXPECT_EQ(cancelled->job->state, JobState::kCancelled);
  EXPECT_EQ(change(AdvanceJob{job, 1})->job_state, JobState::kCancelled);
  EXPECT_EQ(report().dlq, 2);
  EXPECT_EQ(change(CancelJob{kOrg, job}).error().code, ErrorCode::kConflict);
}

TEST_P(StoreSuite, counters_are_exact_and_last_over_a_restart) {
  const auto webhook = make_webhook();
  const IngestedEvent first = send();
  send();
  send("unmatched");
  ASSERT_TRUE(finish(attempt(webhook, delivery_of(first), 1, DeliveryState::kPending)));
  ASSERT_TRUE(finish(attempt(webhook, delivery_of(first), 2, DeliveryState::kSucceeded)));
  make_dead(webhook);
  const DeliveryId cancelled = delivery_of(send());
  ASSERT_TRUE(change(CancelDelivery{kOrg, cancelled}));
  for (const bool restarted : {false, true}) {
    if (restarted) harness->reopen();
    const MetricsReport seen = report();
    EXPECT_EQ(seen.totals.events, 5);
    EXPECT_EQ(seen.totals.unmatched, 1);
    EXPECT_EQ(seen.totals.deliveries, 4);
    EXPECT_EQ(seen.totals.attempts, 3);
    EXPECT_EQ(seen.totals.succeeded, 1);
    EXPECT_EQ(seen.totals.failed_attempts, 2);
    EXPECT_EQ(seen.totals.retries, 1);
    EXPECT_EQ(seen.totals.dead, 1);
    EXPECT_EQ(seen.totals.cancelled, 1);
    EXPECT_EQ(seen.pending, 1);
    EXPECT_EQ(seen.dlq, 1);
    EXPECT_NEAR(seen.p50_ms, 7, 1.5);
  }
}

TEST_P(StoreSuite, a_series_has_no_gaps_and_sums_to_its_totals) {
  send();
  harness->advance(std::chrono::minutes(3));
  send();
  const std::pair<MetricsWindow, std::size_t> shapes[] = {{MetricsWindow::k15m, 15}, {MetricsWindow::k1h, 60},
                                                          {MetricsWindow::k6h, 72},  {MetricsWindow::k24h, 96},
                                                          {MetricsWindow::k7d, 84},  {MetricsWindow::k30d, 120}};
  for (const auto& [window, points] : shapes) {
    const MetricsReport seen = report(window);
    ASSERT_EQ(seen.series.size(), points);
    const auto step = seen.series[1].at - seen.series[0].at;
    std::int64_t events = 0;
    for (std::size_t i = 0; i < points; ++i) {
      if (i > 0) {
        EXPECT_EQ(seen.series[i].at - seen.series[i - 1].at, step);
      }
      events += seen.series[i].counters.events;
    }
    EXPECT_EQ(events, 2);
    EXPECT_EQ(seen.totals.events, 2);
    EXPECT_LE(seen.series.back().at, harness->now());
    EXPECT_GT(seen.series.back().at + step, harness->now());
  }
}

}  // namespace eventrelay
