// Replays of events: new deliveries of what was taken in before.
#include <algorithm>
#include <map>

#include "domain/webhook_index.h"
#include "storage/postgres_change_session.h"
#include "storage/postgres_records.h"

namespace eventrelay {

struct ChangeSession::ReplayedEvent {
  std::int64_t type = 0;
  std::int64_t tenant = 0;
  std::string type_name;
  std::string tenant_name;
  std::uint64_t catalog_version = 0;
  struct Earlier {
    std::int64_t delivery = 0;         ///< the latest of this event
    std::optional<int> partition = 0;  ///< unset: the webhook is deleted
  };
  std::map<WebhookId, Earlier> earlier;  ///< each webhook that it went to
  std::map<WebhookId, int> named;        ///< partitions of the named webhooks that exist
};

/// The event stays locked: of two replays at once the second sees the first's deliveries.
Awaitable<std::optional<ChangeSession::ReplayedEvent>> ChangeSession::read_replayed(const ReplayEvent& change) {
  begin(change.organization, OrgLock::kShared);
  PgParams one;
  one.add(change.id.value).add(change.organization.value);
  const std::size_t event =
      add("SELECT e.type_id, e.tenant_id, t.name, coalesce(n.name, ''), coalesce(o.version, 0) FROM events e"
          " JOIN event_types t ON t.id = e.type_id LEFT JOIN tenants n ON n.id = e.tenant_id"
          " LEFT JOIN organizations o ON o.id = e.organization_id WHERE e.id = $1 AND e.organization_id = $2"
          " FOR UPDATE OF e",
          std::move(one));
  // The event's own are the ids that follow it; replays have an index.
  PgParams same;
  same.add(change.id.value);
  const std::size_t earlier = add(
      "SELECT d.webhook_id, max(d.id), max(w.partition) FROM ("
      "SELECT webhook_id, id FROM deliveries WHERE id > $1"
      " AND id <= $1 + (SELECT delivery_count FROM events WHERE id = $1) AND event_id = $1"
      " UNION ALL SELECT webhook_id, id FROM deliveries WHERE event_id = $1 AND replay_of IS NOT NULL AND id > $1) d"
      " LEFT JOIN webhooks w ON w.id = d.webhook_id AND NOT w.deleted GROUP BY d.webhook_id",
      std::move(same));
  std::vector<std::int64_t> ids;
  for (const WebhookId id : change.webhooks) ids.push_back(id.value);
  PgParams named;
  named.add_array(std::span<const std::int64_t>(ids)).add(change.organization.value);
  const std::size_t existing =
      add("SELECT id, partition FROM webhooks WHERE id = ANY ($1) AND organization_id = $2 AND NOT deleted",
          std::move(named));
  const Rows rows = co_await run();

  std::optional<ReplayedEvent> found;
  if (rows[event].empty()) co_return found;
  found.emplace();
  found->type = rows[event].integer(0, 0);
  found->tenant = rows[event].integer(0, 1);
  found->type_name = rows[event].text(0, 2);
  found->tenant_name = rows[event].text(0, 3);
  found->catalog_version = static_cast<std::uint64_t>(rows[event].integer(0, 4));
  for (int i = 0; i < rows[earlier].size(); ++i) {
    ReplayedEvent::Earlier& latest = found->earlier[WebhookId{rows[earlier].integer(i, 0)}];
    latest.delivery = rows[earlier].integer(i, 1);
    latest.partition.reset();
    if (const auto partition = rows[earlier].optional_integer(i, 2)) latest.partition = static_cast<int>(*partition);
  }
  for (int i = 0; i < rows[existing].size(); ++i)
    found->named[WebhookId{rows[existing].integer(i, 0)}] = static_cast<int>(rows[existing].integer(i, 1));
  co_return found;
}

Awaitable<std::vector<ChangeSession::ReplayTarget>> ChangeSession::match(OrganizationId organization, std::string type,
                                                                         std::string tenant) {
  static const std::string kSelect = std::string("SELECT w.partition, ") + kPgWebhookColumns +
                                     " FROM webhooks w WHERE w.organization_id = $1 AND NOT w.deleted";
  PgParams params;
  params.add(organization.value);
  const std::size_t all = add(kSelect.c_str(), std::move(params));
  const Rows rows = co_await run();
  WebhookIndex index;
  std::map<WebhookId, int> partitions;
  for (int i = 0; i < rows[all].size(); ++i) {
    WebhookPtr webhook = webhook_from_row(rows[all], i, 1);
    partitions[webhook->id] = static_cast<int>(rows[all].integer(i, 0));
    index.put(std::move(webhook));
  }
  std::vector<ReplayTarget> targets;
  for (const WebhookId id : index.match(organization, type, tenant)) targets.push_back({id, partitions[id], 0});
  co_return targets;
}

void ChangeSession::insert_replays(const ReplayEvent& change, const ReplayedEvent& event,
                                   const std::vector<ReplayTarget>& targets) {
  std::vector<std::int64_t> webhooks;
  std::vector<std::int64_t> replay_of;
  std::vector<std::int16_t> partitions;
  first_ = next_id_;
  for (const ReplayTarget& target : targets) {
    webhooks.push_back(target.webhook.value);
    partitions.push_back(static_cast<std::int16_t>(target.partition));
    replay_of.push_back(target.replay_of);
    counted_.note.add(target.webhook, kCountDelivery);
    touched_.set(static_cast<std::size_t>(target.partition));
    last_ = next_id();
    news_.pending.push_back({.id = DeliveryId{*last_},
                             .organization = change.organization,
                             .webhook = target.webhook,
                             .event = change.id,
                             .sort_at = time(),
                             .due = time(),
                             .first_due = time()});
  }
  PgParams params;
  params.add(*first_).add(change.organization.value).add(change.id.value).add(event.type).add(event.tenant);
  params.add(unix_ms(time())).add_array(std::span<const std::int64_t>(webhooks));
  params.add_array(std::span<const std::int16_t>(partitions)).add_array(std::span<const std::int64_t>(replay_of));
  add("INSERT INTO deliveries (id, organization_id, event_id, webhook_id, partition, type_id, tenant_id, first_due_ms,"
      " due_ms, sort_at_ms, replay_of) SELECT $1 + x.i - 1, $2, $3, x.webhook, x.partition, $4, $5, $6, $6, $6,"
      " x.replay_of FROM unnest($7, $8, $9) WITH ORDINALITY AS x(webhook, partition, replay_of, i)",
      std::move(params));
  PgParams more;
  more.add(change.id.value).add_int(static_cast<int>(targets.size()));
  add("UPDATE events SET replay_count = replay_count + $2 WHERE id = $1", std::move(more));
  counted_.pending += static_cast<std::int64_t>(targets.size());
  news_.catalog.push_back({change.organization, event.catalog_version});
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const ReplayEvent& change) {
  const auto event = co_await read_replayed(change);
  if (!event) co_return no_such("event");
  std::vector<FieldError> faults;
  for (std::size_t i = 0; i < change.webhooks.size(); ++i)
    if (!event->named.contains(change.webhooks[i]))
      faults.push_back({"webhook_ids[" + std::to_string(i) + "]", "is not a webhook"});
  if (!faults.empty()) co_return Error{ErrorCode::kInvalid, "Some webhooks do not exist", std::move(faults)};

  std::vector<ReplayTarget> targets;
  if (!change.webhooks.empty()) {
    for (const auto& [id, partition] : event->named) {
      const auto latest = event->earlier.find(id);
      targets.push_back({id, partition, latest == event->earlier.end() ? 0 : latest->second.delivery});
    }
  } else if (!event->earlier.empty()) {
    for (const auto& [id, latest] : event->earlier)
      if (latest.partition) targets.push_back({id, *latest.partition, latest.delivery});
  } else {
    targets = co_await match(change.organization, event->type_name, event->tenant_name);
  }
  if (targets.size() > kTargetsPerCommitItemMax)
    co_return Error{ErrorCode::kTooLarge, "The event matches more webhooks than one request may deliver to", {}};

  ChangeResult result;
  result.id = change.id.value;
  result.count = static_cast<std::int64_t>(targets.size());
  if (!targets.empty()) {
    draw_ids(targets.size());
    co_await run();
    insert_replays(change, *event, targets);
  }
  co_await commit();
  co_return result;
}

}  // namespace eventrelay
