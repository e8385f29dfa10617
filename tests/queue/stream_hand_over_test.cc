#include "queue/stream_hand_over.h"

#include <gtest/gtest.h>

#include <thread>

#include "queue/redis_entry.h"

namespace eventrelay {
namespace {

WebhookId webhook_in(int partition) {
  std::int64_t id = 1;
  while (partition_of(WebhookId{id}) != partition) ++id;
  return WebhookId{id};
}

class Local final : public HandOver {
 public:
  void publish(News news, Completion<> applied) override {
    heard.push_back(std::move(news));
    std::move(applied)();
  }
  std::vector<News> heard;
};

class Streams final : public StreamAppender {
 public:
  void append(std::vector<StreamEntry> entries) override {
    for (const StreamEntry& entry : entries) appended.push_back(decode_entry(entry.partition, entry.bytes));
  }
  std::vector<Arrival> appended;
};

struct StreamHandOverTest : testing::Test {
  News news_for(std::initializer_list<int> partitions) {
    News news;
    news.at = from_unix_ms(5);
    news.commit = ++commit;
    news.catalog = {{OrganizationId{1}, 9}};
    for (const int partition : partitions) {
      PendingDelivery delivery;
      delivery.id = DeliveryId{100 + partition};
      delivery.organization = OrganizationId{1};
      delivery.event = EventId{1};
      delivery.webhook = webhook_in(partition);
      delivery.commit = commit;
      news.pending.push_back(delivery);
    }
    return news;
  }
  void publish(News news, bool with_redis = true) {
    StreamHandOver hand_over(
        local, ledger, [this] { return owned; }, with_redis ? &streams : nullptr);
    hand_over.publish(std::move(news), [this] { ++applied; });
  }

  std::uint64_t commit = 0;
  PartitionSet owned = PartitionSet().set(1).set(2);
  CommitLedger ledger;
  Local local;
  Streams streams;
  int applied = 0;
};

TEST_F(StreamHandOverTest, what_is_owned_stays_and_the_rest_goes_out) {
  News news = news_for({1, 2, 3, 200});
  news.cancelled = {{webhook_in(2), DeliveryId{5}}, {webhook_in(200), DeliveryId{6}}};
  publish(std::move(news));
  ASSERT_EQ(local.heard.size(), 1u);
  EXPECT_EQ(local.heard[0].pending.size(), 2u);
  ASSERT_EQ(local.heard[0].cancelled.size(), 1u);
  EXPECT_EQ(local.heard[0].cancelled[0].id, DeliveryId{5});
  EXPECT_EQ(local.heard[0].commit, 1u);
  EXPECT_TRUE(local.heard[0].catalog.empty()) << "what deliveries were matched with, this process's loops know";
  ASSERT_EQ(streams.appended.size(), 2u);
  EXPECT_EQ(streams.appended[0].partition, 3);
  EXPECT_EQ(streams.appended[0].news.commit, 1u);
  EXPECT_EQ(streams.appended[0].news.at, from_unix_ms(5));
  EXPECT_EQ(streams.appended[0].news.catalog.size(), 1u);
  EXPECT_EQ(streams.appended[1].partition, 200);
  EXPECT_EQ(streams.appended[1].news.pending.size(), 1u);
  EXPECT_EQ(streams.appended[1].news.cancelled.size(), 1u);
  EXPECT_EQ(applied, 1);
}

TEST_F(StreamHandOverTest, without_redis_only_the_own_part_is_delivered) {
  publish(news_for({1, 3}), false);
  ASSERT_EQ(local.heard.size(), 1u);
  EXPECT_EQ(local.heard[0].pending.size(), 1u);
  EXPECT_TRUE(streams.appended.empty());
}

TEST_F(StreamHandOverTest, what_the_commit_log_brought_first_is_not_delivered_again) {
  EXPECT_EQ(ledger.claim(1, PartitionSet().set(1)).count(), 1u);
  publish(news_for({1, 2}));
  ASSERT_EQ(local.heard.size(), 1u);
  ASSERT_EQ(local.heard[0].pending.size(), 1u);
  EXPECT_EQ(local.heard[0].pending[0].webhook, webhook_in(2));
  EXPECT_TRUE(ledger.claim(1, PartitionSet().set(1).set(2)).none());
}

TEST_F(StreamHandOverTest, what_was_handed_out_is_not_claimed) {
  publish(news_for({3}));
  EXPECT_EQ(ledger.claim(1, PartitionSet().set(3)), PartitionSet().set(3));
}

TEST_F(StreamHandOverTest, a_changed_webhook_is_told_here_and_to_its_owner) {
  News news;
  news.commit = 4;
  auto webhook = std::make_shared<Webhook>();
  webhook->id = webhook_in(3);
  news.webhooks = {webhook};
  publish(std::move(news));
  ASSERT_EQ(local.heard.size(), 1u);
  EXPECT_EQ(local.heard[0].webhooks.size(), 1u);
  ASSERT_EQ(streams.appended.size(), 1u);
  EXPECT_EQ(streams.appended[0].partition, 3);
  EXPECT_EQ(streams.appended[0].news.commit, 4u);
  EXPECT_FALSE(streams.appended[0].is_gap);
}

TEST_F(StreamHandOverTest, jobs_are_told_here_and_to_one_other) {
  News news;
  news.commit = 4;
  news.jobs = {JobId{8}};
  publish(news);
  EXPECT_EQ(local.heard[0].jobs.size(), 1u);
  ASSERT_EQ(streams.appended.size(), 1u);
  EXPECT_EQ(streams.appended[0].partition, kJobsPartition);
  ASSERT_EQ(streams.appended[0].news.jobs.size(), 1u);
  owned.set(kJobsPartition);
  publish(news);
  EXPECT_EQ(streams.appended.size(), 1u);
}

TEST(CommitLedgerTest, each_part_of_a_commit_is_given_once) {
  CommitLedger ledger;
  EXPECT_EQ(ledger.claim(1, PartitionSet("0111")), PartitionSet("0111"));
  EXPECT_EQ(ledger.claim(1, PartitionSet("1110")), PartitionSet("1000"));
  EXPECT_EQ(ledger.claim(2, PartitionSet("0001")), PartitionSet("0001"));
  EXPECT_TRUE(ledger.claim(1, PartitionSet("1111")).none());
}

TEST(CommitLedgerTest, commits_without_a_number_are_always_given) {
  CommitLedger ledger;
  EXPECT_TRUE(ledger.claim(0, PartitionSet("1")).any());
  EXPECT_TRUE(ledger.claim(0, PartitionSet("1")).any());
}

TEST(CommitLedgerTest, the_oldest_are_forgotten) {
  CommitLedger ledger(2);
  for (std::uint64_t commit = 1; commit <= 3; ++commit) ledger.claim(commit, PartitionSet("1"));
  EXPECT_TRUE(ledger.claim(3, PartitionSet("1")).none());
  EXPECT_TRUE(ledger.claim(2, PartitionSet("1")).none());
  EXPECT_TRUE(ledger.claim(1, PartitionSet("1")).any());
}

TEST(CommitLedgerTest, two_threads_never_get_the_same) {
  CommitLedger ledger;
  std::array<int, 2> given{};
  std::array<std::thread, 2> threads;
  for (std::size_t i = 0; i < 2; ++i) {
    threads[i] = std::thread([&, i] {
      for (std::uint64_t commit = 1; commit <= 20'000; ++commit)
        given[i] += static_cast<int>(ledger.claim(commit, PartitionSet("11")).count());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(given[0] + given[1], 40'000);
}

}  // namespace
}  // namespace eventrelay
