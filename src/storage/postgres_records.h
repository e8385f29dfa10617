// Rows of PostgreSQL's tables as values: the columns that queries and changes select, and how they are read.
// Pure functions over a result; any thread. Decoding trusts what was written; it throws on a damaged database.
#pragma once
#include <map>
#include <optional>
#include <string>

#include "ports/store_queries.h"
#include "storage/postgres_connection.h"

namespace eventrelay {

// Each list of columns is read from `column` on; the table has the alias that the columns name.

inline constexpr const char* kPgPendingColumns =
    "d.id, d.organization_id, d.webhook_id, d.event_id, d.sort_at_ms, d.due_ms, d.first_due_ms, d.attempts,"
    " d.position, d.manual";
inline constexpr int kPgPendingWidth = 10;
/// Without a message; commit is 0.
PendingDelivery pending_from_row(const PgRows& rows, int row, int column = 0);

inline constexpr const char* kPgWebhookColumns =
    "w.id, w.organization_id, w.deleted, w.spec, w.secret, w.old_secret, w.old_secret_until_ms, w.disabled_reason,"
    " w.failing_since_ms, w.updated_ms, w.version";
WebhookPtr webhook_from_row(const PgRows& rows, int row, int column = 0);

inline constexpr const char* kPgKeyColumns = "k.id, k.organization_id, k.name, k.scope, k.hint, k.hash";
inline constexpr int kPgKeyWidth = 6;
ApiKey api_key_from_row(const PgRows& rows, int row, int column = 0);

inline constexpr const char* kPgJobColumns = "j.id, j.kind, j.state, j.done, j.total, j.rate, j.error, j.ended_ms";
JobRow job_from_row(const PgRows& rows, int row, int column = 0);

/// The URLs of the webhooks on a page: each webhook's settings are read once.
class WebhookUrls {
 public:
  const std::string& url_of(std::int64_t webhook, std::string_view spec);

 private:
  std::map<std::int64_t, std::string> urls_;
};

/// With kPgDeliveryJoins after `FROM deliveries d`.
inline constexpr const char* kPgDeliveryColumns =
    "d.id, d.event_id, d.webhook_id, w.spec, t.name, coalesce(n.name, ''), d.state, d.reason, d.attempts,"
    " CASE WHEN d.manual THEN d.sort_at_ms ELSE d.due_ms END, d.ended_id, d.last_status, d.last_error, d.replay_of";
inline constexpr const char* kPgDeliveryJoins =
    " JOIN webhooks w ON w.id = d.webhook_id JOIN event_types t ON t.id = d.type_id"
    " LEFT JOIN tenants n ON n.id = d.tenant_id";
DeliveryRow delivery_from_row(const PgRows& rows, int row, int column, WebhookUrls& urls);

// One row by its id, to be put into any batch.
PgStatement select_delivery(OrganizationId org, DeliveryId id);
std::optional<DeliveryRow> selected_delivery(const PgRows& rows);
PgStatement select_job(OrganizationId org, JobId id);
std::optional<JobRow> selected_job(const PgRows& rows);
/// Deleted ones are not found.
PgStatement select_webhook(OrganizationId org, WebhookId id);
WebhookPtr selected_webhook(const PgRows& rows);

/// pg_current_snapshot()'s text: xmin:xmax:x1,x2.
ReadPoint read_point_of(std::string_view snapshot);

/// 256 bits: partition p is bit p % 8, from the low end, of byte p / 8.
PartitionSet partitions_of_bytes(std::string_view bytes);
std::string bytes_of_partitions(const PartitionSet& partitions);
std::vector<std::int16_t> partition_numbers(const PartitionSet& partitions);

}  // namespace eventrelay
