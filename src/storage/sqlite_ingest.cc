// Events in: keys, matching, rows.
#include <cstring>

#include "domain/message.h"
#include "storage/sqlite_session.h"
#include "storage/store_errors.h"

namespace eventrelay {

namespace {

constexpr std::size_t kAnswerEntryBytes = 12;  // an id and a count, in the machine's order

std::string encode_answer(const IngestResult& result) {
  std::string out;
  for (const IngestedEvent& event : result.events) {
    char entry[kAnswerEntryBytes];
    std::memcpy(entry, &event.id.value, 8);
    std::memcpy(entry + 8, &event.deliveries, 4);
    out.append(entry, sizeof entry);
  }
  return out;
}

IngestResult decode_kept_answer(std::string_view bytes) {
  IngestResult result;
  result.duplicate = true;
  for (std::size_t at = 0; at + kAnswerEntryBytes <= bytes.size(); at += kAnswerEntryBytes) {
    IngestedEvent event;
    std::memcpy(&event.id.value, bytes.data() + at, 8);
    std::memcpy(&event.deliveries, bytes.data() + at + 8, 4);
    event.created_at = time_of_id(event.id.value);
    result.events.push_back(event);
  }
  return result;
}

}  // namespace

Result<IngestResult> SqliteSession::apply(IngestIntent& intent) {
  if (auto earlier = resolve_key(intent)) return *std::move(earlier);
  if (auto settled = settle_targets(intent); !settled) return settled.error();
  IngestResult result;
  result.events.reserve(intent.events.size());
  const std::size_t before = news_.pending.size();
  for (const NewEvent& event : intent.events) result.events.push_back(insert_event(intent.organization, event));
  for (std::size_t i = before; i < news_.pending.size(); ++i) news_.pending[i].is_test = intent.targets_fixed;
  if (intent.key) store_key(intent, result);
  if (intent.audit) write_audit(*intent.audit);
  return result;
}

/// nullopt: no key, or a new one.
std::optional<Result<IngestResult>> SqliteSession::resolve_key(const IngestIntent& intent) {
  if (!intent.key) return std::nullopt;
  auto row = db_.use(
      "SELECT fingerprint, answer FROM idempotency_keys WHERE organization_id = ?1 AND route = ?2 AND key = ?3");
  row.bind(intent.organization.value).bind(intent.key->route).bind(intent.key->key);
  if (!row.step()) return std::nullopt;
  if (row.text(0) != as_bytes(intent.key->fingerprint)) return key_reused();
  return decode_kept_answer(row.text(1));
}

Result<void> SqliteSession::settle_targets(IngestIntent& intent) {
  const bool moved = intent.catalog_version != index_.version(intent.organization);
  std::size_t deliveries = 0;
  for (NewEvent& event : intent.events) {
    if (intent.targets_fixed) {
      for (const WebhookId id : event.targets)
        if (!find_webhook(intent.organization, id)) return no_such("webhook");
    } else if (moved) {
      event.targets = index_.match(intent.organization, event.type, event.tenant);
    }
    deliveries += event.targets.size();
  }
  if (deliveries > kTargetsPerCommitItemMax)
    return Error{ErrorCode::kTooLarge, "The events match more webhooks than one request may deliver to", {}};
  return {};
}

IngestedEvent SqliteSession::insert_event(OrganizationId organization, const NewEvent& event) {
  IngestedEvent result;
  result.id = EventId{next_id()};
  result.created_at = time_of_id(result.id.value);
  result.deliveries = static_cast<std::uint32_t>(event.targets.size());
  const bool later = event.deliver_at && *event.deliver_at > result.created_at;
  const WallTime due = later ? *event.deliver_at : result.created_at;
  const std::int64_t type = type_id(organization, event.type);
  const std::int64_t tenant = tenant_id(organization, event.tenant);
  {
    auto insert = db_.use(
        "INSERT INTO events (id, organization_id, type_id, tenant_id, delivery_count, deliver_at_ms, metadata, payload)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    insert.bind(result.id.value).bind(organization.value).bind(type).bind(tenant);
    insert.bind(std::int64_t{result.deliveries});
    insert.bind(later ? std::optional(unix_ms(due)) : std::nullopt).bind(event.metadata).bind(event.payload);
    insert.run();
  }
  const MessagePtr message = event.targets.empty() ? nullptr : make_message(result.id, event.type, event.payload);
  insert_deliveries(organization, result.id, event.targets, due, type, tenant, message);
  delta(organization).note.add(kWholeOrganization, event.targets.empty() ? kCountUnmatched : kCountEvent);
  return result;
}

void SqliteSession::insert_deliveries(OrganizationId organization, EventId event,
                                      const std::vector<WebhookId>& webhooks, WallTime due, std::int64_t type,
                                      std::int64_t tenant, const MessagePtr& message) {
  CounterDelta& counted = delta(organization);
  for (const WebhookId webhook : webhooks) {
    PendingDelivery delivery{.id = DeliveryId{next_id()},
                             .organization = organization,
                             .webhook = webhook,
                             .event = event,
                             .sort_at = due,
                             .due = due,
                             .first_due = due,
                             .message = message};
    const std::int64_t due_ms = unix_ms(due);
    db_.use(
           "INSERT INTO deliveries (id, organization_id, event_id, webhook_id, type_id, tenant_id, first_due_ms, "
           "due_ms,"
           " sort_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7)")
        .bind(delivery.id.value)
        .bind(organization.value)
        .bind(event.value)
        .bind(webhook.value)
        .bind(type)
        .bind(tenant)
        .bind(due_ms)
        .run();
    news_.pending.push_back(std::move(delivery));
    counted.note.add(webhook, kCountDelivery);
  }
  counted.pending += static_cast<std::int64_t>(webhooks.size());
}

void SqliteSession::store_key(const IngestIntent& intent, const IngestResult& result) {
  const std::string answer = encode_answer(result);
  db_.use("INSERT INTO idempotency_keys VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(intent.organization.value)
      .bind(intent.key->route)
      .bind(intent.key->key)
      .bind_blob(as_bytes(intent.key->fingerprint))
      .bind_blob(answer)
      .bind(unix_ms(time()))
      .run();
}

}  // namespace eventrelay
