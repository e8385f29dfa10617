#include "queue/stream_hand_over.h"

#include <map>

#include "queue/redis_entry.h"

namespace eventrelay {
namespace {

std::size_t index_of(WebhookId webhook) {
  return static_cast<std::size_t>(partition_of(webhook));
}

/// A changed webhook touches its partition too: the owner must know before its next attempt.
PartitionSet touched_by(const News& news) {
  PartitionSet touched;
  for (const PendingDelivery& delivery : news.pending) touched.set(index_of(delivery.webhook));
  for (const DeliveryRef& delivery : news.cancelled) touched.set(index_of(delivery.webhook));
  for (const WebhookPtr& webhook : news.webhooks) touched.set(index_of(webhook->id));
  return touched;
}

std::vector<StreamEntry> make_entries(const News& news, const PartitionSet& foreign, const PartitionSet& owned) {
  std::map<std::size_t, News> parts;
  for (std::size_t i = 0; i < foreign.size(); ++i) {
    if (foreign.test(i)) parts[i];
  }
  for (const PendingDelivery& delivery : news.pending) {
    if (foreign.test(index_of(delivery.webhook))) parts[index_of(delivery.webhook)].pending.push_back(delivery);
  }
  for (const DeliveryRef& delivery : news.cancelled) {
    if (foreign.test(index_of(delivery.webhook))) parts[index_of(delivery.webhook)].cancelled.push_back(delivery);
  }
  if (!news.jobs.empty() && !owned.test(kJobsPartition)) parts[kJobsPartition].jobs = news.jobs;

  std::vector<StreamEntry> entries;
  entries.reserve(parts.size());
  for (auto& [partition, part] : parts) {
    part.at = news.at;
    part.commit = news.commit;
    part.catalog = news.catalog;
    entries.push_back({static_cast<int>(partition), encode_entry(part)});
  }
  return entries;
}

void keep_only(News& news, const PartitionSet& kept) {
  std::erase_if(news.pending, [&](const PendingDelivery& delivery) { return !kept.test(index_of(delivery.webhook)); });
  std::erase_if(news.cancelled, [&](const DeliveryRef& delivery) { return !kept.test(index_of(delivery.webhook)); });
}

}  // namespace

void StreamHandOver::publish(News news, Completion<> applied) {
  const PartitionSet owned = owned_();
  const PartitionSet touched = touched_by(news);
  std::vector<StreamEntry> entries;
  // What was read back from the store has no number: others read it for themselves.
  if (streams_ && news.commit != 0) entries = make_entries(news, touched & ~owned, owned);
  // With deliveries the marks say what these were matched with: for others; this process's loops know it by then.
  if (!news.pending.empty()) news.catalog.clear();
  keep_only(news, ledger_.claim(news.commit, touched & owned));
  local_.publish(std::move(news), std::move(applied));
  if (!entries.empty()) streams_->append(std::move(entries));
}

}  // namespace eventrelay
