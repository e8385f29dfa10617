#include "tests/sim/sim_database.h"

#include <algorithm>

namespace eventrelay {

std::optional<SimFault> parse_sim_fault(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kSimFaultNames); ++i) {
    if (kSimFaultNames[i] == name) return static_cast<SimFault>(i);
  }
  return std::nullopt;
}

MessagePtr sim_message(const SimEvent& event, DeliveryId delivery) {
  auto message = std::make_shared<Message>();
  message->event = event.id;
  message->id = to_text(event.id);
  message->body = (delivery ? to_text(delivery) : std::string()) + event.payload;
  return message;
}

// ---- Ingest --------------------------------------------------------------------------------------------------------

std::optional<Result<IngestResult>> SimDatabase::resolve_key(const IngestIntent& intent) const {
  if (!intent.key) return std::nullopt;
  const auto claim = claims_.find({intent.key->route, intent.key->key});
  if (claim == claims_.end()) return std::nullopt;
  if (claim->second.fingerprint != intent.key->fingerprint) return Error{ErrorCode::kKeyReused, "key", {}};
  IngestResult result = claim->second.result;
  result.duplicate = true;
  return result;
}

Result<IngestResult> SimDatabase::apply(IngestIntent& intent) {
  if (auto earlier = resolve_key(intent)) return *std::move(earlier);
  const bool moved = intent.catalog_version != index_.version(intent.organization);
  for (NewEvent& event : intent.events) {
    if (intent.targets_fixed) {
      for (const WebhookId id : event.targets)
        if (!live(intent.organization, id)) return Error{ErrorCode::kNotFound, "No such webhook", {}};
    } else if (moved && fault_ != SimFault::kSkipRematch && fault_ != SimFault::kVersionUnchecked) {
      event.targets = index_.match(intent.organization, event.type, event.tenant);
    }
  }
  IngestResult result;
  for (const NewEvent& event : intent.events) result.events.push_back(insert_event(intent.organization, event));
  if (commit_ != 0) news_.catalog = {{intent.organization, intent.catalog_version}};
  if (intent.key) {
    for (const IngestedEvent& event : result.events) events_.at(event.id).key = intent.key->key;
    claims_[{intent.key->route, intent.key->key}] = {intent.key->fingerprint, result, now_};
  }
  return result;
}

std::int64_t SimDatabase::draw(WallTime now, std::size_t count) {
  const std::int64_t first = ids_.next(now);
  for (std::size_t i = 1; i < count; ++i) ids_.next(now);
  return first;
}

IngestedEvent SimDatabase::insert_event(OrganizationId organization, const NewEvent& event) {
  const EventId id{next_id()};
  SimEvent& row = events_[id] = SimEvent{id, event.type, event.tenant, event.payload, {}, {}};
  const WallTime created = time_of_id(id.value);
  const WallTime due = event.deliver_at ? std::max(*event.deliver_at, created) : created;
  for (const WebhookId webhook : event.targets) insert_delivery(row, organization, webhook, due, true);
  return {id, created, static_cast<std::uint32_t>(event.targets.size())};
}

void SimDatabase::insert_delivery(SimEvent& event, OrganizationId organization, WebhookId webhook, WallTime due,
                                  bool with_message) {
  SimDelivery delivery;
  delivery.row = {.id = DeliveryId{next_id()},
                  .organization = organization,
                  .webhook = webhook,
                  .event = event.id,
                  .sort_at = due,
                  .due = due,
                  .first_due = due,
                  .message = nullptr};
  event.deliveries.push_back(delivery.row.id);
  news_.pending.push_back(delivery.row);
  if (with_message) news_.pending.back().message = sim_message(event, delivery.row.id);
  link(delivery);
  deliveries_.emplace(delivery.row.id, delivery);
}

void SimDatabase::lose(EventId event) {
  const auto found = events_.find(event);
  if (found == events_.end()) return;
  for (const DeliveryId id : found->second.deliveries) {
    unlink(deliveries_.at(id));
    deliveries_.erase(id);
  }
  if (!found->second.key.empty()) {
    std::erase_if(claims_, [&](const auto& claim) { return claim.first.second == found->second.key; });
  }
  events_.erase(found);
}

// ---- Attempts ------------------------------------------------------------------------------------------------------

Result<FinishResult> SimDatabase::apply(const FinishAttempt& intent) {
  SimDelivery* delivery = find(intent.organization, intent.delivery);
  if (!delivery) return Error{ErrorCode::kNotFound, "No such delivery", {}};
  PendingDelivery& row = delivery->row;
  if (commit_ != 0 && row.attempts + 1 != intent.number) return FinishResult{delivery->state};
  if (row.attempts >= intent.number) {
    if (fault_ == SimFault::kCountTwice && delivery->state == DeliveryState::kPending) {
      row.attempts += 1;
      row.position += 1;
    }
    return FinishResult{delivery->state};
  }
  if (commit_ == 0) change_health(intent);  // else a transaction of its own
  if (delivery->state != DeliveryState::kPending) {
    row.attempts = intent.number;
    return FinishResult{delivery->state};
  }
  unlink(*delivery);
  row.attempts = intent.number;
  row.position = intent.position;
  if (intent.state == DeliveryState::kPending) {
    const bool asked_again = row.manual && !intent.manual;
    row.due = intent.due;
    row.manual = asked_again;
    if (ordered(row.webhook)) {
      row.sort_at = row.first_due;
    } else if (!asked_again) {
      row.sort_at = row.due;
    }
  } else {
    end(*delivery, intent.state, intent.reason);
  }
  link(*delivery);
  return FinishResult{delivery->state};
}

void SimDatabase::change_health(const FinishAttempt& intent) {
  const WebhookPtr current = live(intent.organization, intent.webhook);
  if (!current || intent.health == HealthChange::kNone) return;
  Webhook next = *current;
  switch (intent.health) {
    case HealthChange::kNone:
      return;
    case HealthChange::kFailing:
      if (next.failing_since) return;
      next.failing_since = intent.outcome.started_at;
      break;
    case HealthChange::kHealthy:
      if (!next.failing_since) return;
      next.failing_since.reset();
      break;
    case HealthChange::kDisableGone:
    case HealthChange::kDisableFailing:
      if (!next.spec.enabled) return;
      next.spec.enabled = false;
      next.disabled_reason =
          intent.health == HealthChange::kDisableGone ? DisabledReason::kGone : DisabledReason::kFailing;
      next.updated_at = time();
      break;
  }
  publish(std::move(next));
}

// ---- Rows ----------------------------------------------------------------------------------------------------------

void SimDatabase::unlink(const SimDelivery& delivery) {
  const PendingDelivery& row = delivery.row;
  if (delivery.state == DeliveryState::kDead) dead_.erase({delivery.ended_id, row.id});
  if (delivery.state != DeliveryState::kPending) return;
  const auto lane = pending_.find(row.webhook);
  lane->second.erase({key_of(row), row.id});
  if (lane->second.empty()) pending_.erase(lane);
}

void SimDatabase::link(const SimDelivery& delivery) {
  const PendingDelivery& row = delivery.row;
  if (delivery.state == DeliveryState::kDead) dead_.emplace(delivery.ended_id, row.id);
  if (delivery.state == DeliveryState::kPending) pending_[row.webhook].emplace(key_of(row), row.id);
}

void SimDatabase::end(SimDelivery& delivery, DeliveryState state, std::string_view reason) {
  delivery.state = state;
  delivery.reason = reason;
  delivery.ended_id = next_id();
  delivery.row.manual = false;
}

void SimDatabase::reopen(SimDelivery& delivery) {
  unlink(delivery);
  PendingDelivery& row = delivery.row;
  delivery.state = DeliveryState::kPending;
  delivery.reason = "";
  row.due = time();
  row.sort_at = ordered(row.webhook) ? row.first_due : row.due;
  row.position = 0;
  row.manual = false;
  link(delivery);
  news_.pending.push_back(row);
}

void SimDatabase::cancel(SimDelivery& delivery, std::string_view reason) {
  unlink(delivery);
  if (delivery.state == DeliveryState::kPending) news_.cancelled.push_back({delivery.row.webhook, delivery.row.id});
  end(delivery, DeliveryState::kCancelled, reason);
  link(delivery);
}

SimDelivery* SimDatabase::find(OrganizationId organization, DeliveryId id) {
  const auto found = deliveries_.find(id);
  return found != deliveries_.end() && found->second.row.organization == organization ? &found->second : nullptr;
}

bool SimDatabase::ordered(WebhookId id) const {
  const WebhookPtr webhook = index_.find(id);
  return webhook && webhook->spec.ordered;
}

const SimDatabase::LaneRows* SimDatabase::lane(WebhookId id) const {
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : &found->second;
}

// ---- Reads ---------------------------------------------------------------------------------------------------------

Catalog SimDatabase::open() {
  index_ = WebhookIndex();
  Catalog catalog;
  if (ids_.last() != 0) catalog.at = time_of_id(ids_.last());
  if (version_ != 0) catalog.versions.push_back({kFirstOrganization, version_});
  for (const auto& [id, webhook] : webhooks_) {
    if (webhook.deleted) continue;
    catalog.webhooks.push_back(std::make_shared<const Webhook>(webhook));
    index_.put(catalog.webhooks.back());
  }
  if (version_ != 0) index_.reach_version(kFirstOrganization, version_);
  for (const auto& [id, key] : api_keys_) catalog.keys.push_back(key);
  catalog.open_jobs = open_jobs();
  return catalog;
}

DuePage SimDatabase::due(const DueQuery& query) const {
  DuePage page;
  const LaneRows* rows = lane(query.webhook);
  if (!rows) return page;
  const LaneKey after{query.after_sort_at, query.after_id};
  std::size_t bytes = 0;
  for (const auto& [key, id] : *rows) {
    if (key <= after) continue;
    if (key.sort_at > query.until || page.rows.size() == query.limit) {
      page.next_sort_at = key.sort_at;
      break;
    }
    PendingDelivery row = deliveries_.at(id).row;
    MessagePtr message = sim_message(events_.at(row.event), id);
    bytes += message->body.size();
    if (bytes <= query.payload_bytes) row.message = std::move(message);
    page.rows.push_back(std::move(row));
  }
  return page;
}

LanePage SimDatabase::lanes(const PartitionSet& partitions, WebhookId after, std::size_t limit) const {
  LanePage page;
  auto lane = pending_.upper_bound(after);
  for (; lane != pending_.end() && page.lanes.size() < limit; ++lane) {
    if (!partitions.test(static_cast<std::size_t>(partition_of(lane->first)))) continue;
    page.lanes.push_back({lane->first, lane->second.begin()->first.sort_at});
  }
  page.done = lane == pending_.end();
  return page;
}

MessagePtr SimDatabase::message(EventId event) const {
  const auto found = events_.find(event);
  return found == events_.end() ? nullptr : sim_message(found->second, DeliveryId{});
}

std::vector<JobSummary> SimDatabase::open_jobs() const {
  std::vector<JobSummary> open;
  for (const auto& [id, job] : jobs_)
    if (job.state == JobState::kPending || job.state == JobState::kRunning) open.push_back({id, job.rate});
  return open;
}

}  // namespace eventrelay
