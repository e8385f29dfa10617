// Changes by people: webhooks, keys, single deliveries, replays of events.
#include <cassert>

#include "storage/people_rules.h"
#include "storage/sqlite_people.h"
#include "storage/sqlite_queries.h"
#include "storage/sqlite_rows.h"
#include "storage/sqlite_session.h"

namespace eventrelay {

namespace {

ChangeResult changed(WebhookPtr webhook) {
  ChangeResult result;
  result.id = webhook->id.value;
  result.webhook = std::move(webhook);
  return result;
}

ChangeResult changed(SqliteDb& db, OrganizationId organization, DeliveryId id) {
  ChangeResult result{.id = id.value, .count = 1};
  auto row = sqlite_queries::find_delivery_row(db, organization, id.value);
  if (row) result.delivery = std::make_shared<const DeliveryRow>(std::move(*row));
  return result;
}

/// What the audit names where its entry does not.
std::string made_by(const Change& change, const ChangeResult& result) {
  if (std::holds_alternative<CreateWebhook>(change)) return to_text(WebhookId{result.id});
  if (std::holds_alternative<CreateApiKey>(change)) return to_text(ApiKeyId{result.id});
  return "";
}

}  // namespace

void SqliteSession::write_audit(AuditEntry entry, std::string made) {
  SqlitePeople people(db_, ids_, now_);
  people.write_audit(completed(std::move(entry), {}, std::move(made)));
}

Result<PeopleResult> SqliteSession::apply(const PeopleChange& change) {
  db_.use("SAVEPOINT people").run();
  SqlitePeople people(db_, ids_, time());
  auto result = people.apply(change);
  if (result && change.audit) people.write_audit(*change.audit);
  if (!result) db_.use("ROLLBACK TO people").run();
  db_.use("RELEASE people").run();
  return result;
}

Result<ChangeResult> SqliteSession::apply(Change& change) {
  // A change may fail halfway: it then leaves nothing.
  db_.use("SAVEPOINT change").run();
  auto result = std::visit([this](const auto& one) { return apply_one(one); }, change);
  if (const auto* cancelled = std::get_if<CancelJob>(&change); cancelled && result) {
    if (auto job = sqlite_queries::get_job(db_, cancelled->organization, cancelled->id))
      result->job = std::make_shared<const JobRow>(std::move(*job));
  }
  if (result && change.audit) write_audit(*change.audit, made_by(change, *result));
  if (!result) db_.use("ROLLBACK TO change").run();
  db_.use("RELEASE change").run();
  return result;
}

// ---- Webhooks ----------------------------------------------------------------------------------------------------

void SqliteSession::write_webhook(const Webhook& webhook) {
  const std::string spec = encode_spec(webhook.spec);
  auto insert = db_.use(
      "INSERT INTO webhooks (id, organization_id, deleted, spec, secret, old_secret, old_secret_until_ms,"
      " disabled_reason, updated_ms, failing_since_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
      " ON CONFLICT (id) DO UPDATE SET deleted = ?3, spec = ?4, secret = ?5, old_secret = ?6, old_secret_until_ms = ?7,"
      " disabled_reason = ?8, updated_ms = ?9, failing_since_ms = ?10");
  insert.bind(webhook.id.value).bind(webhook.organization.value).bind(std::int64_t{webhook.deleted}).bind(spec);
  insert.bind_blob(webhook.secret.bytes);
  if (webhook.old_secret) {
    insert.bind_blob(webhook.old_secret->bytes);
  } else {
    insert.bind_null();
  }
  insert.bind(unix_ms(webhook.old_secret_until)).bind(static_cast<std::int64_t>(webhook.disabled_reason));
  insert.bind(unix_ms(webhook.updated_at));
  insert.bind(webhook.failing_since ? std::optional(unix_ms(*webhook.failing_since)) : std::nullopt);
  insert.run();
}

void SqliteSession::publish(Webhook webhook) {
  write_webhook(webhook);
  auto shared = std::make_shared<const Webhook>(std::move(webhook));
  WebhookPtr old = index_.find(shared->id);
  if (!old) {
    auto none = std::make_shared<Webhook>(*shared);
    none->deleted = true;
    old = std::move(none);
  }
  replaced_.push_back(std::move(old));
  index_.put(shared);
  news_.webhooks.push_back(std::move(shared));
}

Result<ChangeResult> SqliteSession::apply_one(const CreateWebhook& change) {
  Webhook webhook;
  webhook.id = WebhookId{next_id()};
  webhook.organization = change.organization;
  webhook.spec = change.spec;
  webhook.secret = change.secret;
  if (!webhook.spec.enabled) webhook.disabled_reason = DisabledReason::kByUser;
  webhook.updated_at = time_of_id(webhook.id.value);
  const WebhookId id = webhook.id;
  publish(std::move(webhook));
  return changed(index_.find(id));
}

Result<ChangeResult> SqliteSession::apply_one(const UpdateWebhook& change) {
  const WebhookPtr current = find_webhook(change.organization, change.id);
  if (!current) return no_such("webhook");
  Webhook next = patched(*current, change.patch, time());
  if (auto faults = webhook_faults(next.spec); !faults.empty())
    return Error{ErrorCode::kInvalid, "The webhook would not be valid", std::move(faults)};
  if (next.spec.ordered != current->spec.ordered) {
    if (auto moved = reorder(next); !moved) return moved.error();
  }
  publish(std::move(next));
  return changed(index_.find(change.id));
}

/// Gives what is pending its place under the other rule of order.
Result<void> SqliteSession::reorder(const Webhook& webhook) {
  std::int64_t pending = 0;
  {
    auto count =
        db_.use("SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE webhook_id = ?1 AND state = 0 LIMIT ?2)");
    count.bind(webhook.id.value).bind(std::int64_t{kJobSliceRows} + 1);
    if (count.step()) pending = count.integer(0);
  }
  if (pending > std::int64_t{kJobSliceRows})
    return conflict("`ordered` cannot be changed while more than " + std::to_string(kJobSliceRows) +
                    " deliveries are pending");
  const char* sql = webhook.spec.ordered
                        ? "UPDATE deliveries SET sort_at_ms = first_due_ms WHERE webhook_id = ?1 AND state = 0"
                        : "UPDATE deliveries SET sort_at_ms = CASE manual WHEN 1 THEN first_due_ms ELSE due_ms END"
                          " WHERE webhook_id = ?1 AND state = 0";
  db_.use(sql).bind(webhook.id.value).run();
  return {};
}

Result<ChangeResult> SqliteSession::apply_one(const DeleteWebhook& change) {
  const WebhookPtr current = find_webhook(change.organization, change.id);
  if (!current) return no_such("webhook");
  Webhook deleted = *current;
  deleted.deleted = true;
  deleted.updated_at = time();
  publish(deleted);
  ChangeResult result;
  result.id = change.id.value;
  result.webhook = std::make_shared<const Webhook>(std::move(deleted));
  std::int64_t pending = 0;
  {
    auto any = db_.use("SELECT 1 FROM deliveries WHERE webhook_id = ?1 AND state = 0 LIMIT 1");
    any.bind(change.id.value);
    if (any.step()) pending = 1;
  }
  // Also an attempt under way may leave something pending; it is among what is pending now.
  if (pending != 0) {
    DeliveryFilter filter;
    filter.webhook = change.id;
    insert_job(change.organization, JobKind::kCancelPending, filter, 0, 0, 0);
  }
  return result;
}

Result<ChangeResult> SqliteSession::apply_one(const RotateSecret& change) {
  const WebhookPtr current = find_webhook(change.organization, change.id);
  if (!current) return no_such("webhook");
  Webhook next = *current;
  next.old_secret = current->secret;
  next.old_secret_until = time() + milliseconds(kSecretOverlap);
  next.secret = change.secret;
  next.updated_at = time();
  publish(std::move(next));
  return changed(index_.find(change.id));
}

// ---- Deliveries --------------------------------------------------------------------------------------------------

std::optional<std::pair<PendingDelivery, DeliveryState>> SqliteSession::find_delivery(OrganizationId organization,
                                                                                      DeliveryId id) {
  static const std::string kSelect =
      std::string("SELECT ") + kPendingColumns + " FROM deliveries WHERE id = ?1 AND organization_id = ?2";
  auto row = db_.use_text(kSelect);
  row.bind(id.value).bind(organization.value);
  if (!row.step()) return std::nullopt;
  return std::pair(pending_from_row(row), static_cast<DeliveryState>(row.integer(10)));
}

/// A dead delivery begins its schedule again, in its old place where the webhook is ordered.
void SqliteSession::reopen(PendingDelivery delivery) {
  const WebhookPtr webhook = index_.find(delivery.webhook);
  delivery.due = time();
  delivery.sort_at = webhook && webhook->spec.ordered ? delivery.first_due : delivery.due;
  delivery.position = 0;
  delivery.manual = false;
  db_.use(
         "UPDATE deliveries SET state = 0, position = 0, manual = 0, due_ms = ?2, sort_at_ms = ?3, reason = '',"
         " ended_id = NULL WHERE id = ?1")
      .bind(delivery.id.value)
      .bind(unix_ms(delivery.due))
      .bind(unix_ms(delivery.sort_at))
      .run();
  delta(delivery.organization).pending += 1;
  delta(delivery.organization).dead -= 1;
  news_.pending.push_back(std::move(delivery));
}

void SqliteSession::cancel(const PendingDelivery& delivery, DeliveryState from, std::string_view reason) {
  db_.use("UPDATE deliveries SET state = 3, manual = 0, reason = ?2, ended_id = ?3 WHERE id = ?1")
      .bind(delivery.id.value)
      .bind(reason)
      .bind(next_id())
      .run();
  CounterDelta& counted = delta(delivery.organization);
  counted.note.add(delivery.webhook, kCountCancelled);
  (from == DeliveryState::kDead ? counted.dead : counted.pending) -= 1;
  if (from == DeliveryState::kPending) news_.cancelled.push_back({delivery.webhook, delivery.id});
}

Result<ChangeResult> SqliteSession::apply_one(const RetryDelivery& change) {
  auto found = find_delivery(change.organization, change.id);
  if (!found) return no_such("delivery");
  auto& [delivery, state] = *found;
  const WebhookPtr webhook = index_.find(delivery.webhook);
  if (!webhook) return conflict("The delivery's webhook is deleted");
  if (state == DeliveryState::kDead) {
    reopen(std::move(delivery));
    return changed(db_, change.organization, change.id);
  }
  if (state != DeliveryState::kPending)
    return conflict("The delivery is " + std::string(to_text(state)) + "; only pending and dead ones can be retried");
  delivery.manual = true;
  if (!webhook->spec.ordered) delivery.sort_at = std::min(delivery.sort_at, time());
  db_.use("UPDATE deliveries SET manual = 1, sort_at_ms = ?2 WHERE id = ?1")
      .bind(delivery.id.value)
      .bind(unix_ms(delivery.sort_at))
      .run();
  news_.pending.push_back(std::move(delivery));
  return changed(db_, change.organization, change.id);
}

Result<ChangeResult> SqliteSession::apply_one(const CancelDelivery& change) {
  const auto found = find_delivery(change.organization, change.id);
  if (!found) return no_such("delivery");
  if (found->second != DeliveryState::kPending)
    return conflict("The delivery is " + std::string(to_text(found->second)) + "; only pending ones can be cancelled");
  cancel(found->first, DeliveryState::kPending, "cancelled_by_user");
  return changed(db_, change.organization, change.id);
}

Result<ChangeResult> SqliteSession::apply_one(const ReplayDead& change) {
  auto found = find_delivery(change.organization, change.id);
  if (!found) return no_such("delivery");
  if (found->second != DeliveryState::kDead) return conflict("The delivery is not in the dead letter queue");
  if (!index_.find(found->first.webhook)) return conflict("The delivery's webhook is deleted");
  reopen(std::move(found->first));
  return changed(db_, change.organization, change.id);
}

Result<ChangeResult> SqliteSession::apply_one(const PurgeDead& change) {
  const auto found = find_delivery(change.organization, change.id);
  if (!found) return no_such("delivery");
  if (found->second != DeliveryState::kDead) return conflict("The delivery is not in the dead letter queue");
  cancel(found->first, DeliveryState::kDead, "purged");
  return ChangeResult{.id = change.id.value, .count = 1};
}

// ---- Replays of events -------------------------------------------------------------------------------------------

Result<ChangeResult> SqliteSession::apply_one(const ReplayEvent& change) {
  std::string type_name;
  std::string tenant_name;
  std::int64_t type = 0;
  std::int64_t tenant = 0;
  {
    auto row = db_.use(
        "SELECT e.type_id, e.tenant_id, t.name, coalesce(n.name, '') FROM events e JOIN event_types t ON t.id = "
        "e.type_id"
        " LEFT JOIN tenants n ON n.id = e.tenant_id WHERE e.id = ?1 AND e.organization_id = ?2");
    row.bind(change.id.value).bind(change.organization.value);
    if (!row.step()) return no_such("event");
    type = row.integer(0);
    tenant = row.integer(1);
    type_name = row.text(2);
    tenant_name = row.text(3);
  }
  // The latest delivery of this event at each webhook that it went to.
  std::map<WebhookId, std::int64_t> earlier;
  {
    auto rows = db_.use(
        "SELECT d.webhook_id, d.id FROM deliveries d, events e WHERE e.id = ?1"
        " AND d.id > ?1 AND d.id <= ?1 + e.delivery_count AND d.event_id = ?1"
        " UNION ALL SELECT webhook_id, id FROM deliveries WHERE event_id = ?1 AND replay_of IS NOT NULL");
    rows.bind(change.id.value);
    while (rows.step()) {
      std::int64_t& latest = earlier[WebhookId{rows.integer(0)}];
      latest = std::max(latest, rows.integer(1));
    }
  }
  std::vector<WebhookId> targets = change.webhooks;
  std::vector<FieldError> faults;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (find_webhook(change.organization, targets[i])) continue;
    faults.push_back({"webhook_ids[" + std::to_string(i) + "]", "is not a webhook"});
  }
  if (!faults.empty()) return Error{ErrorCode::kInvalid, "Some webhooks do not exist", std::move(faults)};
  if (targets.empty()) {
    for (const auto& [webhook, delivery] : earlier)
      if (find_webhook(change.organization, webhook)) targets.push_back(webhook);
    if (earlier.empty()) targets = index_.match(change.organization, type_name, tenant_name);
  }
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  if (targets.size() > kTargetsPerCommitItemMax)
    return Error{ErrorCode::kTooLarge, "The event matches more webhooks than one request may deliver to", {}};

  const WallTime due = time();
  const std::size_t first = news_.pending.size();
  insert_deliveries(change.organization, change.id, targets, due, type, tenant, nullptr);
  for (std::size_t i = first; i < news_.pending.size(); ++i) {
    const PendingDelivery& made = news_.pending[i];
    const auto latest = earlier.find(made.webhook);
    db_.use("UPDATE deliveries SET replay_of = ?2 WHERE id = ?1")
        .bind(made.id.value)
        .bind(latest == earlier.end() ? std::int64_t{0} : latest->second)
        .run();
  }
  const auto count = static_cast<std::int64_t>(targets.size());
  db_.use("UPDATE events SET replay_count = replay_count + ?2 WHERE id = ?1").bind(change.id.value).bind(count).run();
  return ChangeResult{.id = change.id.value, .count = count};
}

// ---- Keys --------------------------------------------------------------------------------------------------------

Result<ChangeResult> SqliteSession::apply_one(const CreateApiKey& change) {
  ApiKey key = change.key;
  {
    auto same = db_.use("SELECT 1 FROM api_keys WHERE hash = ?1");
    same.bind_blob(as_bytes(key.hash));
    if (same.step()) return conflict("This key exists already");
  }
  key.id = ApiKeyId{next_id()};
  db_.use("INSERT INTO api_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(key.id.value)
      .bind(key.organization.value)
      .bind(key.name)
      .bind(static_cast<std::int64_t>(key.scope))
      .bind_blob(as_bytes(key.hash))
      .bind(key.hint)
      .run();
  ChangeResult result;
  result.id = key.id.value;
  news_.keys.push_back({std::move(key), false});
  return result;
}

Result<ChangeResult> SqliteSession::apply_one(const DeleteApiKey& change) {
  ApiKey key;
  {
    auto row = db_.use(
        "SELECT id, organization_id, name, scope, hint, hash FROM api_keys WHERE id = ?1 AND organization_id = ?2");
    row.bind(change.id.value).bind(change.organization.value);
    if (!row.step()) return no_such("key");
    key = api_key_from_row(row);
  }
  db_.use("DELETE FROM api_keys WHERE id = ?1").bind(change.id.value).run();
  news_.keys.push_back({std::move(key), true});
  return ChangeResult{.id = change.id.value};
}

Result<ChangeResult> SqliteSession::apply_one(const ExpireKeys& change) {
  db_.use(
         "DELETE FROM idempotency_keys WHERE (organization_id, route, key) IN (SELECT organization_id, route, key"
         " FROM idempotency_keys WHERE created_ms < ?1 ORDER BY created_ms LIMIT ?2)")
      .bind(unix_ms(change.before))
      .bind(std::int64_t{kJobSliceRows})
      .run();
  ChangeResult result{.count = db_.changes()};
  result.more = result.count >= std::int64_t{kJobSliceRows};
  fold_counts();
  if (drop_old_rollups()) result.more = true;
  if (SqlitePeople(db_, ids_, time()).expire()) result.more = true;
  if (retire()) result.more = true;
  return result;
}

}  // namespace eventrelay
