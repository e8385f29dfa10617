// The reads, each inside a reader's snapshot. Faults of the database are SqliteError exceptions.
#pragma once
#include "ports/store_queries.h"
#include "storage/sqlite_db.h"

namespace eventrelay::sqlite_queries {

// For the engine.
Result<DuePage> read_due(SqliteDb& db, const DueQuery& query);
Result<LanePage> read_lanes(SqliteDb& db, const PartitionSet& partitions, WebhookId after, std::size_t limit);
Result<std::vector<MessagePtr>> read_messages(SqliteDb& db, const std::vector<EventId>& events);
std::vector<JobSummary> read_open_jobs(SqliteDb& db);
Catalog load_catalog(SqliteDb& db);

// For people.
Result<Page<EventRow>> list_events(SqliteDb& db, OrganizationId org, const EventFilter& filter, PageRequest page);
Result<EventDetail> get_event(SqliteDb& db, OrganizationId org, EventId id);
Result<Page<DeliveryRow>> list_deliveries(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter,
                                          PageRequest page);
Result<DeliveryDetail> get_delivery(SqliteDb& db, OrganizationId org, DeliveryId id);
Result<Page<DeliveryRow>> list_dead(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter, PageRequest page);
Result<std::int64_t> count_dead(SqliteDb& db, OrganizationId org, const DeliveryFilter& filter);
Result<Page<WebhookPtr>> list_webhooks(SqliteDb& db, OrganizationId org, PageRequest page);
Result<WebhookPtr> get_webhook(SqliteDb& db, OrganizationId org, WebhookId id);
Result<Page<JobRow>> list_jobs(SqliteDb& db, OrganizationId org, PageRequest page);
Result<JobRow> get_job(SqliteDb& db, OrganizationId org, JobId id);
Result<Page<ApiKey>> list_api_keys(SqliteDb& db, OrganizationId org, PageRequest page);
/// now: the end of the window.
Result<MetricsReport> metrics(SqliteDb& db, OrganizationId org, MetricsWindow window, std::optional<WebhookId> webhook,
                              WallTime now);
Result<std::vector<WebhookCounts>> webhook_counts(SqliteDb& db, OrganizationId org, MetricsWindow window, WallTime now);

}  // namespace eventrelay::sqlite_queries
