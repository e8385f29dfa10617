// Changes of deliveries that exist: what people ask of one, and what jobs do to many.
#include <algorithm>

#include "storage/postgres_change_session.h"
#include "storage/postgres_records.h"

namespace eventrelay {

// ---- Rows --------------------------------------------------------------------------------------------------------

std::size_t ChangeSession::lock_deliveries(OrganizationId organization, std::span<const std::int64_t> ids) {
  static const std::string kSelect =
      std::string("SELECT ") + kPgPendingColumns +
      ", d.state, d.partition, w.ordered, d.ended_id FROM deliveries d"
      " LEFT JOIN webhooks w ON w.id = d.webhook_id AND NOT w.deleted"
      " WHERE d.id = ANY ($1) AND d.id BETWEEN $2 AND $3 AND d.organization_id = $4 ORDER BY d.id FOR UPDATE OF d";
  PgParams params;
  params.add_array(ids).add(ids.front()).add(ids.back()).add(organization.value);
  return add(kSelect.c_str(), std::move(params));
}

std::vector<ChangeSession::LockedDelivery> ChangeSession::locked_from(const PgRows& rows) {
  std::vector<LockedDelivery> found;
  for (int i = 0; i < rows.size(); ++i) {
    LockedDelivery& one = found.emplace_back();
    one.row = pending_from_row(rows, i);
    one.state = static_cast<DeliveryState>(rows.integer(i, kPgPendingWidth));
    one.partition = static_cast<int>(rows.integer(i, kPgPendingWidth + 1));
    one.has_webhook = !rows.is_null(i, kPgPendingWidth + 2);
    one.ordered = one.has_webhook && rows.integer(i, kPgPendingWidth + 2) != 0;
    one.ended_id = rows.optional_integer(i, kPgPendingWidth + 3).value_or(0);
  }
  return found;
}

Awaitable<std::optional<ChangeSession::LockedDelivery>> ChangeSession::lock_one(OrganizationId organization,
                                                                                DeliveryId id, OrgLock lock) {
  begin(organization, lock);
  draw_ids(1);
  const std::size_t found = lock_deliveries(organization, {&id.value, 1});
  const Rows rows = co_await run();
  std::vector<LockedDelivery> locked = locked_from(rows[found]);
  std::optional<LockedDelivery> one;
  if (!locked.empty()) one = std::move(locked.front());
  co_return one;
}

void ChangeSession::note(const LockedDelivery& delivery) {
  touched_.set(static_cast<std::size_t>(delivery.partition));
  changed_.push_back(delivery.row.id.value);
}

void ChangeSession::reopen(std::vector<LockedDelivery> deliveries) {
  if (deliveries.empty()) return;
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> places;
  for (LockedDelivery& delivery : deliveries) {
    PendingDelivery& row = delivery.row;
    row.due = time();
    row.sort_at = delivery.ordered ? row.first_due : row.due;
    row.position = 0;
    row.manual = false;
    ids.push_back(row.id.value);
    places.push_back(unix_ms(row.sort_at));
    note(delivery);
    news_.pending.push_back(std::move(row));
  }
  PgParams params;
  params.add_array(std::span<const std::int64_t>(ids)).add_array(std::span<const std::int64_t>(places));
  params.add(ids.front()).add(ids.back()).add(unix_ms(time()));
  add("UPDATE deliveries d SET state = 0, position = 0, manual = false, due_ms = $5, sort_at_ms = x.sort_at_ms,"
      " reason = '', ended_id = NULL FROM unnest($1, $2) AS x(id, sort_at_ms)"
      " WHERE d.id = x.id AND d.id BETWEEN $3 AND $4",
      std::move(params));
  counted_.pending += static_cast<std::int64_t>(ids.size());
  counted_.dead -= static_cast<std::int64_t>(ids.size());
}

void ChangeSession::cancel(const std::vector<LockedDelivery>& deliveries, std::string_view reason) {
  if (deliveries.empty()) return;
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> ends;
  for (const LockedDelivery& delivery : deliveries) {
    ids.push_back(delivery.row.id.value);
    ends.push_back(next_id());
    (delivery.state == DeliveryState::kDead ? counted_.dead : counted_.pending) -= 1;
    if (delivery.state == DeliveryState::kPending) news_.cancelled.push_back({delivery.row.webhook, delivery.row.id});
    counted_.note.add(delivery.row.webhook, kCountCancelled);
    note(delivery);
  }
  PgParams params;
  params.add_array(std::span<const std::int64_t>(ids)).add_array(std::span<const std::int64_t>(ends));
  params.add(ids.front()).add(ids.back()).add_text(reason);
  add("UPDATE deliveries d SET state = 3, manual = false, reason = $5, ended_id = x.ended_id"
      " FROM unnest($1, $2) AS x(id, ended_id) WHERE d.id = x.id AND d.id BETWEEN $3 AND $4",
      std::move(params));
}

Awaitable<ChangeResult> ChangeSession::commit_delivery(OrganizationId organization, DeliveryId id) {
  const std::size_t left = add(select_delivery(organization, id));
  const Rows rows = co_await commit();
  ChangeResult result;
  result.id = id.value;
  result.count = 1;
  auto row = selected_delivery(rows[left]);
  if (row) result.delivery = std::make_shared<const DeliveryRow>(std::move(*row));
  co_return result;
}

// ---- What people ask of one --------------------------------------------------------------------------------------

Awaitable<Result<ChangeResult>> ChangeSession::apply(const RetryDelivery& change) {
  auto found = co_await lock_one(change.organization, change.id, OrgLock::kShared);
  if (!found) co_return no_such("delivery");
  if (!found->has_webhook) co_return conflict("The delivery's webhook is deleted");
  if (found->state == DeliveryState::kDead) {
    reopen({*found});
  } else if (found->state == DeliveryState::kPending) {
    PendingDelivery& delivery = found->row;
    delivery.manual = true;
    if (!found->ordered) delivery.sort_at = std::min(delivery.sort_at, time());
    PgParams params;
    params.add(delivery.id.value).add(unix_ms(delivery.sort_at));
    add("UPDATE deliveries SET manual = true, sort_at_ms = $2 WHERE id = $1", std::move(params));
    note(*found);
    news_.pending.push_back(std::move(delivery));
  } else {
    co_return conflict("The delivery is " + std::string(to_text(found->state)) +
                       "; only pending and dead ones can be retried");
  }
  ChangeResult result = co_await commit_delivery(change.organization, change.id);
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const CancelDelivery& change) {
  auto found = co_await lock_one(change.organization, change.id, OrgLock::kNone);
  if (!found) co_return no_such("delivery");
  if (found->state != DeliveryState::kPending)
    co_return conflict("The delivery is " + std::string(to_text(found->state)) +
                       "; only pending ones can be cancelled");
  cancel({*found}, "cancelled_by_user");
  ChangeResult result = co_await commit_delivery(change.organization, change.id);
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const ReplayDead& change) {
  auto found = co_await lock_one(change.organization, change.id, OrgLock::kShared);
  if (!found) co_return no_such("delivery");
  if (found->state != DeliveryState::kDead) co_return conflict("The delivery is not in the dead letter queue");
  if (!found->has_webhook) co_return conflict("The delivery's webhook is deleted");
  reopen({*found});
  ChangeResult result = co_await commit_delivery(change.organization, change.id);
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const PurgeDead& change) {
  auto found = co_await lock_one(change.organization, change.id, OrgLock::kNone);
  if (!found) co_return no_such("delivery");
  if (found->state != DeliveryState::kDead) co_return conflict("The delivery is not in the dead letter queue");
  cancel({*found}, "purged");
  co_await commit();
  ChangeResult result;
  result.id = change.id.value;
  result.count = 1;
  co_return result;
}

}  // namespace eventrelay
