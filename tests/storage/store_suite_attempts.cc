// The ends of attempts: states, numbering, order, health, what is recorded of them.
#include "tests/storage/store_suite.h"

namespace eventrelay {

TEST_P(StoreSuite, a_success_ends_the_delivery) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  harness->advance(milliseconds(40));
  EXPECT_EQ(finish(attempt(webhook, id, 1, DeliveryState::kSucceeded))->state, DeliveryState::kSucceeded);
  const DeliveryDetail seen = detail(id);
  EXPECT_EQ(seen.delivery.state, DeliveryState::kSucceeded);
  EXPECT_EQ(seen.delivery.attempts, 1u);
  EXPECT_EQ(seen.delivery.last_status_code, 200);
  EXPECT_EQ(seen.delivery.ended_at, harness->now());
  EXPECT_FALSE(seen.delivery.next_attempt_at);
  EXPECT_EQ(report().pending, 0);
}

TEST_P(StoreSuite, a_delivery_that_was_never_tried_shows_no_end_and_no_status) {
  make_webhook();
  const DeliveryRow row = detail(delivery_of(send())).delivery;
  EXPECT_EQ(row.last_status_code, 0);
  EXPECT_FALSE(row.ended_at);
  EXPECT_EQ(row.attempts, 0u);
}

TEST_P(StoreSuite, a_failure_moves_the_delivery_to_when_it_is_next_due) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  FinishAttempt failed = attempt(webhook, id, 1, DeliveryState::kPending);
  ASSERT_TRUE(finish(failed));
  const auto page = due({kOrg, webhook->id, {}, {}, failed.due, 10, 1'000});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].sort_at, failed.due);
  EXPECT_EQ(page->rows[0].due, failed.due);
  EXPECT_EQ(page->rows[0].attempts, 1u);
  EXPECT_EQ(page->rows[0].position, 1u);
  EXPECT_EQ(page->rows[0].first_due, harness->now());
}

TEST_P(StoreSuite, retries_leave_an_ordered_delivery_in_its_place) {
  WebhookSpec spec = spec_for("*");
  spec.ordered = true;
  const auto webhook = make_webhook(spec);
  const DeliveryId first = delivery_of(send());
  harness->advance(milliseconds(10));
  const DeliveryId second = delivery_of(send());
  ASSERT_TRUE(finish(attempt(webhook, first, 1, DeliveryState::kPending)));
  const auto page = due({kOrg, webhook->id, {}, {}, harness->now() + std::chrono::hours(1), 10, 1'000});
  ASSERT_EQ(page->rows.size(), 2u);
  EXPECT_EQ(page->rows[0].id, first);
  EXPECT_EQ(page->rows[1].id, second);
  EXPECT_GT(page->rows[0].due, page->rows[1].due);
}

TEST_P(StoreSuite, a_repeated_end_of_an_attempt_changes_nothing) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  const FinishAttempt dead = attempt(webhook, id, 1, DeliveryState::kDead);
  EXPECT_EQ(finish(dead)->state, DeliveryState::kDead);
  EXPECT_EQ(finish(dead)->state, DeliveryState::kDead);
  FinishAttempt other = attempt(webhook, id, 1, DeliveryState::kSucceeded);
  EXPECT_EQ(finish(other)->state, DeliveryState::kDead) << "the number is the key";
  EXPECT_EQ(detail(id).attempts.size(), 1u);
  const MetricsReport seen = report();
  EXPECT_EQ(seen.totals.attempts, 1);
  EXPECT_EQ(seen.totals.dead, 1);
  EXPECT_EQ(seen.dlq, 1);
  EXPECT_EQ(seen.pending, 0);
}

TEST_P(StoreSuite, an_attempt_that_ends_on_a_final_delivery_is_recorded_and_changes_no_state) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  ASSERT_TRUE(change(CancelDelivery{kOrg, id}));
  EXPECT_EQ(finish(attempt(webhook, id, 1, DeliveryState::kSucceeded))->state, DeliveryState::kCancelled);
  const DeliveryDetail seen = detail(id);
  EXPECT_EQ(seen.delivery.state, DeliveryState::kCancelled);
  EXPECT_EQ(seen.delivery.reason, "cancelled_by_user");
  ASSERT_EQ(seen.attempts.size(), 1u);
  const MetricsReport counted = report();
  EXPECT_EQ(counted.totals.attempts, 1);
  EXPECT_EQ(counted.totals.succeeded, 0);
  EXPECT_EQ(counted.totals.failed_attempts, 0);
  EXPECT_EQ(counted.pending, 0);
}

TEST_P(StoreSuite, a_dead_delivery_is_in_the_dlq_with_its_reason) {
  const auto webhook = make_webhook();
  const DeliveryId id = make_dead(webhook);
  const auto dead = all_dead({});
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_EQ(dead[0].id, id);
  EXPECT_EQ(dead[0].reason, "attempts_exhausted");
  EXPECT_EQ(dead[0].last_error, AttemptError::kStatus);
}

TEST_P(StoreSuite, the_end_of_an_unknown_or_foreign_delivery_is_not_found) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  FinishAttempt foreign = attempt(webhook, id, 1, DeliveryState::kSucceeded);
  foreign.organization = kOtherOrg;
  EXPECT_EQ(finish(foreign).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(finish(attempt(webhook, DeliveryId{5}, 1, DeliveryState::kSucceeded)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(detail(id).delivery.state, DeliveryState::kPending);
}

TEST_P(StoreSuite, a_request_for_an_attempt_stands_while_a_scheduled_one_ends) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  ASSERT_TRUE(change(RetryDelivery{kOrg, id}));
  ASSERT_TRUE(finish(attempt(webhook, id, 1, DeliveryState::kPending)));
  const auto page = due({kOrg, webhook->id, {}, {}, harness->now(), 10, 0});
  ASSERT_EQ(page->rows.size(), 1u) << "it keeps its place: now";
  EXPECT_TRUE(page->rows[0].manual);
  EXPECT_EQ(page->rows[0].due, harness->now() + std::chrono::seconds(5));
}

TEST_P(StoreSuite, the_end_of_a_manual_attempt_leaves_the_schedule_as_it_was) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  const FinishAttempt scheduled = attempt(webhook, id, 1, DeliveryState::kPending);
  ASSERT_TRUE(finish(scheduled));
  ASSERT_TRUE(change(RetryDelivery{kOrg, id}));
  FinishAttempt manual = attempt(webhook, id, 2, DeliveryState::kPending);
  manual.manual = true;
  manual.due = scheduled.due;
  manual.position = 1;
  ASSERT_TRUE(finish(manual));
  const auto page = due({kOrg, webhook->id, {}, {}, scheduled.due, 10, 0});
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_FALSE(page->rows[0].manual);
  EXPECT_EQ(page->rows[0].position, 1u);
  EXPECT_EQ(page->rows[0].sort_at, scheduled.due);
  EXPECT_EQ(page->rows[0].attempts, 2u);
  EXPECT_TRUE(detail(id).attempts.at(1).manual);
}

TEST_P(StoreSuite, what_came_back_is_kept_and_secrets_are_not) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  FinishAttempt end = attempt(webhook, id, 1, DeliveryState::kSucceeded);
  end.outcome.request_headers = {{"webhook-id", "evt_1"}, {"Authorization", "Bearer top"}, {"cookie", "c=secret"}};
  end.outcome.response_headers = {{"x-quoted", "a \"b\" \\ c"}, {"x-bytes", "caf\xc3\xa9"}};
  end.outcome.response_body = std::string("a\0b\xff", 4);
  end.outcome.response_truncated = true;
  end.outcome.remote_address = "203.0.113.7:443";
  end.outcome.timings = {11, -1, 33, 44};
  ASSERT_TRUE(finish(end));
  const AttemptRow row = detail(id).attempts.at(0);
  EXPECT_EQ(row.number, 1u);
  EXPECT_EQ(row.outcome.response_body, end.outcome.response_body);
  EXPECT_TRUE(row.outcome.response_truncated);
  EXPECT_EQ(row.outcome.response_headers, end.outcome.response_headers);
  EXPECT_EQ(row.outcome.remote_address, end.outcome.remote_address);
  EXPECT_EQ(row.outcome.duration, end.outcome.duration);
  EXPECT_EQ(row.outcome.started_at, end.outcome.started_at);
  EXPECT_EQ(row.outcome.timings.dns_us, 11);
  EXPECT_EQ(row.outcome.timings.connect_us, -1);
  EXPECT_EQ(row.outcome.timings.first_byte_us, 44);
  const Headers shown{{"webhook-id", "evt_1"}, {"Authorization", "[redacted]"}, {"cookie", "[redacted]"}};
  EXPECT_EQ(row.outcome.request_headers, shown);
}

TEST_P(StoreSuite, bytes_of_a_header_that_are_no_text_spoil_nothing) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  FinishAttempt end = attempt(webhook, id, 1, DeliveryState::kSucceeded);
  end.outcome.response_headers = {{"x-latin", "caf\xe9"}};
  ASSERT_TRUE(finish(end));
  EXPECT_EQ(detail(id).attempts.at(0).outcome.response_headers.at(0).name, "x-latin");
}

TEST_P(StoreSuite, a_410_disables_the_webhook_in_the_same_commit) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  harness->hand_over.take();
  FinishAttempt gone = attempt(webhook, id, 1, DeliveryState::kDead);
  gone.reason = "gone";
  gone.health = HealthChange::kDisableGone;
  ASSERT_TRUE(finish(gone));
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.webhooks.size(), 1u);
  EXPECT_FALSE(news.webhooks[0]->spec.enabled);
  EXPECT_EQ(news.webhooks[0]->disabled_reason, DisabledReason::kGone);
  harness->reopen();
  const auto catalog = store().load_catalog();
  ASSERT_TRUE(catalog);
  EXPECT_EQ(catalog->webhooks.at(0)->disabled_reason, DisabledReason::kGone);
}

TEST_P(StoreSuite, failing_begins_once_and_ends_with_a_success) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  const FinishAttempt failed = attempt(webhook, id, 1, DeliveryState::kPending, HealthChange::kFailing);
  ASSERT_TRUE(finish(failed));
  const WallTime since = failed.outcome.started_at;
  harness->advance(std::chrono::minutes(1));
  ASSERT_TRUE(finish(attempt(webhook, id, 2, DeliveryState::kPending, HealthChange::kFailing)));
  EXPECT_EQ((*wait(queries().get_webhook(loop(), kOrg, webhook->id)))->failing_since, since);
  ASSERT_TRUE(finish(attempt(webhook, id, 3, DeliveryState::kSucceeded, HealthChange::kHealthy)));
  EXPECT_FALSE((*wait(queries().get_webhook(loop(), kOrg, webhook->id)))->failing_since);
}

TEST_P(StoreSuite, a_change_by_a_person_tells_since_when_the_webhook_fails) {
  const auto webhook = make_webhook();
  const FinishAttempt failed =
      attempt(webhook, delivery_of(send()), 1, DeliveryState::kPending, HealthChange::kFailing);
  ASSERT_TRUE(finish(failed));
  harness->hand_over.take();
  WebhookPatch patch;
  patch.description = "other";
  ASSERT_TRUE(change(UpdateWebhook{kOrg, webhook->id, patch}));
  EXPECT_EQ(harness->hand_over.take().webhooks.at(0)->failing_since, failed.outcome.started_at);
}

TEST_P(StoreSuite, a_webhook_that_recovered_is_not_told_to_be_failing_still) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  const FinishAttempt failed = attempt(webhook, id, 1, DeliveryState::kPending, HealthChange::kFailing);
  ASSERT_TRUE(finish(failed));
  harness->reopen();
  ASSERT_TRUE(finish(attempt(webhook, id, 2, DeliveryState::kSucceeded, HealthChange::kHealthy)));
  harness->hand_over.take();
  WebhookPatch patch;
  patch.description = "other";
  ASSERT_TRUE(change(UpdateWebhook{kOrg, webhook->id, patch}));
  EXPECT_FALSE(harness->hand_over.take().webhooks.at(0)->failing_since);
}

}  // namespace eventrelay
