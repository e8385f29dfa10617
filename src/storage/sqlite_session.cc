#include "storage/sqlite_session.h"

#include <cassert>

#include "base/limits.h"

namespace eventrelay {

PendingDelivery pending_from_row(const SqliteStatement& row) {
  PendingDelivery delivery;
  delivery.id = DeliveryId{row.integer(0)};
  delivery.organization = OrganizationId{row.integer(1)};
  delivery.webhook = WebhookId{row.integer(2)};
  delivery.event = EventId{row.integer(3)};
  delivery.sort_at = from_unix_ms(row.integer(4));
  delivery.due = from_unix_ms(row.integer(5));
  delivery.first_due = from_unix_ms(row.integer(6));
  delivery.attempts = static_cast<std::uint32_t>(row.integer(7));
  delivery.position = static_cast<std::uint32_t>(row.integer(8));
  delivery.manual = row.integer(9) != 0;
  return delivery;
}

WebhookPtr webhook_from_row(const SqliteStatement& row) {
  auto webhook = std::make_shared<Webhook>();
  webhook->id = WebhookId{row.integer(0)};
  webhook->organization = OrganizationId{row.integer(1)};
  webhook->deleted = row.integer(2) != 0;
  webhook->spec = decode_spec(row.text(3));
  webhook->secret.bytes = row.text(4);
  if (!row.is_null(5)) webhook->old_secret = Secret{std::string(row.text(5))};
  webhook->old_secret_until = from_unix_ms(row.integer(6));
  webhook->disabled_reason = static_cast<DisabledReason>(row.integer(7));
  if (!row.is_null(8)) webhook->failing_since = from_unix_ms(row.integer(8));
  webhook->updated_at = from_unix_ms(row.integer(9));
  return webhook;
}

ApiKey api_key_from_row(const SqliteStatement& row) {
  ApiKey key;
  key.id = ApiKeyId{row.integer(0)};
  key.organization = OrganizationId{row.integer(1)};
  key.name = row.text(2);
  key.scope = static_cast<Scope>(row.integer(3));
  key.hint = row.text(4);
  const std::string_view hash = row.text(5);
  std::copy_n(hash.begin(), std::min(hash.size(), key.hash.size()), reinterpret_cast<char*>(key.hash.data()));
  return key;
}

SqliteSession::SqliteSession(const std::string& path, int retention_days)
    : db_(path, SqliteDb::Mode::kWriter), retention_days_(retention_days) {}

void SqliteSession::load() {
  {
    auto row = db_.use("SELECT value FROM meta WHERE key = 'last_id'");
    if (row.step()) ids_ = IdGenerator(std::max(ids_.last(), row.integer(0)));
  }
  static const std::string kSelect = std::string("SELECT ") + kWebhookColumns + " FROM webhooks WHERE deleted = 0";
  auto rows = db_.use_text(kSelect);
  while (rows.step()) {
    index_.put(webhook_from_row(rows));
  }
  auto total = db_.use("SELECT coalesce(sum(pending), 0), (SELECT count(*) FROM count_notes) FROM gauges");
  if (!total.step()) return;
  pending_total_ = total.integer(0);
  notes_ = total.integer(1);
}

void SqliteSession::begin(WallTime now) {
  now_ = now;
  db_.use("BEGIN IMMEDIATE").run();
}

void SqliteSession::commit() {
  write_counters();
  db_.use("UPDATE meta SET value = ?1 WHERE key = 'last_id'").bind(ids_.last()).run();
  db_.use("COMMIT").run();
  for (const auto& [organization, delta] : deltas_) pending_total_ += delta.pending;
  committed_ = std::exchange(deltas_, {});
  replaced_.clear();
}

News SqliteSession::take_news() {
  news_.at = time();
  News news = std::exchange(news_, News{});
  news.webhooks.insert(news.webhooks.begin(), restored_.begin(), restored_.end());
  restored_.clear();
  return news;
}

void SqliteSession::rollback() {
  news_ = News{};
  deltas_.clear();
  // SQLite may have rolled back by itself.
  if (sqlite3_get_autocommit(db_.handle()) == 0) db_.use("ROLLBACK").run();
  // The version rose with the change and rises with its undoing: the loops are told twice, to count as far.
  for (auto webhook = replaced_.rbegin(); webhook != replaced_.rend(); ++webhook) {
    index_.put(*webhook);
    restored_.insert(restored_.end(), 2, *webhook);
  }
  replaced_.clear();
  type_ids_.clear();
  tenant_ids_.clear();
}

std::int64_t SqliteSession::name_id(const char* select, const char* insert, OrganizationId organization,
                                    const std::string& name, std::unordered_map<std::string, std::int64_t>& cache) {
  if (name.empty()) return 0;
  const std::string key = std::to_string(organization.value) + "/" + name;
  if (const auto found = cache.find(key); found != cache.end()) return found->second;
  if (cache.size() >= kNamesCachedMax) cache.clear();
  {
    auto row = db_.use(select);
    row.bind(organization.value).bind(name);
    if (row.step()) return cache[key] = row.integer(0);
  }
  db_.use(insert).bind(organization.value).bind(name).run();
  return cache[key] = sqlite3_last_insert_rowid(db_.handle());
}

std::int64_t SqliteSession::type_id(OrganizationId organization, const std::string& name) {
  return name_id("SELECT id FROM event_types WHERE organization_id = ?1 AND name = ?2",
                 "INSERT INTO event_types (organization_id, name) VALUES (?1, ?2)", organization, name, type_ids_);
}

std::int64_t SqliteSession::tenant_id(OrganizationId organization, const std::string& name) {
  return name_id("SELECT id FROM tenants WHERE organization_id = ?1 AND name = ?2",
                 "INSERT INTO tenants (organization_id, name) VALUES (?1, ?2)", organization, name, tenant_ids_);
}

WebhookPtr SqliteSession::find_webhook(OrganizationId organization, WebhookId id) const {
  WebhookPtr webhook = index_.find(id);
  return webhook && webhook->organization == organization ? webhook : nullptr;
}

}  // namespace eventrelay
