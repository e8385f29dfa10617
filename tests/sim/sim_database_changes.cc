// Changes by people and jobs.
#include <algorithm>

#include "tests/sim/sim_database.h"

namespace eventrelay {

namespace {
Error not_found() {
  return Error{ErrorCode::kNotFound, "No such thing", {}};
}
Error conflict() {
  return Error{ErrorCode::kConflict, "The state does not allow it", {}};
}
}  // namespace

Result<ChangeResult> SimDatabase::apply(const Change& change) {
  return std::visit([this](const auto& one) { return apply_one(one); }, change);
}

// ---- Webhooks ------------------------------------------------------------------------------------------------------

WebhookPtr SimDatabase::live(OrganizationId organization, WebhookId id) const {
  WebhookPtr webhook = index_.find(id);
  return webhook && webhook->organization == organization ? webhook : nullptr;
}

ChangeResult SimDatabase::publish(Webhook webhook) {
  const WebhookId id = webhook.id;
  if (commit_ != 0) {
    webhook.version = ++version_;
    news_.catalog = {{webhook.organization, version_}};
  }
  webhooks_[id] = webhook;
  auto shared = std::make_shared<const Webhook>(std::move(webhook));
  index_.put(shared);
  news_.webhooks.push_back(shared);
  ChangeResult result;
  result.id = id.value;
  result.webhook = std::move(shared);
  return result;
}

Result<ChangeResult> SimDatabase::apply_one(const CreateWebhook& change) {
  Webhook webhook;
  webhook.id = WebhookId{next_id()};
  webhook.organization = change.organization;
  webhook.spec = change.spec;
  webhook.secret = change.secret;
  if (!webhook.spec.enabled) webhook.disabled_reason = DisabledReason::kByUser;
  webhook.updated_at = time();
  return publish(std::move(webhook));
}

Result<ChangeResult> SimDatabase::apply_one(const UpdateWebhook& change) {
  const WebhookPtr current = live(change.organization, change.id);
  if (!current) return not_found();
  Webhook next = patched(*current, change.patch, time());
  if (auto faults = webhook_faults(next.spec); !faults.empty())
    return Error{ErrorCode::kInvalid, "The webhook would not be valid", std::move(faults)};
  if (next.spec.ordered != current->spec.ordered) {
    const LaneRows* rows = lane(change.id);
    if (rows && rows->size() > kJobSliceRows) return conflict();
    reorder(next);
  }
  return publish(std::move(next));
}

void SimDatabase::reorder(const Webhook& webhook) {
  const LaneRows* rows = lane(webhook.id);
  if (!rows) return;
  const LaneRows before = *rows;
  for (const auto& [key, id] : before) {
    SimDelivery& delivery = deliveries_.at(id);
    unlink(delivery);
    PendingDelivery& row = delivery.row;
    row.sort_at = webhook.spec.ordered || row.manual ? row.first_due : row.due;
    link(delivery);
  }
}

Result<ChangeResult> SimDatabase::apply_one(const DeleteWebhook& change) {
  const WebhookPtr current = live(change.organization, change.id);
  if (!current) return not_found();
  Webhook deleted = *current;
  deleted.deleted = true;
  deleted.updated_at = time();
  ChangeResult result = publish(std::move(deleted));
  if (lane(change.id)) {
    DeliveryFilter filter;
    filter.webhook = change.id;
    insert_job(change.organization, JobKind::kCancelPending, std::move(filter), 0, 0);
  }
  return result;
}

Result<ChangeResult> SimDatabase::apply_one(const RotateSecret& change) {
  const WebhookPtr current = live(change.organization, change.id);
  if (!current) return not_found();
  Webhook next = *current;
  next.old_secret = current->secret;
  next.old_secret_until = time() + milliseconds(kSecretOverlap);
  next.secret = change.secret;
  next.updated_at = time();
  return publish(std::move(next));
}

// ---- Deliveries ----------------------------------------------------------------------------------------------------

Result<ChangeResult> SimDatabase::apply_one(const RetryDelivery& change) {
  SimDelivery* delivery = find(change.organization, change.id);
  if (!delivery) return not_found();
  PendingDelivery& row = delivery->row;
  if (!index_.find(row.webhook)) return conflict();
  if (delivery->state == DeliveryState::kDead) {
    reopen(*delivery);
    return ChangeResult{.id = change.id.value, .count = 1, .webhook = nullptr};
  }
  if (delivery->state != DeliveryState::kPending) return conflict();
  unlink(*delivery);
  row.manual = true;
  if (!ordered(row.webhook)) row.sort_at = std::min(row.sort_at, time());
  link(*delivery);
  news_.pending.push_back(row);
  return ChangeResult{.id = change.id.value, .count = 1, .webhook = nullptr};
}

Result<ChangeResult> SimDatabase::apply_one(const CancelDelivery& change) {
  SimDelivery* delivery = find(change.organization, change.id);
  if (!delivery) return not_found();
  if (delivery->state != DeliveryState::kPending) return conflict();
  cancel(*delivery, "cancelled_by_user");
  return ChangeResult{.id = change.id.value, .count = 1, .webhook = nullptr};
}

Result<ChangeResult> SimDatabase::apply_one(const ReplayDead& change) {
  SimDelivery* delivery = find(change.organization, change.id);
  if (!delivery) return not_found();
  if (delivery->state != DeliveryState::kDead || !index_.find(delivery->row.webhook)) return conflict();
  reopen(*delivery);
  return ChangeResult{.id = change.id.value, .count = 1, .webhook = nullptr};
}

Result<ChangeResult> SimDatabase::apply_one(const PurgeDead& change) {
  SimDelivery* delivery = find(change.organization, change.id);
  if (!delivery) return not_found();
  if (delivery->state != DeliveryState::kDead) return conflict();
  cancel(*delivery, "purged");
  return ChangeResult{.id = change.id.value, .count = 1, .webhook = nullptr};
}

Result<ChangeResult> SimDatabase::apply_one(const ReplayEvent& change) {
  const auto found = events_.find(change.id);
  if (found == events_.end()) return not_found();
  SimEvent& event = found->second;
  std::set<WebhookId> targets(change.webhooks.begin(), change.webhooks.end());
  for (std::size_t i = 0; i < change.webhooks.size(); ++i) {
    if (!live(change.organization, change.webhooks[i]))
      return invalid("webhook_ids[" + std::to_string(i) + "]", "is not a webhook");
  }
  if (targets.empty()) {
    for (const DeliveryId id : event.deliveries) {
      const WebhookId webhook = deliveries_.at(id).row.webhook;
      if (index_.find(webhook)) targets.insert(webhook);
    }
    if (event.deliveries.empty()) {
      const auto matched = index_.match(change.organization, event.type, event.tenant);
      targets.insert(matched.begin(), matched.end());
    }
  }
  const WallTime due = time();
  if (commit_ != 0 && !targets.empty()) news_.catalog = {{change.organization, version_}};
  for (const WebhookId webhook : targets) insert_delivery(event, change.organization, webhook, due, false);
  return ChangeResult{.id = change.id.value, .count = static_cast<std::int64_t>(targets.size()), .webhook = nullptr};
}

// ---- Jobs ----------------------------------------------------------------------------------------------------------

JobId SimDatabase::insert_job(OrganizationId organization, JobKind kind, DeliveryFilter filter, std::int64_t bound,
                              std::uint32_t rate) {
  const JobId id{next_id()};
  jobs_.emplace(id, SimJob{id, organization, kind, JobState::kPending, std::move(filter), 0, bound, rate});
  news_.jobs.push_back(id);
  return id;
}

bool SimDatabase::matches(const DeliveryFilter& filter, const SimDelivery& delivery) const {
  const PendingDelivery& row = delivery.row;
  const WallTime created = time_of_id(row.id.value);
  const SimEvent& event = events_.at(row.event);
  return (!filter.webhook || *filter.webhook == row.webhook) && (!filter.event || *filter.event == row.event) &&
         (filter.type.empty() || filter.type == event.type) &&
         (filter.tenant.empty() || filter.tenant == event.tenant) && (!filter.after || created >= *filter.after) &&
         (!filter.before || created < *filter.before);
}

Result<ChangeResult> SimDatabase::apply_one(const CreateJob& change) {
  const std::int64_t bound = ids_.last();
  const auto count = std::count_if(dead_.begin(), dead_.end(), [&](const auto& entry) {
    return matches(change.filter, deliveries_.at(entry.second));
  });
  const JobId id = insert_job(change.organization, change.kind, change.filter, bound, change.rate);
  return ChangeResult{.id = id.value, .count = count, .webhook = nullptr};
}

std::vector<DeliveryId> SimDatabase::slice(SimJob& job, std::size_t rows, bool& done) {
  std::vector<DeliveryId> found;
  if (job.kind == JobKind::kCancelPending) {
    const LaneRows* lane_rows = lane(*job.filter.webhook);
    if (lane_rows) {
      for (const auto& [key, id] : *lane_rows) {
        if (found.size() == rows) break;
        found.push_back(id);
      }
    }
    done = found.size() < rows;
    return found;
  }
  auto entry = dead_.upper_bound({job.position, DeliveryId{std::numeric_limits<std::int64_t>::max()}});
  for (; entry != dead_.end() && entry->first <= job.bound && found.size() < rows; ++entry) {
    job.position = entry->first;
    if (matches(job.filter, deliveries_.at(entry->second))) found.push_back(entry->second);
  }
  done = entry == dead_.end() || entry->first > job.bound;
  return found;
}

Result<ChangeResult> SimDatabase::apply_one(const AdvanceJob& change) {
  const auto found = jobs_.find(change.id);
  if (found == jobs_.end()) return not_found();
  SimJob& job = found->second;
  ChangeResult result{.id = change.id.value, .count = 0, .webhook = nullptr, .job_state = job.state};
  if (job.state != JobState::kPending && job.state != JobState::kRunning) return result;
  bool done = false;
  const std::vector<DeliveryId> rows = slice(job, change.rows, done);
  for (const DeliveryId id : rows) {
    SimDelivery& delivery = deliveries_.at(id);
    const bool orphan = !index_.find(delivery.row.webhook);
    if (job.kind == JobKind::kPurgeDead) {
      cancel(delivery, "purged");
    } else if (job.kind == JobKind::kCancelPending || orphan) {
      cancel(delivery, "webhook_deleted");
    } else {
      reopen(delivery);
    }
  }
  job.state = done ? JobState::kDone : JobState::kRunning;
  result.count = static_cast<std::int64_t>(rows.size());
  result.job_state = job.state;
  return result;
}

Result<ChangeResult> SimDatabase::apply_one(const CancelJob& change) {
  const auto found = jobs_.find(change.id);
  if (found == jobs_.end()) return not_found();
  SimJob& job = found->second;
  const bool open = job.state == JobState::kPending || job.state == JobState::kRunning;
  if (job.kind == JobKind::kCancelPending || !open) return conflict();
  job.state = JobState::kCancelled;
  return ChangeResult{.id = change.id.value, .count = 0, .webhook = nullptr, .job_state = job.state};
}

// ---- Keys ----------------------------------------------------------------------------------------------------------

Result<ChangeResult> SimDatabase::apply_one(const CreateApiKey& change) {
  ApiKey key = change.key;
  key.id = ApiKeyId{next_id()};
  api_keys_[key.id] = key;
  news_.keys.push_back({key, false});
  return ChangeResult{.id = key.id.value, .count = 0, .webhook = nullptr};
}

Result<ChangeResult> SimDatabase::apply_one(const DeleteApiKey& change) {
  const auto found = api_keys_.find(change.id);
  if (found == api_keys_.end()) return not_found();
  news_.keys.push_back({found->second, true});
  api_keys_.erase(found);
  return ChangeResult{.id = change.id.value, .count = 0, .webhook = nullptr};
}

Result<ChangeResult> SimDatabase::apply_one(const ExpireKeys& change) {
  const auto expired = std::erase_if(claims_, [&](const auto& claim) { return claim.second.made < change.before; });
  return ChangeResult{.id = 0, .count = static_cast<std::int64_t>(expired), .webhook = nullptr};
}

}  // namespace eventrelay
