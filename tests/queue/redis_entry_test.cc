#include "queue/redis_entry.h"

#include <gtest/gtest.h>

#include <random>

namespace eventrelay {
namespace {

constexpr int kPartition = 7;

WebhookId webhook(int skip = 0) {
  std::int64_t id = 1;
  while (partition_of(WebhookId{id}) != kPartition || skip-- > 0) ++id;
  return WebhookId{id};
}

PendingDelivery pending(std::int64_t id, MessagePtr message, WebhookId of = webhook()) {
  PendingDelivery delivery;
  delivery.id = DeliveryId{id};
  delivery.organization = OrganizationId{3};
  delivery.webhook = of;
  delivery.event = message ? message->event : EventId{99};
  delivery.sort_at = from_unix_ms(-5);
  delivery.due = from_unix_ms(1'700'000'000'123);
  delivery.first_due = from_unix_ms(1'700'000'000'000);
  delivery.attempts = 4'000'000'000;
  delivery.position = 2;
  delivery.message = std::move(message);
  delivery.commit = 77;
  return delivery;
}

MessagePtr message(std::int64_t event, std::size_t bytes) {
  return make_message(EventId{event}, "order.created", "\"" + std::string(bytes, 'x') + "\"");
}

News everything() {
  News news;
  news.at = from_unix_ms(1'700'000'000'500);
  news.commit = 77;
  const auto shared = message(INT64_MAX, 20);
  news.pending = {pending(1, shared), pending(2, shared, webhook(1)), pending(3, nullptr), pending(4, message(5, 1))};
  news.pending[2].manual = true;
  news.pending[1].is_test = true;
  news.pending[3].commit = 76;
  news.cancelled = {{webhook(), DeliveryId{8}}, {webhook(2), DeliveryId{9}}};
  news.jobs = {JobId{10}};
  news.catalog = {{OrganizationId{3}, 12}, {OrganizationId{4}, 0}};
  return news;
}

TEST(RedisEntryTest, all_of_it_comes_back) {
  const News news = everything();
  const Arrival arrival = decode_entry(kPartition, encode_entry(news));
  EXPECT_FALSE(arrival.is_gap);
  EXPECT_EQ(arrival.partition, kPartition);
  EXPECT_EQ(arrival.news.commit, 77u);
  EXPECT_EQ(arrival.news.at, news.at);
  ASSERT_EQ(arrival.news.pending.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const PendingDelivery& sent = news.pending[i];
    const PendingDelivery& got = arrival.news.pending[i];
    EXPECT_EQ(got.id, sent.id);
    EXPECT_EQ(got.organization, sent.organization);
    EXPECT_EQ(got.webhook, sent.webhook);
    EXPECT_EQ(got.event, sent.event);
    EXPECT_EQ(got.sort_at, sent.sort_at);
    EXPECT_EQ(got.due, sent.due);
    EXPECT_EQ(got.first_due, sent.first_due);
    EXPECT_EQ(got.attempts, sent.attempts);
    EXPECT_EQ(got.position, sent.position);
    EXPECT_EQ(got.manual, sent.manual);
    EXPECT_EQ(got.is_test, sent.is_test);
    EXPECT_EQ(got.commit, sent.commit);
    ASSERT_EQ(got.message != nullptr, sent.message != nullptr);
    if (!got.message) continue;
    EXPECT_EQ(got.message->event, sent.message->event);
    EXPECT_EQ(got.message->id, sent.message->id);
    EXPECT_EQ(got.message->body, sent.message->body);
  }
  EXPECT_EQ(arrival.news.pending[0].message, arrival.news.pending[1].message);
  ASSERT_EQ(arrival.news.cancelled.size(), 2u);
  EXPECT_EQ(arrival.news.cancelled[1].webhook, webhook(2));
  EXPECT_EQ(arrival.news.cancelled[1].id, DeliveryId{9});
  ASSERT_EQ(arrival.news.jobs.size(), 1u);
  EXPECT_EQ(arrival.news.jobs[0], JobId{10});
  ASSERT_EQ(arrival.news.catalog.size(), 2u);
  EXPECT_EQ(arrival.news.catalog[0].organization, OrganizationId{3});
  EXPECT_EQ(arrival.news.catalog[0].version, 12u);
}

TEST(RedisEntryTest, a_body_shared_by_deliveries_is_in_it_once) {
  News one;
  one.commit = 77;
  const auto shared = message(5, 2'000);
  one.pending = {pending(1, shared)};
  News many = one;
  for (int i = 2; i <= 10; ++i) many.pending.push_back(pending(i, shared));
  EXPECT_LT(encode_entry(many).size(), encode_entry(one).size() + 9 * 60);
}

TEST(RedisEntryTest, a_large_body_stays_in_the_store) {
  News news;
  news.pending = {pending(1, message(5, kInlineBodyBytesMax)), pending(2, message(6, 10))};
  const Arrival arrival = decode_entry(kPartition, encode_entry(news));
  ASSERT_EQ(arrival.news.pending.size(), 2u);
  EXPECT_EQ(arrival.news.pending[0].message, nullptr);
  EXPECT_NE(arrival.news.pending[1].message, nullptr);
}

TEST(RedisEntryTest, bodies_that_do_not_fit_stay_in_the_store) {
  News news;
  constexpr int kTooMany = kEntryBytesMax / 1'000 + 10;
  for (int i = 1; i <= kTooMany; ++i) news.pending.push_back(pending(i, message(i, 1'000)));
  const std::string bytes = encode_entry(news);
  EXPECT_LE(bytes.size(), kEntryBytesMax);
  const Arrival arrival = decode_entry(kPartition, bytes);
  ASSERT_EQ(arrival.news.pending.size(), std::size_t{kTooMany});
  EXPECT_NE(arrival.news.pending.front().message, nullptr);
  EXPECT_EQ(arrival.news.pending.back().message, nullptr);
}

TEST(RedisEntryTest, too_many_ids_make_a_gap_that_names_its_commit) {
  News news;
  news.commit = 77;
  for (int i = 1; i <= 60'000; ++i) news.pending.push_back(pending(i, nullptr));
  const std::string bytes = encode_entry(news);
  EXPECT_LT(bytes.size(), 40u);
  const Arrival arrival = decode_entry(kPartition, bytes);
  EXPECT_TRUE(arrival.is_gap);
  EXPECT_EQ(arrival.news.commit, 77u);
  EXPECT_TRUE(arrival.news.empty());
}

TEST(RedisEntryTest, a_later_format_is_a_gap_that_names_its_commit) {
  std::string bytes = encode_entry(everything());
  bytes[0] = 2;
  bytes.append("more");
  const Arrival arrival = decode_entry(kPartition, bytes);
  EXPECT_TRUE(arrival.is_gap);
  EXPECT_EQ(arrival.partition, kPartition);
  EXPECT_EQ(arrival.news.commit, 77u);
}

TEST(RedisEntryTest, another_partitions_deliveries_are_not_taken) {
  EXPECT_TRUE(decode_entry(kPartition + 1, encode_entry(everything())).is_gap);
}

TEST(RedisEntryTest, whatever_is_cut_off_is_a_gap) {
  const std::string bytes = encode_entry(everything());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_TRUE(decode_entry(kPartition, bytes.substr(0, size)).is_gap) << size;
  EXPECT_TRUE(decode_entry(kPartition, bytes + "x").is_gap);
}

TEST(RedisEntryTest, damaged_bytes_never_give_what_cannot_be) {
  const std::string bytes = encode_entry(everything());
  std::mt19937 chance(1);
  for (int round = 0; round < 200'000; ++round) {
    std::string damaged = bytes;
    for (auto flips = chance() % 4 + 1; flips > 0; --flips)
      damaged[chance() % damaged.size()] ^= static_cast<char>(1 << chance() % 8);
    if (chance() % 4 == 0) damaged.resize(chance() % damaged.size());
    const Arrival arrival = decode_entry(kPartition, damaged);
    EXPECT_EQ(arrival.partition, kPartition);
    if (arrival.is_gap) {
      EXPECT_TRUE(arrival.news.empty());
      continue;
    }
    EXPECT_LE(arrival.news.pending.size(), bytes.size());
    for (const PendingDelivery& delivery : arrival.news.pending) {
      EXPECT_EQ(partition_of(delivery.webhook), kPartition);
      EXPECT_GT(delivery.id.value, 0);
      EXPECT_TRUE(!delivery.message || delivery.message->event == delivery.event);
    }
  }
}

TEST(RedisEntryTest, noise_is_a_gap) {
  std::mt19937 chance(2);
  for (int round = 0; round < 100'000; ++round) {
    std::string noise(chance() % 200, '\0');
    for (char& c : noise) c = static_cast<char>(chance());
    if (!noise.empty()) noise[0] = 1;
    if (noise.size() > 9) noise[9] = 0;
    const Arrival arrival = decode_entry(kPartition, noise);
    for (const PendingDelivery& delivery : arrival.news.pending) EXPECT_EQ(partition_of(delivery.webhook), kPartition);
  }
}

}  // namespace
}  // namespace eventrelay
