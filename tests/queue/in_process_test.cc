#include "queue/in_process.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/manual_loop.h"

namespace eventrelay {
namespace {

class Listener final : public NewsSink {
 public:
  void on_news(News news) override { heard.push_back(std::move(news)); }
  std::vector<News> heard;
};

struct InProcessTest : testing::Test {
  void listen(std::size_t loops) {
    std::vector<InProcessHandOver::Ear> ears;
    for (std::size_t i = 0; i < loops; ++i) {
      parts.push_back(std::make_unique<Part>(time));
      ears.push_back({&parts.back()->loop, &parts.back()->sink});
    }
    hand_over.set_ears(std::move(ears));
  }
  void publish(News news) {
    hand_over.publish(std::move(news), [this] { applied += 1; });
  }
  static PendingDelivery delivery(std::int64_t id, WebhookId webhook) {
    PendingDelivery pending;
    pending.id = DeliveryId{id};
    pending.webhook = webhook;
    return pending;
  }
  /// A webhook that belongs to that loop.
  static WebhookId webhook_of(int loop, int loops) {
    std::int64_t id = 1;
    while (partition_of(WebhookId{id}) % loops != loop) ++id;
    return WebhookId{id};
  }

  struct Part {
    explicit Part(VirtualTime& time) : loop(time) {}
    ManualLoop loop;
    Listener sink;
  };
  VirtualTime time;
  InProcessHandOver hand_over;
  std::vector<std::unique_ptr<Part>> parts;
  int applied = 0;
};

TEST_F(InProcessTest, one_loop_gets_all_of_it_by_one_post) {
  listen(1);
  News news;
  news.at = from_unix_ms(77);
  news.pending = {delivery(1, WebhookId{1}), delivery(2, WebhookId{2})};
  news.jobs = {JobId{3}};
  publish(std::move(news));
  EXPECT_TRUE(parts[0]->sink.heard.empty());
  time.run_ready();
  ASSERT_EQ(parts[0]->sink.heard.size(), 1u);
  EXPECT_EQ(parts[0]->sink.heard[0].pending.size(), 2u);
  EXPECT_EQ(parts[0]->sink.heard[0].jobs.size(), 1u);
  EXPECT_EQ(parts[0]->sink.heard[0].at, from_unix_ms(77));
}

TEST_F(InProcessTest, each_loop_gets_its_own_deliveries_and_everyones_webhooks) {
  listen(2);
  News news;
  news.at = from_unix_ms(77);
  news.commit = 78;
  news.catalog = {{OrganizationId{1}, 9}};
  news.webhooks = {std::make_shared<const Webhook>()};
  for (int loop = 0; loop < 2; ++loop) {
    news.pending.push_back(delivery(10 + loop, webhook_of(loop, 2)));
    news.cancelled.push_back({webhook_of(loop, 2), DeliveryId{20 + loop}});
  }
  publish(std::move(news));
  time.run_ready();
  for (int loop = 0; loop < 2; ++loop) {
    const auto& heard = parts[static_cast<std::size_t>(loop)]->sink.heard;
    ASSERT_EQ(heard.size(), 1u);
    ASSERT_EQ(heard[0].pending.size(), 1u);
    EXPECT_EQ(heard[0].pending[0].id, DeliveryId{10 + loop});
    ASSERT_EQ(heard[0].cancelled.size(), 1u);
    EXPECT_EQ(heard[0].cancelled[0].id, DeliveryId{20 + loop});
    EXPECT_EQ(heard[0].webhooks.size(), 1u);
    EXPECT_EQ(heard[0].at, from_unix_ms(77));
    EXPECT_EQ(heard[0].commit, 78u);
    EXPECT_EQ(heard[0].catalog.size(), 1u);
  }
}

TEST_F(InProcessTest, a_change_counts_as_applied_when_the_last_loop_has_it) {
  listen(3);
  int lag = 0;
  for (auto& part : parts) part->loop.set_lag([&lag] { return std::chrono::microseconds(1'000 * ++lag); });
  News news;
  news.webhooks = {std::make_shared<const Webhook>()};
  publish(std::move(news));
  time.run_for(std::chrono::microseconds(2'999));
  EXPECT_EQ(applied, 0);
  time.run_for(std::chrono::microseconds(1));
  EXPECT_EQ(applied, 1);
}

TEST_F(InProcessTest, a_cancellation_is_awaited_at_the_loop_that_has_the_delivery) {
  listen(2);
  News news;
  news.cancelled = {{webhook_of(1, 2), DeliveryId{1}}};
  publish(std::move(news));
  EXPECT_EQ(applied, 0);
  time.run_ready();
  EXPECT_EQ(applied, 1);
  EXPECT_TRUE(parts[0]->sink.heard.empty());
}

TEST_F(InProcessTest, nobody_waits_where_only_deliveries_are_new) {
  listen(2);
  News news;
  news.pending = {delivery(1, WebhookId{1})};
  publish(std::move(news));
  EXPECT_EQ(applied, 1);
  publish({});
  EXPECT_EQ(applied, 2);
}

TEST_F(InProcessTest, an_answer_that_is_posted_when_it_is_applied_comes_after_the_news) {
  listen(1);
  News news;
  news.pending = {delivery(1, WebhookId{1})};
  std::size_t heard_before = 0;
  hand_over.publish(std::move(news), [&] { parts[0]->loop.post([&] { heard_before = parts[0]->sink.heard.size(); }); });
  time.run_ready();
  EXPECT_EQ(heard_before, 1u);
}

TEST_F(InProcessTest, news_stays_in_the_order_of_commits) {
  listen(1);
  for (int i = 1; i <= 100; ++i) {
    News news;
    news.jobs = {JobId{i}};
    publish(std::move(news));
  }
  time.run_ready();
  ASSERT_EQ(parts[0]->sink.heard.size(), 100u);
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(parts[0]->sink.heard[static_cast<std::size_t>(i - 1)].jobs[0], JobId{i});
}

TEST_F(InProcessTest, what_waits_is_destroyed_uncalled_when_a_loop_ends) {
  listen(2);
  auto token = std::make_shared<int>(0);
  News news;
  news.webhooks = {std::make_shared<const Webhook>()};
  hand_over.publish(std::move(news), [this, token] { applied += 1; });
  parts[1]->loop.end();
  time.run_ready();
  EXPECT_EQ(applied, 0);
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace eventrelay
