#include "api/activity_store.h"

#include "api/json_writer.h"
#include "ports/store_queries.h"

namespace eventrelay {

namespace {

JsonWriter record_at(WallTime at) {
  JsonWriter json;
  json.open('{').time("at", at);
  return json;
}

struct EventName {
  std::string type;
  std::string tenant;
};

void tell_events(Activity& activity, OrganizationId organization, const std::vector<EventName>& names,
                 const IngestResult& result) {
  if (result.duplicate) return;
  for (std::size_t i = 0; i < names.size() && i < result.events.size(); ++i) {
    if (!activity.wants(organization, ActivityKind::kEventCreated)) continue;
    const IngestedEvent& event = result.events[i];
    JsonWriter json = record_at(event.created_at);
    json.field("event_id", to_text(event.id)).field("type", names[i].type);
    json.text_or_null("tenant", names[i].tenant).field("deliveries", std::int64_t{event.deliveries}).close('}');
    activity.add(organization, ActivityKind::kEventCreated, json.take());
  }
}

ActivityKind kind_of(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return ActivityKind::kDeliveryRetrying;
    case DeliveryState::kSucceeded:
      return ActivityKind::kDeliverySucceeded;
    case DeliveryState::kDead:
      return ActivityKind::kDeliveryDead;
    case DeliveryState::kCancelled:
      break;
  }
  return ActivityKind::kDeliveryCancelled;
}

/// One delivery, however it came to what it is.
void tell_delivery(Activity& activity, OrganizationId organization, WallTime at, const DeliveryRow& delivery) {
  const ActivityKind kind = kind_of(delivery.state);
  if (!activity.wants(organization, kind)) return;
  JsonWriter json = record_at(at);
  json.field("delivery_id", to_text(delivery.id)).field("event_id", to_text(delivery.event));
  json.field("webhook_id", to_text(delivery.webhook)).field("type", delivery.type);
  json.field("status", to_text(delivery.state)).field("attempts", std::int64_t{delivery.attempts});
  if (delivery.next_attempt_at) json.time("next_attempt_at", *delivery.next_attempt_at);
  if (delivery.last_status_code != 0) json.field("status_code", std::int64_t{delivery.last_status_code});
  if (delivery.last_error != AttemptError::kNone) json.field("error", to_text(delivery.last_error));
  json.close('}');
  activity.add(organization, kind, json.take());
}

void tell_webhook(Activity& activity, OrganizationId organization, WallTime at, ActivityKind kind, WebhookId webhook) {
  JsonWriter json = record_at(at);
  json.field("webhook_id", to_text(webhook)).close('}');
  if (activity.wants(organization, kind)) activity.add(organization, kind, json.take());
}

void tell_end(Activity& activity, WallTime at, const FinishAttempt& intent, const FinishResult& result) {
  if (intent.health == HealthChange::kDisableGone || intent.health == HealthChange::kDisableFailing) {
    tell_webhook(activity, intent.organization, at, ActivityKind::kWebhookDisabled, intent.webhook);
  } else if (intent.health != HealthChange::kNone) {
    tell_webhook(activity, intent.organization, at, ActivityKind::kWebhookUpdated, intent.webhook);
  }
  // Else something else came first, and was told.
  if (result.state != intent.state) return;
  DeliveryRow delivery;
  delivery.id = intent.delivery;
  delivery.event = intent.event;
  delivery.webhook = intent.webhook;
  delivery.type = intent.type;
  delivery.state = result.state;
  delivery.attempts = intent.number;
  if (result.state == DeliveryState::kPending) delivery.next_attempt_at = intent.due;
  delivery.last_status_code = intent.outcome.status_code;
  delivery.last_error = intent.outcome.error;
  tell_delivery(activity, intent.organization, at, delivery);
}

void tell_job(Activity& activity, OrganizationId organization, WallTime at, const JobRow& job) {
  if (!activity.wants(organization, ActivityKind::kJobProgress)) return;
  JsonWriter json = record_at(at);
  json.field("job_id", to_text(job.id)).field("state", to_text(job.state));
  json.field("done", job.done).field("total", job.total).close('}');
  activity.add(organization, ActivityKind::kJobProgress, json.take(), job.id);
}

/// What a change was, as far as a record needs it.
struct ChangeMade {
  OrganizationId organization{};  ///< 0: as the result says
  ActivityKind kind{};            ///< of a webhook's
  enum class What { kNothing, kWebhook, kDelivery, kNewJob, kJob } what = What::kNothing;
};

ChangeMade made_of(const Change& change) {
  using What = ChangeMade::What;
  return std::visit(
      []<class One>(const One& one) -> ChangeMade {
        if constexpr (std::is_same_v<One, CreateWebhook>) {
          return {one.organization, ActivityKind::kWebhookCreated, What::kWebhook};
        } else if constexpr (std::is_same_v<One, UpdateWebhook>) {
          const bool disables = one.patch.enabled && !*one.patch.enabled;
          const auto kind = disables ? ActivityKind::kWebhookDisabled : ActivityKind::kWebhookUpdated;
          return {one.organization, kind, What::kWebhook};
        } else if constexpr (std::is_same_v<One, DeleteWebhook>) {
          return {one.organization, ActivityKind::kWebhookDeleted, What::kWebhook};
        } else if constexpr (std::is_same_v<One, RotateSecret>) {
          return {one.organization, ActivityKind::kWebhookUpdated, What::kWebhook};
        } else if constexpr (std::is_same_v<One, RetryDelivery> || std::is_same_v<One, CancelDelivery> ||
                             std::is_same_v<One, ReplayDead> || std::is_same_v<One, PurgeDead>) {
          return {one.organization, {}, What::kDelivery};
        } else if constexpr (std::is_same_v<One, CreateJob>) {
          return {one.organization, {}, What::kNewJob};
        } else if constexpr (std::is_same_v<One, CancelJob>) {
          return {one.organization, {}, What::kJob};
        } else if constexpr (std::is_same_v<One, AdvanceJob>) {
          return {{}, {}, What::kJob};
        } else {
          return {};
        }
      },
      change);
}

void tell_change(Activity& activity, WallTime at, const ChangeMade& made, const ChangeResult& result) {
  const OrganizationId organization = made.organization ? made.organization : result.organization;
  switch (made.what) {
    case ChangeMade::What::kNothing:
      break;
    case ChangeMade::What::kWebhook:
      tell_webhook(activity, organization, at, made.kind, WebhookId{result.id});
      break;
    case ChangeMade::What::kDelivery:
      if (result.delivery) tell_delivery(activity, organization, at, *result.delivery);
      break;
    case ChangeMade::What::kNewJob: {
      JobRow job;
      job.id = JobId{result.id};
      job.total = result.count;
      tell_job(activity, organization, at, job);
      break;
    }
    case ChangeMade::What::kJob:
      if (result.job) tell_job(activity, organization, at, *result.job);
      break;
  }
}

}  // namespace

void ActivityStore::ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) {
  if (!activity_.is_recording()) return store_.ingest(loop, std::move(intent), std::move(done));
  std::vector<EventName> names;
  names.reserve(intent.events.size());
  for (const NewEvent& event : intent.events) names.push_back({event.type, event.tenant});
  const OrganizationId organization = intent.organization;
  store_.ingest(loop, std::move(intent),
                [this, organization, names = std::move(names), done = std::move(done)](auto result) mutable {
                  if (result) tell_events(activity_, organization, names, *result);
                  std::move(done)(std::move(result));
                });
}

void ActivityStore::finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) {
  if (!activity_.is_recording()) return store_.finish_attempt(loop, std::move(intent), std::move(done));
  FinishAttemptPtr kept = intent;
  store_.finish_attempt(loop, std::move(intent),
                        [this, &loop, kept = std::move(kept), done = std::move(done)](auto result) mutable {
                          if (result) tell_end(activity_, loop.wall_now(), *kept, *result);
                          std::move(done)(std::move(result));
                        });
}

void ActivityStore::change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) {
  if (!activity_.is_recording()) return store_.change(loop, std::move(intent), std::move(done));
  const ChangeMade made = made_of(intent);
  store_.change(loop, std::move(intent), [this, &loop, made, done = std::move(done)](auto result) mutable {
    if (result) tell_change(activity_, loop.wall_now(), made, *result);
    std::move(done)(std::move(result));
  });
}

}  // namespace eventrelay
