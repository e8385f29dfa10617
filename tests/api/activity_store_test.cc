#include "api/activity_store.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ports/store_queries.h"
#include "tests/engine/fake_store.h"
#include "tests/support/manual_loop.h"

namespace eventrelay {
namespace {

using nlohmann::json;

class ActivityStoreTest : public testing::Test {
 protected:
  ActivityStoreTest() {
    activity.start(loop, nullptr);
    reader = activity.admit(loop, kFirstOrganization, [] {});
    reader->begin("");
  }
  ~ActivityStoreTest() override { activity.stop(); }

  /// What was told since: the kinds, and the data of the last.
  std::vector<std::string> kinds() {
    time.run_for(kActivityTick + milliseconds(1));
    std::string out;
    reader->take(out, 1 << 20);
    std::vector<std::string> found;
    for (std::size_t at = 0; (at = out.find("\nevent: ", at)) != std::string::npos; ++at) {
      found.push_back(out.substr(at + 8, out.find('\n', at + 8) - at - 8));
      const auto data = out.find("\ndata: ", at) + 7;
      last = json::parse(out.substr(data, out.find('\n', data) - data));
    }
    return found;
  }
  std::vector<std::string> change(Change intent, Result<ChangeResult> result) {
    bool done = false;
    telling.change(loop, std::move(intent), [&](const Result<ChangeResult>&) { done = true; });
    store.changes.answer(std::move(result));
    auto told = kinds();
    EXPECT_TRUE(done);
    return told;
  }
  std::vector<std::string> finish(FinishAttempt attempt, DeliveryState committed) {
    attempt.organization = kFirstOrganization;
    attempt.webhook = WebhookId{3};
    attempt.delivery = DeliveryId{4};
    attempt.event = EventId{5};
    attempt.type = "order.created";
    attempt.number = 2;
    telling.finish_attempt(loop, std::make_shared<const FinishAttempt>(attempt), [](const Result<FinishResult>&) {});
    store.finishes.answer(FinishResult{committed});
    return kinds();
  }

  using Kinds = std::vector<std::string>;
  VirtualTime time;
  ManualLoop loop{time};
  FakeStore store;
  Activity activity;
  ActivityStore telling{store, activity};
  std::unique_ptr<ActivityReader> reader;
  json last;
};

TEST_F(ActivityStoreTest, events_are_told_when_they_are_committed_and_not_twice) {
  IngestIntent intent;
  intent.organization = kFirstOrganization;
  intent.events.resize(2);
  intent.events[0].type = intent.events[1].type = "order.created";
  intent.events[1].tenant = "acme";
  const IngestResult result{false, {{EventId{8}, from_unix_ms(1'000), 1}, {EventId{9}, from_unix_ms(2'000), 3}}};
  telling.ingest(loop, intent, [](const Result<IngestResult>&) {});
  EXPECT_EQ(kinds(), Kinds{});
  store.ingests.answer(result);
  EXPECT_EQ(kinds(), (Kinds{"event.created", "event.created"}));
  EXPECT_EQ(last["event_id"], to_text(EventId{9}));
  EXPECT_EQ(last["type"], "order.created");
  EXPECT_EQ(last["tenant"], "acme");
  EXPECT_EQ(last["deliveries"], 3);
  EXPECT_EQ(last["at"], "1970-01-01T00:00:02.000Z");
  for (Result<IngestResult> other :
       {Result<IngestResult>(IngestResult{true, result.events}), Result<IngestResult>(unavailable("no"))}) {
    telling.ingest(loop, intent, [](const Result<IngestResult>&) {});
    store.ingests.answer(other);
    EXPECT_EQ(kinds(), Kinds{});
  }
  intent.organization = OrganizationId{2};
  telling.ingest(loop, intent, [](const Result<IngestResult>&) {});
  store.ingests.answer(result);
  EXPECT_EQ(kinds(), Kinds{}) << "another organization's";
}

TEST_F(ActivityStoreTest, the_end_of_an_attempt_says_what_became_of_the_delivery) {
  FinishAttempt attempt;
  attempt.outcome.status_code = 500;
  attempt.outcome.error = AttemptError::kStatus;
  attempt.due = from_unix_ms(5'000);
  EXPECT_EQ(finish(attempt, DeliveryState::kPending), Kinds{"delivery.retrying"});
  EXPECT_EQ(last["delivery_id"], to_text(DeliveryId{4}));
  EXPECT_EQ(last["event_id"], to_text(EventId{5}));
  EXPECT_EQ(last["webhook_id"], to_text(WebhookId{3}));
  EXPECT_EQ(last["type"], "order.created");
  EXPECT_EQ(last["status"], "pending");
  EXPECT_EQ(last["attempts"], 2);
  EXPECT_EQ(last["next_attempt_at"], "1970-01-01T00:00:05.000Z");
  EXPECT_EQ(last["status_code"], 500);
  EXPECT_EQ(last["error"], "status");
  attempt.state = DeliveryState::kDead;
  EXPECT_EQ(finish(attempt, DeliveryState::kDead), Kinds{"delivery.dead"});
  EXPECT_FALSE(last.contains("next_attempt_at"));
  EXPECT_EQ(finish(attempt, DeliveryState::kCancelled), Kinds{}) << "somebody was quicker";
  attempt.health = HealthChange::kDisableGone;
  EXPECT_EQ(finish(attempt, DeliveryState::kDead), (Kinds{"webhook.disabled", "delivery.dead"}));
  attempt.outcome = {};
  attempt.outcome.status_code = 204;
  attempt.state = DeliveryState::kSucceeded;
  attempt.health = HealthChange::kHealthy;
  EXPECT_EQ(finish(attempt, DeliveryState::kSucceeded), (Kinds{"webhook.updated", "delivery.succeeded"}));
  EXPECT_FALSE(last.contains("error"));
}

TEST_F(ActivityStoreTest, changes_of_webhooks_are_told) {
  const OrganizationId org = kFirstOrganization;
  const ChangeResult result{.id = 3};
  EXPECT_EQ(change(CreateWebhook{org, {}, {}}, result), Kinds{"webhook.created"});
  EXPECT_EQ(last["webhook_id"], to_text(WebhookId{3}));
  EXPECT_EQ(change(RotateSecret{org, WebhookId{3}, {}}, result), Kinds{"webhook.updated"});
  WebhookPatch patch;
  patch.enabled = true;
  EXPECT_EQ(change(UpdateWebhook{org, WebhookId{3}, patch}, result), Kinds{"webhook.updated"});
  patch.enabled = false;
  EXPECT_EQ(change(UpdateWebhook{org, WebhookId{3}, patch}, result), Kinds{"webhook.disabled"});
  EXPECT_EQ(change(DeleteWebhook{org, WebhookId{3}}, result), Kinds{"webhook.deleted"});
  EXPECT_EQ(change(DeleteWebhook{org, WebhookId{3}}, conflict("no")), Kinds{});
  EXPECT_EQ(change(CreateApiKey{}, result), Kinds{});
}

TEST_F(ActivityStoreTest, what_people_do_with_deliveries_and_jobs_is_told) {
  DeliveryRow row;
  row.id = DeliveryId{4};
  row.state = DeliveryState::kCancelled;
  ChangeResult result{.id = 4};
  result.delivery = std::make_shared<const DeliveryRow>(row);
  EXPECT_EQ(change(CancelDelivery{kFirstOrganization, row.id}, result), Kinds{"delivery.cancelled"});
  EXPECT_EQ(change(PurgeDead{kFirstOrganization, row.id}, result), Kinds{"delivery.cancelled"});
  EXPECT_EQ(change(CreateJob{kFirstOrganization, JobKind::kPurgeDead, {}}, ChangeResult{.id = 6, .count = 10}),
            Kinds{"job.progress"});
  EXPECT_EQ(last["state"], "pending");
  EXPECT_EQ(last["total"], 10);
  JobRow job;
  job.id = JobId{6};
  job.state = JobState::kRunning;
  job.done = 5;
  job.total = 10;
  ChangeResult advanced{.id = 6};
  advanced.organization = kFirstOrganization;
  advanced.job = std::make_shared<const JobRow>(job);
  EXPECT_EQ(change(AdvanceJob{job.id, 5}, advanced), Kinds{"job.progress"});
  EXPECT_EQ(last["job_id"], to_text(job.id));
  EXPECT_EQ(last["state"], "running");
  EXPECT_EQ(last["done"], 5);
}

}  // namespace
}  // namespace eventrelay
