// Events in: ids, matching, keys, what is told to the lanes.
#include "tests/storage/store_suite.h"

namespace eventrelay {
namespace {

IdempotencyClaim claim_of(std::string key, std::string_view body) {
  return {"POST /api/events", std::move(key), sha256(body)};
}

}  // namespace

TEST_P(StoreSuite, an_event_and_its_deliveries_get_ids_one_after_the_other) {
  const auto first = make_webhook("order.*");
  const auto second = make_webhook("*");
  harness->hand_over.take();
  const IngestedEvent event = send("order.created", R"({ "n": 1.0e2 })");
  EXPECT_EQ(event.deliveries, 2u);
  EXPECT_EQ(event.created_at, harness->now());
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.pending.size(), 2u);
  EXPECT_EQ(news.pending[0].id, delivery_of(event, 1));
  EXPECT_EQ(news.pending[1].id, delivery_of(event, 2));
  EXPECT_EQ(news.pending[0].webhook, first->id);
  EXPECT_EQ(news.pending[1].webhook, second->id);
  EXPECT_EQ(news.pending[0].sort_at, harness->now());
  EXPECT_EQ(news.pending[0].first_due, harness->now());
  ASSERT_TRUE(news.pending[0].message);
  EXPECT_EQ(news.pending[0].message, news.pending[1].message) << "made once, however many get it";
  EXPECT_NE(news.pending[0].message->body.find(R"("data":{ "n": 1.0e2 }})"), std::string::npos) << "bytes kept";
}

TEST_P(StoreSuite, an_event_without_a_webhook_is_stored_and_says_so) {
  const IngestedEvent event = send();
  EXPECT_EQ(event.deliveries, 0u);
  const auto stored = wait(queries().get_event(loop(), kOrg, event.id));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->event.status, EventStatus::kUnmatched);
  EXPECT_EQ(report().totals.unmatched, 1);
}

TEST_P(StoreSuite, ids_rise_through_a_clock_that_steps_back_and_a_restart) {
  make_webhook();
  std::int64_t last = 0;
  for (const auto step : {0, -3'600'000, -1, 5, -10}) {
    harness->advance(milliseconds(step));
    const IngestedEvent event = send();
    EXPECT_GT(event.id.value, last);
    EXPECT_EQ(event.created_at, time_of_id(event.id.value));
    last = delivery_of(event).value;
  }
  harness->advance(-std::chrono::hours(48));
  harness->reopen();
  EXPECT_GT(send().id.value, last);
}

TEST_P(StoreSuite, a_batch_keeps_its_order_and_its_answers) {
  make_webhook("a.*");
  IngestIntent intent = event_of("a.one");
  for (const char* type : {"b.two", "a.three"}) intent.events.push_back(event_of(type).events[0]);
  const auto result = ingest(std::move(intent));
  ASSERT_TRUE(result);
  ASSERT_EQ(result->events.size(), 3u);
  EXPECT_LT(result->events[0].id, result->events[1].id);
  EXPECT_LT(result->events[1].id, result->events[2].id);
  EXPECT_EQ(result->events[0].deliveries, 1u);
  EXPECT_EQ(result->events[1].deliveries, 0u);
  EXPECT_EQ(result->events[2].deliveries, 1u);
}

TEST_P(StoreSuite, what_was_matched_against_an_old_catalog_is_matched_again) {
  const auto gone = make_webhook();
  ASSERT_TRUE(change(DeleteWebhook{kOrg, gone->id}));
  const auto here = make_webhook();
  harness->hand_over.take();
  IngestIntent intent = event_of("order.created");
  intent.events[0].targets = {gone->id};
  intent.catalog_version = 1;  // as of the first webhook
  const auto result = ingest(std::move(intent));
  ASSERT_TRUE(result);
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.pending.size(), 1u);
  EXPECT_EQ(news.pending[0].webhook, here->id);
}

TEST_P(StoreSuite, fixed_targets_are_taken_as_they_are_or_refused) {
  const auto webhook = make_webhook("other");
  IngestIntent intent = event_of("order.created");
  intent.targets_fixed = true;
  intent.events[0].targets = {webhook->id};
  EXPECT_EQ(ingest(intent)->events[0].deliveries, 1u);
  ASSERT_TRUE(change(DeleteWebhook{kOrg, webhook->id}));
  const auto refused = ingest(intent);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(report().totals.events, 1);
}

TEST_P(StoreSuite, one_request_makes_no_more_deliveries_than_the_limit) {
  const auto webhook = make_webhook();
  IngestIntent intent = event_of("order.created");
  intent.targets_fixed = true;
  intent.events[0].targets.assign(kTargetsPerCommitItemMax + 1, webhook->id);
  const auto refused = ingest(std::move(intent));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(report().pending, 0);
}

TEST_P(StoreSuite, a_repeated_key_gives_the_first_answer_and_stores_nothing) {
  make_webhook();
  IngestIntent intent = event_of("order.created");
  intent.key = claim_of("k", "body");
  const auto first = ingest(intent);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->duplicate);
  for (const bool restarted : {false, true}) {
    if (restarted) harness->reopen();
    const auto again = ingest(intent);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->duplicate);
    ASSERT_EQ(again->events.size(), 1u);
    EXPECT_EQ(again->events[0].id, first->events[0].id);
    EXPECT_EQ(again->events[0].deliveries, 1u);
    EXPECT_EQ(again->events[0].created_at, first->events[0].created_at);
  }
  EXPECT_EQ(report().totals.events, 1);
}

TEST_P(StoreSuite, a_key_is_refused_with_another_body_and_free_for_others) {
  IngestIntent intent = event_of("order.created");
  intent.key = claim_of("k", "body");
  ASSERT_TRUE(ingest(intent));
  IngestIntent other_body = intent;
  other_body.key = claim_of("k", "body2");
  const auto refused = ingest(other_body);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kKeyReused);
  IngestIntent other_route = other_body;
  other_route.key->route = "POST /api/events/batch";
  EXPECT_FALSE(ingest(other_route)->duplicate);
  IngestIntent other_org = other_body;
  other_org.organization = kOtherOrg;
  EXPECT_FALSE(ingest(other_org)->duplicate);
}

TEST_P(StoreSuite, a_key_in_flight_many_times_makes_one_event) {
  constexpr int kTimes = 50;
  std::vector<Result<IngestResult>> results;
  for (int i = 0; i < kTimes; ++i) {
    IngestIntent intent = event_of("order.created");
    intent.key = claim_of("same", "body");
    store().ingest(loop(), std::move(intent),
                   [&](Result<IngestResult> result) { results.push_back(std::move(result)); });
  }
  harness->loop.run_until([&] { return results.size() == kTimes; });
  int firsts = 0;
  for (const auto& result : results) {
    ASSERT_TRUE(result);
    firsts += result->duplicate ? 0 : 1;
    EXPECT_EQ(result->events.at(0).id, results[0]->events.at(0).id);
  }
  EXPECT_EQ(firsts, 1);
  EXPECT_EQ(report().totals.events, 1);
}

TEST_P(StoreSuite, old_keys_expire_and_young_ones_stay) {
  IngestIntent intent = event_of("order.created");
  intent.key = claim_of("old", "body");
  ASSERT_TRUE(ingest(intent));
  harness->advance(std::chrono::hours(2));
  const WallTime between = harness->now();
  harness->advance(std::chrono::hours(1));
  intent.key = claim_of("young", "body");
  ASSERT_TRUE(ingest(intent));
  EXPECT_EQ(change(ExpireKeys{between})->count, 1);
  EXPECT_TRUE(ingest(intent)->duplicate);
  intent.key = claim_of("old", "body");
  EXPECT_FALSE(ingest(intent)->duplicate);
}

TEST_P(StoreSuite, a_refused_item_fails_alone) {
  make_webhook();
  std::vector<ErrorCode> refused;
  int stored = 0;
  const auto note = [&](Result<IngestResult> result) {
    if (result) {
      ++stored;
    } else {
      refused.push_back(result.error().code);
    }
  };
  for (int i = 0; i < 30; ++i) {
    IngestIntent intent = event_of("order.created");
    intent.targets_fixed = i % 3 == 0;
    if (intent.targets_fixed) intent.events[0].targets = {WebhookId{12'345}};
    store().ingest(loop(), std::move(intent), note);
  }
  harness->loop.run_until([&] { return stored + static_cast<int>(refused.size()) == 30; });
  EXPECT_EQ(stored, 20);
  EXPECT_EQ(refused, std::vector<ErrorCode>(10, ErrorCode::kNotFound));
  EXPECT_EQ(report().pending, 20);
}

TEST_P(StoreSuite, completions_come_in_the_order_of_the_commits) {
  make_webhook();
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 500; ++i) {
    store().ingest(loop(), event_of("order.created"),
                   [&](Result<IngestResult> result) { ids.push_back(result->events.at(0).id.value); });
  }
  harness->loop.run_until([&] { return ids.size() == 500; });
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_P(StoreSuite, a_time_ahead_is_when_it_is_first_due_and_one_that_passed_is_now) {
  make_webhook();
  const WallTime ahead = harness->now() + std::chrono::hours(3);
  IngestIntent intent = event_of("order.created");
  intent.events[0].deliver_at = ahead;
  const auto later = ingest(intent)->events.at(0);
  intent.events[0].deliver_at = harness->now() - std::chrono::hours(3);
  const auto now = ingest(intent)->events.at(0);
  EXPECT_EQ(detail(delivery_of(later)).delivery.next_attempt_at, ahead);
  EXPECT_EQ(detail(delivery_of(now)).delivery.next_attempt_at, harness->now());
  EXPECT_EQ(wait(queries().get_event(loop(), kOrg, later.id))->event.deliver_at, ahead);
}

TEST_P(StoreSuite, a_test_events_delivery_says_so_in_its_news_and_no_other_of_its_type) {
  const auto webhook = make_webhook("*");
  harness->hand_over.take();
  IngestIntent test = event_of("webhook.test");
  test.targets_fixed = true;
  test.events[0].targets = {webhook->id};
  ASSERT_TRUE(ingest(std::move(test)));
  send("webhook.test");
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.pending.size(), 2u);
  EXPECT_TRUE(news.pending[0].is_test);
  EXPECT_FALSE(news.pending[1].is_test) << "somebody sent it as any other event";
}

}  // namespace eventrelay
