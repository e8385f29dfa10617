// Lists and single views of webhooks, jobs and keys.
#include "storage/list_rules.h"
#include "storage/sqlite_queries.h"
#include "storage/sqlite_rows.h"
#include "storage/sqlite_session.h"

namespace eventrelay::sqlite_queries {

namespace {

constexpr const char* kJobColumns = "id, kind, state, done, total, rate, error, ended_ms";

JobRow job_from_row(const SqliteStatement& row) {
  JobRow job;
  job.id = JobId{row.integer(0)};
  job.kind = static_cast<JobKind>(row.integer(1));
  job.state = static_cast<JobState>(row.integer(2));
  job.done = row.integer(3);
  job.total = row.integer(4);
  job.rate = static_cast<std::uint32_t>(row.integer(5));
  job.error = row.text(6);
  if (!row.is_null(7)) job.ended_at = from_unix_ms(row.integer(7));
  return job;
}

}  // namespace

Result<Page<WebhookPtr>> list_webhooks(SqliteDb& db, OrganizationId org, PageRequest request) {
  static const std::string kSelect = std::string("SELECT ") + kWebhookColumns +
                                     " FROM webhooks WHERE organization_id = ?1 AND deleted = 0 AND id < ?2"
                                     " ORDER BY id DESC LIMIT ?3";
  auto rows = db.use_text(kSelect);
  rows.bind(org.value).bind(below(request)).bind(static_cast<std::int64_t>(request.limit) + 1);
  return read_page<WebhookPtr>(
      rows, request.limit, [](const SqliteStatement& row) { return webhook_from_row(row); },
      [](const WebhookPtr& w) { return w->id.value; });
}

Result<WebhookPtr> get_webhook(SqliteDb& db, OrganizationId org, WebhookId id) {
  static const std::string kSelect = std::string("SELECT ") + kWebhookColumns +
                                     " FROM webhooks WHERE organization_id = ?1 AND deleted = 0 AND id = ?2";
  auto row = db.use_text(kSelect);
  row.bind(org.value).bind(id.value);
  if (!row.step()) return no_such("webhook");
  return webhook_from_row(row);
}

Result<Page<JobRow>> list_jobs(SqliteDb& db, OrganizationId org, PageRequest request) {
  static const std::string kSelect = std::string("SELECT ") + kJobColumns +
                                     " FROM jobs WHERE organization_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
  auto rows = db.use_text(kSelect);
  rows.bind(org.value).bind(below(request)).bind(static_cast<std::int64_t>(request.limit) + 1);
  return read_page<JobRow>(
      rows, request.limit, [](const SqliteStatement& row) { return job_from_row(row); },
      [](const JobRow& job) { return job.id.value; });
}

Result<JobRow> get_job(SqliteDb& db, OrganizationId org, JobId id) {
  static const std::string kSelect =
      std::string("SELECT ") + kJobColumns + " FROM jobs WHERE organization_id = ?1 AND id = ?2";
  auto row = db.use_text(kSelect);
  row.bind(org.value).bind(id.value);
  if (!row.step()) return no_such("job");
  return job_from_row(row);
}

Result<Page<ApiKey>> list_api_keys(SqliteDb& db, OrganizationId org, PageRequest request) {
  auto rows = db.use(
      "SELECT id, organization_id, name, scope, hint, hash FROM api_keys WHERE organization_id = ?1 AND id < ?2"
      " ORDER BY id DESC LIMIT ?3");
  rows.bind(org.value).bind(below(request)).bind(static_cast<std::int64_t>(request.limit) + 1);
  return read_page<ApiKey>(
      rows, request.limit, [](const SqliteStatement& row) { return api_key_from_row(row); },
      [](const ApiKey& key) { return key.id.value; });
}

}  // namespace eventrelay::sqlite_queries
