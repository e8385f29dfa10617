// The reads on PostgreSQL, each one statement or one snapshot. Belongs to the store's loop; the connection is used by
// nothing else meanwhile. Errors: kNotFound, kTimeout past the deadline, kUnavailable.
#pragma once
#include <boost/asio/awaitable.hpp>

#include "ports/commit_log.h"
#include "ports/store_queries.h"
#include "storage/postgres_connection.h"

namespace eventrelay {

/// A read's connection and the time it has.
struct PgRead {
  PgConnection& db;
  PgConnection::Deadline deadline;
};

namespace postgres_queries {

// For the engine. DuePage::seen is the snapshot that the rows were read in, also where there are none;
// PendingDelivery::commit stays 0.
Awaitable<Result<DuePage>> read_due(PgRead read, DueQuery query);
Awaitable<Result<LanePage>> read_lanes(PgRead read, PartitionSet partitions, WebhookId after, std::size_t limit);
/// Of the first events, one at least, as many as have their payloads within the bytes.
Awaitable<Result<std::vector<MessagePtr>>> read_messages(PgRead read, std::vector<EventId> events,
                                                         std::size_t payload_bytes);
Awaitable<Result<std::vector<JobSummary>>> read_open_jobs(PgRead read);
Awaitable<Result<Catalog>> load_catalog(PgRead read);

/// Webhooks and keys (deleted ones too) of these organizations that changed after the versions given, in the order of
/// their versions; no marks: of all organizations whose version is above 0.
struct CatalogChanges {
  std::vector<WebhookPtr> webhooks;
  std::vector<KeyChange> keys;
  std::vector<CatalogMark> versions;  ///< of every organization asked for, as of the same snapshot
};
Awaitable<Result<CatalogChanges>> read_catalog_changes(PgRead read, std::vector<CatalogMark> after);

// The commit log (ports/commit_log.h).
Awaitable<Result<CommitPage>> read_commits(PgRead read, ReadPoint since);
/// At most 1,000 rows with 4 MiB of payloads; rows past the bytes come without a message. A delivery that several of
/// the commits touched comes with each. news.commit is 0.
Awaitable<Result<CommitNews>> read_news(PgRead read, std::vector<std::uint64_t> commits, PartitionSet partitions);

// For people.
Awaitable<Result<Page<EventRow>>> list_events(PgRead read, OrganizationId org, EventFilter filter, PageRequest page);
Awaitable<Result<EventDetail>> get_event(PgRead read, OrganizationId org, EventId id);
Awaitable<Result<Page<DeliveryRow>>> list_deliveries(PgRead read, OrganizationId org, DeliveryFilter filter,
                                                     PageRequest page);
Awaitable<Result<DeliveryDetail>> get_delivery(PgRead read, OrganizationId org, DeliveryId id);
Awaitable<Result<Page<DeliveryRow>>> list_dead(PgRead read, OrganizationId org, DeliveryFilter filter,
                                               PageRequest page);
Awaitable<Result<std::int64_t>> count_dead(PgRead read, OrganizationId org, DeliveryFilter filter);
Awaitable<Result<Page<WebhookPtr>>> list_webhooks(PgRead read, OrganizationId org, PageRequest page);
Awaitable<Result<WebhookPtr>> get_webhook(PgRead read, OrganizationId org, WebhookId id);
Awaitable<Result<Page<JobRow>>> list_jobs(PgRead read, OrganizationId org, PageRequest page);
Awaitable<Result<JobRow>> get_job(PgRead read, OrganizationId org, JobId id);
Awaitable<Result<Page<ApiKey>>> list_api_keys(PgRead read, OrganizationId org, PageRequest page);
/// now: the end of the window.
Awaitable<Result<MetricsReport>> metrics(PgRead read, OrganizationId org, MetricsWindow window,
                                         std::optional<WebhookId> webhook, WallTime now);
Awaitable<Result<std::vector<WebhookCounts>>> webhook_counts(PgRead read, OrganizationId org, MetricsWindow window,
                                                             WallTime now);

}  // namespace postgres_queries
}  // namespace eventrelay
