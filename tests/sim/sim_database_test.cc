// The simulated store tells the loops what the real ones do.
#include "tests/sim/sim_database.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

struct SimDatabaseTest : testing::Test {
  SimDatabaseTest() {
    WebhookSpec spec;
    spec.url = "http://receiver.test/in";
    spec.event_types = {"*"};
    webhook = WebhookId{database.apply(CreateWebhook{kFirstOrganization, spec, {}})->id};
    IngestIntent ingest{.organization = kFirstOrganization, .key = {}};
    ingest.events.push_back({.type = "a", .deliver_at = {}, .payload = "{}", .targets = {webhook}});
    EXPECT_TRUE(database.apply(ingest));
    delivery = database.deliveries().begin()->first;
    database.take_news();
  }
  void finish(std::uint32_t number, HealthChange health) {
    FinishAttempt finish;
    finish.organization = kFirstOrganization;
    finish.webhook = webhook;
    finish.delivery = delivery;
    finish.number = number;
    finish.outcome.started_at = from_unix_ms(number);
    finish.health = health;
    EXPECT_TRUE(database.apply(finish));
  }

  SimDatabase database;
  WebhookId webhook;
  DeliveryId delivery;
};

TEST_F(SimDatabaseTest, tells_since_when_a_webhook_fails_and_that_it_has_recovered) {
  finish(1, HealthChange::kFailing);
  News news = database.take_news();
  ASSERT_EQ(news.webhooks.size(), 1u);
  EXPECT_EQ(news.webhooks[0]->failing_since, from_unix_ms(1));
  finish(2, HealthChange::kFailing);
  EXPECT_TRUE(database.take_news().webhooks.empty());
  finish(3, HealthChange::kHealthy);
  news = database.take_news();
  ASSERT_EQ(news.webhooks.size(), 1u);
  EXPECT_FALSE(news.webhooks[0]->failing_since);
}

TEST_F(SimDatabaseTest, a_disabled_webhook_is_told_with_its_reason_and_enabling_begins_anew) {
  finish(1, HealthChange::kFailing);
  finish(2, HealthChange::kDisableFailing);
  const News news = database.take_news();
  EXPECT_EQ(news.webhooks.back()->disabled_reason, DisabledReason::kFailing);
  EXPECT_EQ(news.webhooks.back()->failing_since, from_unix_ms(1));
  UpdateWebhook enable{kFirstOrganization, webhook, {}};
  enable.patch.enabled = true;
  EXPECT_FALSE(database.apply(enable)->webhook->failing_since);
}

}  // namespace
}  // namespace eventrelay
