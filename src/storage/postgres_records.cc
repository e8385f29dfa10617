#include "storage/postgres_records.h"

#include <algorithm>
#include <charconv>

#include "storage/codec.h"

namespace eventrelay {

PendingDelivery pending_from_row(const PgRows& rows, int row, int column) {
  PendingDelivery delivery;
  delivery.id = DeliveryId{rows.integer(row, column)};
  delivery.organization = OrganizationId{rows.integer(row, column + 1)};
  delivery.webhook = WebhookId{rows.integer(row, column + 2)};
  delivery.event = EventId{rows.integer(row, column + 3)};
  delivery.sort_at = from_unix_ms(rows.integer(row, column + 4));
  delivery.due = from_unix_ms(rows.integer(row, column + 5));
  delivery.first_due = from_unix_ms(rows.integer(row, column + 6));
  delivery.attempts = static_cast<std::uint32_t>(rows.integer(row, column + 7));
  delivery.position = static_cast<std::uint32_t>(rows.integer(row, column + 8));
  delivery.manual = rows.integer(row, column + 9) != 0;
  return delivery;
}

WebhookPtr webhook_from_row(const PgRows& rows, int row, int column) {
  auto webhook = std::make_shared<Webhook>();
  webhook->id = WebhookId{rows.integer(row, column)};
  webhook->organization = OrganizationId{rows.integer(row, column + 1)};
  webhook->deleted = rows.integer(row, column + 2) != 0;
  webhook->spec = decode_spec(rows.text(row, column + 3));
  webhook->secret.bytes = rows.text(row, column + 4);
  if (!rows.is_null(row, column + 5)) webhook->old_secret = Secret{std::string(rows.text(row, column + 5))};
  webhook->old_secret_until = from_unix_ms(rows.integer(row, column + 6));
  webhook->disabled_reason = static_cast<DisabledReason>(rows.integer(row, column + 7));
  if (const auto since = rows.optional_integer(row, column + 8)) webhook->failing_since = from_unix_ms(*since);
  webhook->updated_at = from_unix_ms(rows.integer(row, column + 9));
  webhook->version = static_cast<std::uint64_t>(rows.integer(row, column + 10));
  return webhook;
}

ApiKey api_key_from_row(const PgRows& rows, int row, int column) {
  ApiKey key;
  key.id = ApiKeyId{rows.integer(row, column)};
  key.organization = OrganizationId{rows.integer(row, column + 1)};
  key.name = rows.text(row, column + 2);
  key.scope = static_cast<Scope>(rows.integer(row, column + 3));
  key.hint = rows.text(row, column + 4);
  const std::string_view hash = rows.text(row, column + 5);
  std::copy_n(hash.begin(), std::min(hash.size(), key.hash.size()), reinterpret_cast<char*>(key.hash.data()));
  return key;
}

JobRow job_from_row(const PgRows& rows, int row, int column) {
  JobRow job;
  job.id = JobId{rows.integer(row, column)};
  job.kind = static_cast<JobKind>(rows.integer(row, column + 1));
  job.state = static_cast<JobState>(rows.integer(row, column + 2));
  job.done = rows.integer(row, column + 3);
  job.total = rows.integer(row, column + 4);
  job.rate = static_cast<std::uint32_t>(rows.integer(row, column + 5));
  job.error = rows.text(row, column + 6);
  if (const auto ended = rows.optional_integer(row, column + 7)) job.ended_at = from_unix_ms(*ended);
  return job;
}

const std::string& WebhookUrls::url_of(std::int64_t webhook, std::string_view spec) {
  const auto [at, is_new] = urls_.try_emplace(webhook);
  if (is_new) at->second = decode_spec(spec).url;
  return at->second;
}

DeliveryRow delivery_from_row(const PgRows& rows, int row, int column, WebhookUrls& urls) {
  DeliveryRow out;
  out.id = DeliveryId{rows.integer(row, column)};
  out.event = EventId{rows.integer(row, column + 1)};
  out.webhook = WebhookId{rows.integer(row, column + 2)};
  out.webhook_url = urls.url_of(out.webhook.value, rows.text(row, column + 3));
  out.type = rows.text(row, column + 4);
  out.tenant = rows.text(row, column + 5);
  out.state = static_cast<DeliveryState>(rows.integer(row, column + 6));
  out.reason = rows.text(row, column + 7);
  out.attempts = static_cast<std::uint32_t>(rows.integer(row, column + 8));
  if (out.state == DeliveryState::kPending) out.next_attempt_at = from_unix_ms(rows.integer(row, column + 9));
  if (const auto ended = rows.optional_integer(row, column + 10)) out.ended_at = time_of_id(*ended);
  out.last_status_code = static_cast<std::uint16_t>(rows.integer(row, column + 11));
  out.last_error = static_cast<AttemptError>(rows.integer(row, column + 12));
  out.is_replay = !rows.is_null(row, column + 13);
  if (out.is_replay) out.replay_of = DeliveryId{rows.integer(row, column + 13)};
  return out;
}

PgStatement select_delivery(OrganizationId org, DeliveryId id) {
  static const std::string kSelect = std::string("SELECT ") + kPgDeliveryColumns + " FROM deliveries d" +
                                     kPgDeliveryJoins + " WHERE d.id = $1 AND d.organization_id = $2";
  PgStatement statement{kSelect.c_str(), {}};
  statement.params.add(id.value).add(org.value);
  return statement;
}

std::optional<DeliveryRow> selected_delivery(const PgRows& rows) {
  if (rows.empty()) return std::nullopt;
  WebhookUrls urls;
  return delivery_from_row(rows, 0, 0, urls);
}

PgStatement select_job(OrganizationId org, JobId id) {
  static const std::string kSelect =
      std::string("SELECT ") + kPgJobColumns + " FROM jobs j WHERE j.id = $1 AND j.organization_id = $2";
  PgStatement statement{kSelect.c_str(), {}};
  statement.params.add(id.value).add(org.value);
  return statement;
}

std::optional<JobRow> selected_job(const PgRows& rows) {
  return rows.empty() ? std::nullopt : std::optional(job_from_row(rows, 0));
}

PgStatement select_webhook(OrganizationId org, WebhookId id) {
  static const std::string kSelect = std::string("SELECT ") + kPgWebhookColumns +
                                     " FROM webhooks w WHERE w.id = $1 AND w.organization_id = $2 AND NOT w.deleted";
  PgStatement statement{kSelect.c_str(), {}};
  statement.params.add(id.value).add(org.value);
  return statement;
}

WebhookPtr selected_webhook(const PgRows& rows) {
  return rows.empty() ? nullptr : webhook_from_row(rows, 0);
}

ReadPoint read_point_of(std::string_view snapshot) {
  const char* at = snapshot.data();
  const char* const end = at + snapshot.size();
  const auto next = [&] {
    std::uint64_t number = 0;
    at = std::from_chars(at, end, number).ptr;
    if (at != end) ++at;  // the separator
    return number;
  };
  ReadPoint point;
  point.xmin = next();
  point.xmax = next();
  while (at != end) point.in_progress.push_back(next());
  return point;
}

PartitionSet partitions_of_bytes(std::string_view bytes) {
  PartitionSet partitions;
  for (std::size_t p = 0; p < partitions.size() && p / 8 < bytes.size(); ++p)
    partitions[p] = (static_cast<unsigned char>(bytes[p / 8]) >> p % 8 & 1) != 0;
  return partitions;
}

std::string bytes_of_partitions(const PartitionSet& partitions) {
  std::string bytes(partitions.size() / 8, '\0');
  for (std::size_t p = 0; p < partitions.size(); ++p)
    if (partitions[p]) bytes[p / 8] = static_cast<char>(static_cast<unsigned char>(bytes[p / 8]) | 1u << p % 8);
  return bytes;
}

std::vector<std::int16_t> partition_numbers(const PartitionSet& partitions) {
  std::vector<std::int16_t> numbers;
  for (std::size_t p = 0; p < partitions.size(); ++p)
    if (partitions[p]) numbers.push_back(static_cast<std::int16_t>(p));
  return numbers;
}

}  // namespace eventrelay
