// What people change: webhooks, single deliveries, replays, keys; and the walls between organizations.
#include "tests/storage/store_suite.h"

namespace eventrelay {
TEST_P(StoreSuite, a_webhook_comes_back_as_it_was_made) {
  WebhookSpec spec = spec_for("order.*");
  spec.event_types.push_back("invoice.paid");
  spec.tenant = "acme";
  spec.description = "caf\xc3\xa9";
  spec.headers = {{"x-token", "a: b \"c\""}};
  spec.ordered = true;
  spec.max_in_flight = 7;
  spec.timeout = milliseconds(2'500);
  spec.retry.schedule = {milliseconds(10), milliseconds(200)};
  const auto made = make_webhook(spec);
  EXPECT_EQ(made->updated_at, harness->now());
  harness->reopen();
  const auto catalog = store().load_catalog();
  ASSERT_TRUE(catalog);
  ASSERT_EQ(catalog->webhooks.size(), 1u);
  EXPECT_EQ(catalog->webhooks[0]->spec, spec);
  EXPECT_EQ(catalog->webhooks[0]->secret, made->secret);
  EXPECT_EQ((*wait(queries().get_webhook(loop(), kOrg, made->id)))->spec, spec);
}

TEST_P(StoreSuite, a_patch_that_breaks_a_rule_is_refused_with_its_path) {
  const auto webhook = make_webhook();
  WebhookPatch patch;
  patch.max_in_flight = 0;
  const auto refused = change(UpdateWebhook{kOrg, webhook->id, patch});
  ASSERT_EQ(code_of(refused), ErrorCode::kInvalid);
  ASSERT_EQ(refused.error().fields.size(), 1u);
  EXPECT_EQ(refused.error().fields[0].path, "max_in_flight");
  EXPECT_EQ((*wait(queries().get_webhook(loop(), kOrg, webhook->id)))->spec, webhook->spec);
}

TEST_P(StoreSuite, a_disabled_webhook_still_matches) {
  const auto webhook = make_webhook();
  WebhookPatch patch;
  patch.enabled = false;
  const auto disabled = change(UpdateWebhook{kOrg, webhook->id, patch});
  EXPECT_EQ(disabled->webhook->disabled_reason, DisabledReason::kByUser);
  EXPECT_EQ(send().deliveries, 1u);
}

TEST_P(StoreSuite, a_rotation_keeps_the_old_secret_for_a_day) {
  const auto webhook = make_webhook();
  const Secret fresh{std::string(32, 'n')};
  const auto rotated = change(RotateSecret{kOrg, webhook->id, fresh});
  ASSERT_TRUE(rotated);
  EXPECT_EQ(rotated->webhook->secret, fresh);
  EXPECT_EQ(rotated->webhook->old_secret, webhook->secret);
  EXPECT_EQ(rotated->webhook->old_secret_until, harness->now() + std::chrono::hours(24));
}

TEST_P(StoreSuite, a_change_is_answered_only_after_the_loops_have_it) {
  harness->hand_over.hold(true);
  bool answered = false;
  store().change(loop(), CreateWebhook{kOrg, spec_for("*"), Secret{std::string(32, 's')}},
                 [&](Result<ChangeResult> result) { answered = result.has_value(); });
  harness->loop.run_until([&] { return harness->hand_over.awaited() == 1; });
  // An ingest is not held up by it, and sees it.
  EXPECT_EQ(send().deliveries, 1u);
  EXPECT_FALSE(answered);
  harness->hand_over.hold(false);
  harness->loop.run_until([&] { return answered; });
}

TEST_P(StoreSuite, a_deleted_webhook_is_gone_and_what_waits_for_it_is_cancelled_in_slices) {
  const auto webhook = make_webhook();
  for (int i = 0; i < 7; ++i) send();
  harness->hand_over.take();
  ASSERT_TRUE(change(DeleteWebhook{kOrg, webhook->id}));
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.webhooks.size(), 1u);
  EXPECT_TRUE(news.webhooks[0]->deleted);
  ASSERT_EQ(news.jobs.size(), 1u);
  EXPECT_EQ(code_of(wait(queries().get_webhook(loop(), kOrg, webhook->id))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(DeleteWebhook{kOrg, webhook->id})), ErrorCode::kNotFound);
  EXPECT_EQ(change(AdvanceJob{news.jobs[0], 3})->count, 3);
  EXPECT_EQ(report().pending, 4);
  harness->reopen();
  EXPECT_EQ(store().load_catalog()->open_jobs.size(), 1u);
  EXPECT_EQ(run_job(news.jobs[0], 3), JobState::kDone);
  DeliveryFilter cancelled;
  cancelled.state = DeliveryState::kCancelled;
  const auto rows = all_deliveries(cancelled);
  EXPECT_EQ(rows.size(), 7u);
  for (const auto& row : rows) EXPECT_EQ(row.reason, "webhook_deleted");
  EXPECT_EQ(report().pending, 0);
  EXPECT_EQ(report().totals.cancelled, 7);
}

TEST_P(StoreSuite, the_job_that_ends_a_deleted_webhook_cannot_be_stopped) {
  const auto webhook = make_webhook();
  send();
  harness->hand_over.take();
  ASSERT_TRUE(change(DeleteWebhook{kOrg, webhook->id}));
  EXPECT_EQ(code_of(change(CancelJob{kOrg, harness->hand_over.take().jobs.at(0)})), ErrorCode::kConflict);
}

TEST_P(StoreSuite, order_changes_the_places_of_the_few_that_wait_and_is_refused_for_many) {
  const auto webhook = make_webhook();
  const DeliveryId first = delivery_of(send());
  harness->advance(milliseconds(10));
  const DeliveryId second = delivery_of(send());
  ASSERT_TRUE(finish(attempt(webhook, first, 1, DeliveryState::kPending)));
  WebhookPatch ordered;
  ordered.ordered = true;
  ASSERT_TRUE(change(UpdateWebhook{kOrg, webhook->id, ordered}));
  const auto far = harness->now() + std::chrono::hours(1);
  EXPECT_EQ(due({kOrg, webhook->id, {}, {}, far, 10, 0})->rows.at(0).id, first);
  WebhookPatch loose;
  loose.ordered = false;
  ASSERT_TRUE(change(UpdateWebhook{kOrg, webhook->id, loose}));
  EXPECT_EQ(due({kOrg, webhook->id, {}, {}, far, 10, 0})->rows.at(0).id, second);
  IngestIntent many = event_of("order.created");
  many.events.resize(kJobSliceRows, many.events[0]);
  ASSERT_TRUE(ingest(many));
  EXPECT_EQ(code_of(change(UpdateWebhook{kOrg, webhook->id, ordered})), ErrorCode::kConflict);
}

TEST_P(StoreSuite, people_move_a_delivery_only_where_its_state_allows) {
  const auto webhook = make_webhook();
  const DeliveryId pending = delivery_of(send());
  const DeliveryId done = delivery_of(send());
  ASSERT_TRUE(finish(attempt(webhook, done, 1, DeliveryState::kSucceeded)));
  for (const DeliveryId id : {pending, done}) {
    EXPECT_EQ(code_of(change(ReplayDead{kOrg, id})), ErrorCode::kConflict);
    EXPECT_EQ(code_of(change(PurgeDead{kOrg, id})), ErrorCode::kConflict);
  }
  EXPECT_EQ(code_of(change(RetryDelivery{kOrg, done})), ErrorCode::kConflict);
  EXPECT_EQ(code_of(change(CancelDelivery{kOrg, done})), ErrorCode::kConflict);
  EXPECT_TRUE(change(CancelDelivery{kOrg, pending}));
  EXPECT_EQ(code_of(change(RetryDelivery{kOrg, pending})), ErrorCode::kConflict);
  EXPECT_EQ(code_of(change(CancelDelivery{kOrg, pending})), ErrorCode::kConflict);
}

TEST_P(StoreSuite, a_change_of_a_delivery_brings_the_row_that_it_left) {
  const auto webhook = make_webhook();
  const DeliveryId id = make_dead(webhook);
  const auto same_as_read = [&](const Result<ChangeResult>& changed, DeliveryState state) {
    ASSERT_TRUE(changed && changed->delivery);
    const DeliveryRow read = detail(id).delivery;
    EXPECT_EQ(changed->delivery->id, id);
    EXPECT_EQ(changed->delivery->state, state);
    EXPECT_EQ(changed->delivery->state, read.state);
    EXPECT_EQ(changed->delivery->reason, read.reason);
    EXPECT_EQ(changed->delivery->next_attempt_at, read.next_attempt_at);
    EXPECT_EQ(changed->delivery->ended_at, read.ended_at);
    EXPECT_EQ(changed->delivery->webhook_url, read.webhook_url);
  };
  same_as_read(change(ReplayDead{kOrg, id}), DeliveryState::kPending);
  same_as_read(change(RetryDelivery{kOrg, id}), DeliveryState::kPending);
  same_as_read(change(CancelDelivery{kOrg, id}), DeliveryState::kCancelled);
}

TEST_P(StoreSuite, a_cancelled_delivery_is_told_to_its_lane) {
  const auto webhook = make_webhook();
  const DeliveryId id = delivery_of(send());
  harness->hand_over.take();
  ASSERT_TRUE(change(CancelDelivery{kOrg, id}));
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.cancelled.size(), 1u);
  EXPECT_EQ(news.cancelled[0].id, id);
  EXPECT_EQ(news.cancelled[0].webhook, webhook->id);
}

TEST_P(StoreSuite, a_replayed_dead_delivery_begins_its_schedule_again_and_its_numbers_go_on) {
  const auto webhook = make_webhook();
  const DeliveryId id = make_dead(webhook);
  harness->hand_over.take();
  harness->advance(std::chrono::hours(1));
  ASSERT_TRUE(change(ReplayDead{kOrg, id}));
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.pending.size(), 1u);
  EXPECT_EQ(news.pending[0].id, id);
  EXPECT_EQ(news.pending[0].attempts, 1u);
  EXPECT_EQ(news.pending[0].position, 0u);
  EXPECT_EQ(news.pending[0].due, harness->now());
  EXPECT_EQ(report().dlq, 0);
  EXPECT_EQ(report().pending, 1);
  const DeliveryRow row = detail(id).delivery;
  EXPECT_EQ(row.reason, "");
  EXPECT_FALSE(row.ended_at);
  EXPECT_TRUE(finish(attempt(webhook, id, 2, DeliveryState::kSucceeded)));
  EXPECT_EQ(detail(id).attempts.size(), 2u);
}

TEST_P(StoreSuite, a_reopened_ordered_delivery_takes_its_old_place) {
  WebhookSpec spec = spec_for("*");
  spec.ordered = true;
  const auto webhook = make_webhook(spec);
  const DeliveryId first = make_dead(webhook);
  harness->advance(std::chrono::minutes(1));
  send();
  ASSERT_TRUE(change(RetryDelivery{kOrg, first}));
  EXPECT_EQ(due({kOrg, webhook->id, {}, {}, harness->now(), 10, 0})->rows.at(0).id, first);
}

TEST_P(StoreSuite, a_purged_delivery_is_cancelled_and_out_of_the_dlq) {
  const auto webhook = make_webhook();
  const DeliveryId id = make_dead(webhook);
  const auto purged = change(PurgeDead{kOrg, id});
  ASSERT_TRUE(purged && purged->delivery);
  EXPECT_EQ(purged->delivery->state, DeliveryState::kCancelled);
  EXPECT_EQ(detail(id).delivery.state, DeliveryState::kCancelled);
  EXPECT_EQ(detail(id).delivery.reason, "purged");
  EXPECT_TRUE(all_dead({}).empty());
  EXPECT_EQ(report().dlq, 0);
}

TEST_P(StoreSuite, a_replay_of_an_event_makes_new_deliveries_that_name_the_old) {
  const auto first = make_webhook();
  const auto second = make_webhook("other");
  const IngestedEvent event = send();
  const auto again = change(ReplayEvent{kOrg, event.id, {}});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->count, 1);
  ASSERT_TRUE(change(ReplayEvent{kOrg, event.id, {second->id}}));
  const auto seen = wait(queries().get_event(loop(), kOrg, event.id));
  ASSERT_EQ(seen->deliveries.size(), 3u);
  EXPECT_EQ(seen->event.delivery_count, 3u);
  EXPECT_GT(seen->deliveries[0].id, seen->deliveries[2].id) << "newest first";
  std::map<WebhookId, std::vector<DeliveryRow>> by_webhook;
  for (const auto& row : seen->deliveries) by_webhook[row.webhook].push_back(row);
  const auto& of_first = by_webhook[first->id];
  ASSERT_EQ(of_first.size(), 2u);
  const auto replay = std::find_if(of_first.begin(), of_first.end(), [](const auto& row) { return row.is_replay; });
  ASSERT_NE(replay, of_first.end());
  EXPECT_EQ(replay->replay_of, delivery_of(event));
  EXPECT_TRUE(by_webhook[second->id].at(0).is_replay);
  EXPECT_EQ(by_webhook[second->id].at(0).replay_of.value, 0);
  EXPECT_EQ(report().pending, 3);
}

TEST_P(StoreSuite, a_replay_of_an_unmatched_event_goes_to_what_matches_now) {
  const IngestedEvent event = send();
  const auto webhook = make_webhook();
  EXPECT_EQ(change(ReplayEvent{kOrg, event.id, {}})->count, 1);
  const auto page = due({kOrg, webhook->id, {}, {}, harness->now(), 10, 1'000});
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].event, event.id);
  EventFilter unmatched;
  unmatched.status = EventStatus::kUnmatched;
  EXPECT_TRUE(all_events(unmatched).empty());
}

TEST_P(StoreSuite, a_replay_names_each_webhook_that_is_not_there) {
  const auto webhook = make_webhook();
  const IngestedEvent event = send();
  const auto refused = change(ReplayEvent{kOrg, event.id, {webhook->id, WebhookId{9}}});
  ASSERT_EQ(code_of(refused), ErrorCode::kInvalid);
  ASSERT_EQ(refused.error().fields.size(), 1u);
  EXPECT_EQ(refused.error().fields[0].path, "webhook_ids[1]");
  EXPECT_EQ(report().pending, 1);
}

TEST_P(StoreSuite, keys_come_and_go_with_news) {
  ApiKey key;
  key.organization = kOrg;
  key.name = "ci";
  key.scope = Scope::kPublish;
  key.hash = sha256("text");
  key.hint = "text";
  const auto made = change(CreateApiKey{key});
  ASSERT_TRUE(made);
  harness->reopen();
  const auto catalog = store().load_catalog();
  ASSERT_EQ(catalog->keys.size(), 1u);
  EXPECT_EQ(catalog->keys[0].hash, key.hash);
  EXPECT_EQ(catalog->keys[0].scope, Scope::kPublish);
  harness->hand_over.take();
  EXPECT_EQ(code_of(change(DeleteApiKey{kOtherOrg, ApiKeyId{made->id}})), ErrorCode::kNotFound);
  ASSERT_TRUE(change(DeleteApiKey{kOrg, ApiKeyId{made->id}}));
  const News news = harness->hand_over.take();
  ASSERT_EQ(news.keys.size(), 1u);
  EXPECT_TRUE(news.keys[0].deleted);
  EXPECT_EQ(news.keys[0].key.hash, key.hash);
}

TEST_P(StoreSuite, another_organizations_things_are_not_found) {
  const auto webhook = make_webhook();
  const IngestedEvent event = send();
  const DeliveryId dead = make_dead(webhook);
  const auto job = change(CreateJob{kOrg, JobKind::kPurgeDead, {}, 0});
  ASSERT_TRUE(job);
  EXPECT_EQ(code_of(change(UpdateWebhook{kOtherOrg, webhook->id, {}})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(DeleteWebhook{kOtherOrg, webhook->id})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(RotateSecret{kOtherOrg, webhook->id, {}})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(CancelDelivery{kOtherOrg, delivery_of(event)})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(RetryDelivery{kOtherOrg, delivery_of(event)})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(ReplayDead{kOtherOrg, dead})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(PurgeDead{kOtherOrg, dead})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(ReplayEvent{kOtherOrg, event.id, {}})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change(CancelJob{kOtherOrg, JobId{job->id}})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(wait(queries().get_event(loop(), kOtherOrg, event.id))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(wait(queries().get_delivery(loop(), kOtherOrg, dead))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(wait(queries().get_webhook(loop(), kOtherOrg, webhook->id))), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(wait(queries().get_job(loop(), kOtherOrg, JobId{job->id}))), ErrorCode::kNotFound);
  EXPECT_TRUE(wait(queries().list_events(loop(), kOtherOrg, {}, {0, 50}))->rows.empty());
  EXPECT_TRUE(wait(queries().list_dead(loop(), kOtherOrg, {}, {0, 50}))->rows.empty());
  EXPECT_TRUE(wait(queries().list_webhooks(loop(), kOtherOrg, {0, 50}))->rows.empty());
  EXPECT_EQ(report(kOtherOrg).totals.events, 0);
  EXPECT_TRUE(due({kOtherOrg, webhook->id, {}, {}, harness->now(), 10, 0})->rows.empty());
}

TEST_P(StoreSuite, an_organization_counts_what_is_its_own) {
  make_webhook(spec_for("*"), kOtherOrg);
  IngestIntent intent = event_of("order.created");
  intent.organization = kOtherOrg;
  ASSERT_TRUE(ingest(intent));
  EXPECT_EQ(report(kOtherOrg).totals.events, 1);
  EXPECT_EQ(report(kOtherOrg).pending, 1);
  EXPECT_EQ(report(kOrg).pending, 0);
}

}  // namespace eventrelay
