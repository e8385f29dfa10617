#include "engine/engine.h"

namespace eventrelay {

Engine::Engine(EngineOptions options, EventLoop& loop, Store& store, Transport& transport, Metrics& metrics)
    : shared_store_(options.shared_store),
      intake_(loop, store, catalog_),
      dispatcher_(options.dispatcher, loop, store, transport, catalog_, metrics),
      jobs_(options.runs_jobs ? std::make_unique<JobRunner>(loop, store) : nullptr) {}

void Engine::start(const Catalog& catalog) {
  for (const WebhookPtr& webhook : catalog.webhooks) catalog_.put(webhook);
  for (const ApiKey& key : catalog.keys) catalog_.apply(KeyChange{key});
  dispatcher_.observe(catalog.at);
  if (shared_store_) return;
  dispatcher_.own(all_partitions(), {});
  if (jobs_) jobs_->start(catalog.open_jobs);
}

void Engine::on_news(News news) {
  dispatcher_.observe(news.at);
  for (const WebhookPtr& webhook : news.webhooks) {
    catalog_.put(webhook);
    dispatcher_.on_webhook(webhook);
  }
  for (const KeyChange& change : news.keys) catalog_.apply(change);
  for (PendingDelivery& delivery : news.pending) {
    if (delivery.commit == 0) delivery.commit = news.commit;
    dispatcher_.on_pending(std::move(delivery));
  }
  for (const DeliveryRef& delivery : news.cancelled) dispatcher_.on_cancelled(delivery);
  dispatcher_.pump();
  if (jobs_ && !news.jobs.empty()) jobs_->look();
}

void Engine::own(const PartitionSet& gained, const std::vector<HandedDelivery>& handed) {
  dispatcher_.own(gained, handed);
  if (jobs_ && gained.test(0)) jobs_->begin();
}

void Engine::disown(const PartitionSet& lost) {
  dispatcher_.disown(lost);
  if (jobs_ && lost.test(0)) jobs_->end();
}

void Engine::drain(Completion<> done) {
  if (jobs_) jobs_->stop();
  dispatcher_.drain(std::move(done));
}

}  // namespace eventrelay
