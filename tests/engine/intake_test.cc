#include "engine/intake.h"

#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

NewEvent event_of(std::string type, std::string tenant = "") {
  NewEvent event;
  event.type = std::move(type);
  event.tenant = std::move(tenant);
  event.payload = "{}";
  return event;
}

struct IntakeTest : testing::Test {
  void put(std::int64_t id, std::string pattern, std::string tenant = "") {
    auto webhook = webhook_of(id);
    webhook->spec.event_types = {std::move(pattern)};
    webhook->spec.tenant = std::move(tenant);
    catalog.put(webhook);
  }

  VirtualTime time;
  ManualLoop loop{time};
  FakeStore store;
  LoopCatalog catalog;
  Intake intake{loop, store, catalog};
};

TEST_F(IntakeTest, names_the_webhooks_that_match_and_the_version_they_were_matched_against) {
  put(1, "order.*");
  put(2, "order.paid", "acme");
  put(3, "*");
  put(4, "user.*");
  std::optional<IngestResult> answer;
  intake.accept(kFirstOrganization, {event_of("order.paid"), event_of("order.paid", "acme")}, std::nullopt,
                [&](Result<IngestResult> result) { answer = *result; });
  ASSERT_EQ(store.ingests.size(), 1u);
  const IngestIntent& intent = store.ingests.front();
  EXPECT_EQ(intent.events[0].targets, (std::vector<WebhookId>{WebhookId{1}, WebhookId{3}}));
  EXPECT_EQ(intent.events[1].targets, (std::vector<WebhookId>{WebhookId{1}, WebhookId{2}, WebhookId{3}}));
  EXPECT_EQ(intent.catalog_version, catalog.webhooks().version(kFirstOrganization));
  EXPECT_FALSE(intent.targets_fixed);
  EXPECT_FALSE(answer);
  store.ingests.answer(IngestResult{});
  time.run_ready();
  EXPECT_TRUE(answer);
}

TEST_F(IntakeTest, a_webhook_that_is_gone_matches_no_more_and_moves_the_version) {
  put(1, "*");
  const auto before = catalog.webhooks().version(kFirstOrganization);
  auto deleted = webhook_of(1);
  deleted->deleted = true;
  catalog.put(deleted);
  intake.accept(kFirstOrganization, {event_of("a")}, std::nullopt, [](Result<IngestResult>) {});
  EXPECT_TRUE(store.ingests.front().events[0].targets.empty());
  EXPECT_GT(store.ingests.front().catalog_version, before);
}

TEST_F(IntakeTest, hands_the_idempotency_key_on) {
  intake.accept(kFirstOrganization, {event_of("a")}, IdempotencyClaim{"events", "k", {}}, [](Result<IngestResult>) {});
  ASSERT_TRUE(store.ingests.front().key);
  EXPECT_EQ(store.ingests.front().key->key, "k");
}

TEST_F(IntakeTest, refuses_more_deliveries_than_one_request_may_make_and_stores_nothing) {
  const auto webhooks = static_cast<std::int64_t>(kTargetsPerCommitItemMax / kBatchEventsMax);
  for (std::int64_t id = 1; id <= webhooks; ++id) put(id, "*");
  const std::vector<NewEvent> most(kBatchEventsMax, event_of("a"));
  intake.accept(kFirstOrganization, most, std::nullopt, [](Result<IngestResult>) {});
  EXPECT_EQ(store.ingests.size(), 1u);
  put(webhooks + 1, "*");
  std::optional<ErrorCode> refused;
  intake.accept(kFirstOrganization, most, std::nullopt,
                [&](Result<IngestResult> result) { refused = result.error().code; });
  EXPECT_FALSE(refused) << "answers come by a post";
  time.run_ready();
  EXPECT_EQ(refused, ErrorCode::kTooLarge);
  EXPECT_EQ(store.ingests.size(), 1u);
}

}  // namespace
}  // namespace eventrelay
