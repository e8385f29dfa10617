#include "queue/in_process.h"

#include <atomic>
#include <cassert>
#include <memory>

namespace eventrelay {

std::vector<News> InProcessHandOver::split(News news) const {
  std::vector<News> shares(ears_.size());
  if (shares.size() == 1) {
    shares.front() = std::move(news);
    return shares;
  }
  const auto owner = [&](WebhookId id) -> News& {
    return shares[static_cast<std::size_t>(partition_of(id)) % shares.size()];
  };
  for (PendingDelivery& delivery : news.pending) {
    News& share = owner(delivery.webhook);
    share.pending.push_back(std::move(delivery));
  }
  for (const DeliveryRef& delivery : news.cancelled) owner(delivery.webhook).cancelled.push_back(delivery);
  for (News& share : shares) {
    share.at = news.at;
    share.commit = news.commit;
    share.catalog = news.catalog;
    share.webhooks = news.webhooks;
    share.keys = news.keys;
    share.jobs = news.jobs;
  }
  return shares;
}

void InProcessHandOver::publish(News news, Completion<> applied) {
  assert(!ears_.empty());
  // Runs `applied` when the last loop has let go of it.
  struct Latch {
    Latch(Completion<> then, std::size_t loops) : applied(std::move(then)), left(loops) {}
    Completion<> applied;
    std::atomic<std::size_t> left;
  };
  auto latch = std::make_shared<Latch>(std::move(applied), ears_.size());
  const auto arrive = [](Latch& l) {
    if (l.left.fetch_sub(1) == 1 && l.applied) std::move(l.applied)();
  };
  const bool awaited = !news.webhooks.empty() || !news.keys.empty() || !news.cancelled.empty() || !news.catalog.empty();
  std::vector<News> shares = split(std::move(news));
  for (std::size_t i = 0; i < ears_.size(); ++i) {
    if (shares[i].empty()) {
      if (awaited) arrive(*latch);
      continue;
    }
    ears_[i].loop->post([sink = ears_[i].sink, share = std::move(shares[i]), latch, awaited, arrive]() mutable {
      sink->on_news(std::move(share));
      if (awaited) arrive(*latch);
    });
  }
  if (!awaited && latch->applied) std::move(latch->applied)();
}

}  // namespace eventrelay
