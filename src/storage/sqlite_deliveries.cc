#include "storage/sqlite_deliveries.h"

#include <cassert>

namespace eventrelay {
namespace {

Error no_delivery() { return Error{ErrorCode::kNotFound, "No such delivery", {}}; }
Error conflict(std::string message) { return Error{ErrorCode::kConflict, std::move(message), {}}; }

void insert_dead(Database& db, const DeliveryRecord& row) {
  db.query("INSERT INTO dead_deliveries (delivery_id, organization_id, webhook_id, event_id, type_id, tenant_id, ended_id)"
           " VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(row.id, row.organization, row.webhook, row.event, row.type_id, row.tenant_id, row.ended_id)
      .run();
}

void delete_dead(Database& db, DeliveryId id) {
  db.query("DELETE FROM dead_deliveries WHERE delivery_id = ?").bind(id).run();
}

void insert_cancelled(Database& db, const DeliveryRecord& row) {
  db.query("INSERT INTO cancelled_deliveries (delivery_id, organization_id, event_id) VALUES (?, ?, ?)")
      .bind(row.id, row.organization, row.event)
      .run();
}

}  // namespace

std::optional<DeliveryRecord> load_delivery(Database& db, OrganizationId organization, DeliveryId id) {
  Query query = db.query(
      "SELECT event_id, webhook_id, type_id, tenant_id, state, attempts, position, manual, first_due_ms, due_ms,"
      " sort_at_ms, ended_id, last_status, last_error, reason FROM deliveries WHERE id = ? AND organization_id = ?");
  if (!query.bind(id, organization).step()) return std::nullopt;
  DeliveryRecord row;
  row.id = id;
  row.organization = organization;
  row.event = EventId{query.integer(0)};
  row.webhook = WebhookId{query.integer(1)};
  row.type_id = query.integer(2);
  row.tenant_id = query.integer(3);
  row.state = static_cast<DeliveryState>(query.integer(4));
  row.attempts = query.count(5);
  row.position = query.count(6);
  row.manual = query.flag(7);
  row.first_due = query.time(8);
  row.due = query.time(9);
  row.sort_at = query.time(10);
  row.ended_id = query.integer(11);
  row.last_status = static_cast<std::uint16_t>(query.integer(12));
  row.last_error = static_cast<AttemptError>(query.integer(13));
  row.reason = query.text(14);
  return row;
}

void store_delivery(Database& db, const DeliveryRecord& row) {
  const std::optional<std::string> reason = row.reason.empty() ? std::nullopt : std::optional(row.reason);
  db.query("UPDATE deliveries SET state = ?, attempts = ?, position = ?, manual = ?, due_ms = ?, sort_at_ms = ?,"
           " ended_id = ?, last_status = ?, last_error = ?, reason = ? WHERE id = ? AND organization_id = ?")
      .bind(static_cast<int>(row.state), row.attempts, row.position, row.manual, row.due, row.sort_at, row.ended_id,
            std::uint32_t{row.last_status}, static_cast<int>(row.last_error), reason, row.id, row.organization)
      .run();
}

void end_delivery(WriteContext& context, DeliveryRecord& row, DeliveryState state, std::string_view reason) {
  assert(row.state == DeliveryState::kPending);
  row.state = state;
  if (state != DeliveryState::kPending) {
    row.manual = false;
    row.ended_id = context.next_id();
    row.reason = reason;
  }
  store_delivery(context.db, row);
  Tally& tally = context.tally(row.organization);
  if (state == DeliveryState::kDead) {
    insert_dead(context.db, row);
    tally.counters.dead += 1;
    tally.pending -= 1;
    tally.dead += 1;
  } else if (state == DeliveryState::kCancelled) {
    insert_cancelled(context.db, row);
    tally.counters.cancelled += 1;
    tally.pending -= 1;
    context.news.cancelled.push_back({row.webhook, row.id});
  }
}

void purge_delivery(WriteContext& context, DeliveryRecord& row) {
  assert(row.state == DeliveryState::kDead);
  row.state = DeliveryState::kCancelled;
  row.ended_id = context.next_id();
  row.reason = "purged";
  store_delivery(context.db, row);
  delete_dead(context.db, row.id);
  insert_cancelled(context.db, row);
  Tally& tally = context.tally(row.organization);
  tally.counters.cancelled += 1;
  tally.dead -= 1;
}

void reopen_delivery(WriteContext& context, DeliveryRecord& row, const Webhook& webhook) {
  assert(row.state == DeliveryState::kDead);
  row.state = DeliveryState::kPending;
  row.reason.clear();
  row.position = 0;
  row.manual = false;
  row.due = context.now;
  row.sort_at = webhook.spec.ordered ? row.first_due : row.due;
  store_delivery(context.db, row);
  delete_dead(context.db, row.id);
  Tally& tally = context.tally(row.organization);
  tally.pending += 1;
  tally.dead -= 1;
  context.news.pending.push_back(pending_of(row));
}

PendingDelivery pending_of(const DeliveryRecord& row) {
  PendingDelivery pending;
  pending.id = row.id;
  pending.organization = row.organization;
  pending.webhook = row.webhook;
  pending.event = row.event;
  pending.sort_at = row.sort_at;
  pending.due = row.due;
  pending.first_due = row.first_due;
  pending.attempts = row.attempts;
  pending.position = row.position;
  pending.manual = row.manual;
  return pending;
}

Result<ChangeResult> apply(WriteContext& context, const RetryDelivery& change) {
  auto row = load_delivery(context.db, change.organization, change.id);
  if (!row) return no_delivery();
  const WebhookPtr webhook = context.find_webhook(change.organization, row->webhook);
  if (!webhook) return conflict("The webhook was deleted");
  if (row->state == DeliveryState::kDead) {
    reopen_delivery(context, *row, *webhook);
  } else if (row->state == DeliveryState::kPending) {
    row->manual = true;
    // An ordered one keeps its place: nothing overtakes there.
    if (!webhook->spec.ordered) row->sort_at = context.now;
    store_delivery(context.db, *row);
    context.news.pending.push_back(pending_of(*row));
  } else {
    return conflict("Only a pending or dead delivery can be tried again");
  }
  return ChangeResult{change.id.value, 1, webhook, {}};
}

Result<ChangeResult> apply(WriteContext& context, const CancelDelivery& change) {
  auto row = load_delivery(context.db, change.organization, change.id);
  if (!row) return no_delivery();
  if (row->state != DeliveryState::kPending) return conflict("Only a pending delivery can be cancelled");
  end_delivery(context, *row, DeliveryState::kCancelled, "cancelled_by_user");
  return ChangeResult{change.id.value, 1, nullptr, {}};
}

Result<ChangeResult> apply(WriteContext& context, const ReplayDead& change) {
  auto row = load_delivery(context.db, change.organization, change.id);
  if (!row) return no_delivery();
  if (row->state != DeliveryState::kDead) return conflict("Only a dead delivery can be replayed");
  const WebhookPtr webhook = context.find_webhook(change.organization, row->webhook);
  if (!webhook) return conflict("The webhook was deleted");
  reopen_delivery(context, *row, *webhook);
  return ChangeResult{change.id.value, 1, webhook, {}};
}

Result<ChangeResult> apply(WriteContext& context, const PurgeDead& change) {
  auto row = load_delivery(context.db, change.organization, change.id);
  if (!row) return no_delivery();
  if (row->state != DeliveryState::kDead) return conflict("Only a dead delivery can be purged");
  purge_delivery(context, *row);
  return ChangeResult{change.id.value, 1, nullptr, {}};
}

}  // namespace eventrelay
