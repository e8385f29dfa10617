#include "storage/sqlite_ingest.h"

#include <cassert>
#include <cstring>

#include "base/limits.h"

namespace eventrelay {
namespace {

/// An event that is due later than this is read from the store when its time comes.
constexpr auto kMessageKeptFor = kRetryHorizon;

std::string encode_answer(const std::vector<IngestedEvent>& events) {
  std::string out;
  for (const IngestedEvent& event : events) {
    const std::int64_t pair[] = {event.id.value, event.deliveries};
    out.append(reinterpret_cast<const char*>(pair), sizeof pair);
  }
  return out;
}

std::vector<IngestedEvent> decode_answer(std::string_view bytes) {
  std::vector<IngestedEvent> events;
  std::int64_t pair[2];
  for (; bytes.size() >= sizeof pair; bytes.remove_prefix(sizeof pair)) {
    std::memcpy(pair, bytes.data(), sizeof pair);
    events.push_back({EventId{pair[0]}, time_of_id(pair[0]), static_cast<std::uint32_t>(pair[1])});
  }
  return events;
}

/// The first answer of the key; nullopt when it is new.
std::optional<Result<IngestResult>> known_answer(Database& db, OrganizationId organization,
                                                 const IdempotencyClaim& claim) {
  Query query = db.query(
      "SELECT fingerprint, answer FROM idempotency_keys WHERE organization_id = ? AND route = ? AND key = ?");
  if (!query.bind(organization, claim.route, claim.key).step()) return std::nullopt;
  if (query.text(0) != as_bytes(claim.fingerprint)) {
    return Error{ErrorCode::kKeyReused, "The idempotency key came before with another body", {}};
  }
  return IngestResult{true, decode_answer(query.text(1))};
}

void store_answer(WriteContext& context, OrganizationId organization, const IdempotencyClaim& claim,
                  const IngestResult& result) {
  const std::string answer = encode_answer(result.events);
  context.db
      .query("INSERT INTO idempotency_keys (organization_id, route, key, fingerprint, created_id, answer)"
             " VALUES (?, ?, ?, ?, ?, ?)")
      .bind(organization, claim.route, claim.key, Blob{as_bytes(claim.fingerprint)}, context.next_id(), Blob{answer})
      .run();
}

/// Whom the events go to, where that is no longer what the intent says.
struct Targets {
  std::vector<std::vector<WebhookId>> matched;  ///< empty: the intent's own
  const std::vector<WebhookId>& of(const IngestIntent& intent, std::size_t i) const {
    return matched.empty() ? intent.events[i].targets : matched[i];
  }
};

Result<Targets> resolve_targets(const WriteContext& context, const IngestIntent& intent) {
  Targets targets;
  if (intent.targets_fixed) {
    for (const NewEvent& event : intent.events) {
      for (WebhookId id : event.targets) {
        if (!context.find_webhook(intent.organization, id)) return Error{ErrorCode::kNotFound, "No such webhook", {}};
      }
    }
  } else if (intent.catalog_version != context.webhooks.version(intent.organization)) {
    for (const NewEvent& event : intent.events) {
      targets.matched.push_back(context.webhooks.match(intent.organization, event.type, event.tenant));
    }
  }
  std::size_t deliveries = 0;
  for (std::size_t i = 0; i < intent.events.size(); ++i) deliveries += targets.of(intent, i).size();
  if (deliveries > kTargetsPerCommitItemMax) {
    return Error{ErrorCode::kTooLarge, "The events match more webhooks than one request may deliver to", {}};
  }
  return targets;
}

void insert_event(Database& db, OrganizationId organization, EventId id, const NewEvent& event, std::int64_t type_id,
                  std::int64_t tenant_id, std::size_t deliveries, std::optional<WallTime> deliver_at) {
  db.query("INSERT INTO events (id, organization_id, type_id, tenant_id, original_count, replay_count, deliver_at_ms,"
           " metadata, payload) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)")
      .bind(id, organization, type_id, tenant_id, deliveries, deliver_at, event.metadata, event.payload)
      .run();
}

IngestedEvent ingest_one(WriteContext& context, OrganizationId organization, const NewEvent& event,
                         const std::vector<WebhookId>& targets) {
  const EventId id{context.next_id()};
  const std::int64_t type_id = context.event_types.id_of(context.db, organization, event.type);
  const std::int64_t tenant_id = context.tenants.id_of(context.db, organization, event.tenant);
  std::optional<WallTime> deliver_at = event.deliver_at;
  if (deliver_at && *deliver_at <= context.now) deliver_at.reset();
  insert_event(context.db, organization, id, event, type_id, tenant_id, targets.size(), deliver_at);

  NewDelivery delivery;
  delivery.event = id;
  delivery.type_id = type_id;
  delivery.tenant_id = tenant_id;
  delivery.due = deliver_at.value_or(context.now);
  if (!targets.empty() && delivery.due <= context.now + kMessageKeptFor) {
    delivery.message = make_message(id, event.type, event.payload);
  }
  for (WebhookId target : targets) {
    delivery.webhook = context.webhooks.find(target);
    assert(delivery.webhook);
    delivery.id = DeliveryId{context.next_id()};
    insert_delivery(context, delivery);
  }
  Tally& tally = context.tally(organization);
  tally.counters.events += 1;
  tally.counters.unmatched += targets.empty() ? 1 : 0;
  return {id, time_of_id(id.value), static_cast<std::uint32_t>(targets.size())};
}

}  // namespace

void insert_delivery(WriteContext& context, const NewDelivery& d) {
  const Webhook& webhook = *d.webhook;
  // ended_id and last_status: as wide as what the end will write there.
  context.db
      .query("INSERT INTO deliveries (id, organization_id, event_id, webhook_id, type_id, tenant_id, state, attempts,"
             " position, manual, first_due_ms, due_ms, sort_at_ms, ended_id, last_status, last_error, reason, replay_of)"
             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, 0, ?7, ?7, ?7, ?1, 999, 0, NULL, ?8)")
      .bind(d.id, webhook.organization, d.event, webhook.id, d.type_id, d.tenant_id, d.due, d.replay_of)
      .run();
  PendingDelivery pending;
  pending.id = d.id;
  pending.organization = webhook.organization;
  pending.webhook = webhook.id;
  pending.event = d.event;
  pending.sort_at = pending.due = pending.first_due = d.due;
  pending.message = d.message;
  context.news.pending.push_back(std::move(pending));
  Tally& tally = context.tally(webhook.organization);
  tally.counters.deliveries += 1;
  tally.pending += 1;
}

Result<IngestResult> apply_ingest(WriteContext& context, const IngestIntent& intent) {
  if (intent.key) {
    if (auto answer = known_answer(context.db, intent.organization, *intent.key)) return std::move(*answer);
  }
  const auto targets = resolve_targets(context, intent);
  if (!targets) return targets.error();
  IngestResult result;
  result.events.reserve(intent.events.size());
  for (std::size_t i = 0; i < intent.events.size(); ++i) {
    result.events.push_back(ingest_one(context, intent.organization, intent.events[i], targets->of(intent, i)));
  }
  if (intent.key) store_answer(context, intent.organization, *intent.key, result);
  return result;
}

std::int64_t expire_idempotency_keys(WriteContext& context, WallTime before, std::size_t limit) {
  context.db
      .query("DELETE FROM idempotency_keys WHERE (organization_id, route, key) IN"
             " (SELECT organization_id, route, key FROM idempotency_keys WHERE created_id < ? ORDER BY created_id"
             " LIMIT ?)")
      .bind(first_id_at(before), limit)
      .run();
  return context.db.changes();
}

}  // namespace eventrelay
