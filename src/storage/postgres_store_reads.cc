// The store's reads as its ports have them.
#include "storage/postgres_queries.h"
#include "storage/postgres_store_impl.h"

namespace eventrelay {

// ---- The engine's reads ------------------------------------------------------------------------------------------

void PostgresStore::read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) {
  impl_->reads().for_engine<DuePage>(
      loop, [query](PgRead read) { return postgres_queries::read_due(read, query); }, std::move(done));
}

void PostgresStore::read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                               Completion<Result<LanePage>> done) {
  impl_->reads().for_engine<LanePage>(
      loop, [=](PgRead read) { return postgres_queries::read_lanes(read, partitions, after, limit); }, std::move(done));
}

void PostgresStore::read_messages(EventLoop& loop, std::vector<EventId> events,
                                  Completion<Result<std::vector<MessagePtr>>> done) {
  impl_->messages().submit(loop, std::move(events), std::move(done));
}

void PostgresStore::read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) {
  impl_->reads().for_engine<std::vector<JobSummary>>(
      loop, [](PgRead read) { return postgres_queries::read_open_jobs(read); }, std::move(done));
}

Result<Catalog> PostgresStore::load_catalog() {
  return impl_->take_catalog();
}

// ---- People's reads ----------------------------------------------------------------------------------------------

Awaitable<Result<Page<EventRow>>> PostgresStore::list_events(EventLoop& loop, OrganizationId org, EventFilter filter,
                                                             PageRequest page) {
  return impl_->reads().for_people<Page<EventRow>>(
      loop, [=](PgRead read) { return postgres_queries::list_events(read, org, filter, page); });
}

Awaitable<Result<EventDetail>> PostgresStore::get_event(EventLoop& loop, OrganizationId org, EventId id) {
  return impl_->reads().for_people<EventDetail>(
      loop, [=](PgRead read) { return postgres_queries::get_event(read, org, id); });
}

Awaitable<Result<Page<DeliveryRow>>> PostgresStore::list_deliveries(EventLoop& loop, OrganizationId org,
                                                                    DeliveryFilter filter, PageRequest page) {
  return impl_->reads().for_people<Page<DeliveryRow>>(
      loop, [=](PgRead read) { return postgres_queries::list_deliveries(read, org, filter, page); });
}

Awaitable<Result<DeliveryDetail>> PostgresStore::get_delivery(EventLoop& loop, OrganizationId org, DeliveryId id) {
  return impl_->reads().for_people<DeliveryDetail>(
      loop, [=](PgRead read) { return postgres_queries::get_delivery(read, org, id); });
}

Awaitable<Result<Page<DeliveryRow>>> PostgresStore::list_dead(EventLoop& loop, OrganizationId org,
                                                              DeliveryFilter filter, PageRequest page) {
  return impl_->reads().for_people<Page<DeliveryRow>>(
      loop, [=](PgRead read) { return postgres_queries::list_dead(read, org, filter, page); });
}

Awaitable<Result<std::int64_t>> PostgresStore::count_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter) {
  return impl_->reads().for_people<std::int64_t>(
      loop, [=](PgRead read) { return postgres_queries::count_dead(read, org, filter); });
}

Awaitable<Result<Page<WebhookPtr>>> PostgresStore::list_webhooks(EventLoop& loop, OrganizationId org,
                                                                 PageRequest page) {
  return impl_->reads().for_people<Page<WebhookPtr>>(
      loop, [=](PgRead read) { return postgres_queries::list_webhooks(read, org, page); });
}

Awaitable<Result<WebhookPtr>> PostgresStore::get_webhook(EventLoop& loop, OrganizationId org, WebhookId id) {
  return impl_->reads().for_people<WebhookPtr>(
      loop, [=](PgRead read) { return postgres_queries::get_webhook(read, org, id); });
}

Awaitable<Result<Page<JobRow>>> PostgresStore::list_jobs(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->reads().for_people<Page<JobRow>>(
      loop, [=](PgRead read) { return postgres_queries::list_jobs(read, org, page); });
}

Awaitable<Result<JobRow>> PostgresStore::get_job(EventLoop& loop, OrganizationId org, JobId id) {
  return impl_->reads().for_people<JobRow>(loop, [=](PgRead read) { return postgres_queries::get_job(read, org, id); });
}

Awaitable<Result<Page<ApiKey>>> PostgresStore::list_api_keys(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->reads().for_people<Page<ApiKey>>(
      loop, [=](PgRead read) { return postgres_queries::list_api_keys(read, org, page); });
}

Awaitable<Result<MetricsReport>> PostgresStore::metrics(EventLoop& loop, OrganizationId org, MetricsWindow window,
                                                        std::optional<WebhookId> webhook) {
  const WallTime now = impl_->now();
  return impl_->reads().for_people<MetricsReport>(
      loop, [=](PgRead read) { return postgres_queries::metrics(read, org, window, webhook, now); });
}

Awaitable<Result<std::vector<WebhookCounts>>> PostgresStore::webhook_counts(EventLoop& loop, OrganizationId org,
                                                                            MetricsWindow window) {
  const WallTime now = impl_->now();
  return impl_->reads().for_people<std::vector<WebhookCounts>>(
      loop, [=](PgRead read) { return postgres_queries::webhook_counts(read, org, window, now); });
}

}  // namespace eventrelay
