#include "storage/sqlite_webhooks.h"

#include <nlohmann/json.hpp>

#include "storage/header_text.h"
#include "storage/sqlite_deliveries.h"
#include "storage/sqlite_jobs.h"

namespace eventrelay {
namespace {

Error no_webhook() { return Error{ErrorCode::kNotFound, "No such webhook", {}}; }

std::string encode_retry(const RetryPolicy& policy) {
  nlohmann::json json{{"max_attempts", policy.max_attempts},
                      {"initial_ms", policy.initial.count()},
                      {"multiplier", policy.multiplier},
                      {"max_ms", policy.max.count()}};
  for (milliseconds wait : policy.schedule) json["schedule_ms"].push_back(wait.count());
  return json.dump();
}

RetryPolicy decode_retry(std::string_view text) {
  const auto json = nlohmann::json::parse(text);
  RetryPolicy policy;
  policy.max_attempts = json.at("max_attempts").get<std::uint32_t>();
  policy.initial = milliseconds(json.at("initial_ms").get<std::int64_t>());
  policy.multiplier = json.at("multiplier").get<double>();
  policy.max = milliseconds(json.at("max_ms").get<std::int64_t>());
  if (const auto waits = json.find("schedule_ms"); waits != json.end()) {
    for (const auto& wait : *waits) policy.schedule.emplace_back(wait.get<std::int64_t>());
  }
  return policy;
}

/// The pending rows of a webhook whose order changes: few enough for one transaction, or kConflict.
Result<std::vector<DeliveryId>> few_pending(Database& db, const Webhook& webhook) {
  std::vector<DeliveryId> ids;
  Query query = db.query(
      "SELECT id FROM deliveries WHERE state = 0 AND webhook_id = ? AND organization_id = ? ORDER BY sort_at_ms, id"
      " LIMIT ?");
  query.bind(webhook.id, webhook.organization, kJobSliceRows + 1);
  while (query.step()) ids.push_back(DeliveryId{query.integer(0)});
  if (ids.size() > kJobSliceRows) {
    return Error{ErrorCode::kConflict, "Too many deliveries are pending to change their order", {}};
  }
  return ids;
}

void place_again(WriteContext& context, const Webhook& webhook, const std::vector<DeliveryId>& ids) {
  for (DeliveryId id : ids) {
    auto row = load_delivery(context.db, webhook.organization, id);
    row->sort_at = webhook.spec.ordered ? row->first_due : row->manual ? context.now : row->due;
    store_delivery(context.db, *row);
    context.news.pending.push_back(pending_of(*row));
  }
}

}  // namespace

WebhookPtr read_webhook(const Query& query) {
  auto webhook = std::make_shared<Webhook>();
  WebhookSpec& spec = webhook->spec;
  webhook->id = WebhookId{query.integer(0)};
  webhook->organization = OrganizationId{query.integer(1)};
  spec.url = query.text(2);
  spec.tenant = query.text(3);
  spec.description = query.text(4);
  spec.event_types = nlohmann::json::parse(query.text(5)).get<std::vector<std::string>>();
  spec.headers = decode_headers(query.text(6));
  spec.ordered = query.flag(7);
  spec.max_in_flight = query.count(8);
  spec.timeout = milliseconds(query.integer(9));
  spec.retry = decode_retry(query.text(10));
  spec.enabled = query.flag(11);
  webhook->secret.bytes = query.text(12);
  if (!query.is_null(13)) webhook->old_secret = Secret{std::string(query.text(13))};
  webhook->old_secret_until = query.time(14);
  webhook->disabled_reason = static_cast<DisabledReason>(query.integer(15));
  webhook->failing_since = query.time_or_null(16);
  webhook->deleted = query.flag(17);
  webhook->updated_at = query.time(18);
  return webhook;
}

WebhookPtr store_webhook(WriteContext& context, Webhook changed) {
  auto webhook = std::make_shared<const Webhook>(std::move(changed));
  const WebhookSpec& spec = webhook->spec;
  const std::string event_types = nlohmann::json(spec.event_types).dump();
  const std::string headers = encode_headers(spec.headers);
  const std::string retry = encode_retry(spec.retry);
  std::optional<Blob> old_secret;
  if (webhook->old_secret) old_secret = Blob{webhook->old_secret->bytes};
  context.db
      .query("INSERT OR REPLACE INTO webhooks (" EVENTRELAY_WEBHOOK_COLUMNS
             ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(webhook->id, webhook->organization, spec.url, spec.tenant, spec.description, event_types, headers,
            spec.ordered, spec.max_in_flight, std::int64_t{spec.timeout.count()}, retry, spec.enabled,
            Blob{webhook->secret.bytes}, old_secret, webhook->old_secret_until,
            static_cast<int>(webhook->disabled_reason), webhook->failing_since, webhook->deleted, webhook->updated_at)
      .run();
  context.put_webhook(webhook);
  return webhook;
}

Result<ChangeResult> apply(WriteContext& context, const CreateWebhook& change) {
  Webhook webhook;
  webhook.id = WebhookId{context.next_id()};
  webhook.organization = change.organization;
  webhook.spec = change.spec;
  webhook.secret = change.secret;
  webhook.disabled_reason = change.spec.enabled ? DisabledReason::kNone : DisabledReason::kByUser;
  webhook.updated_at = time_of_id(webhook.id.value);
  WebhookPtr stored = store_webhook(context, std::move(webhook));
  return ChangeResult{stored->id.value, 0, stored, {}};
}

Result<ChangeResult> apply(WriteContext& context, const UpdateWebhook& change) {
  const WebhookPtr old = context.find_webhook(change.organization, change.id);
  if (!old) return no_webhook();
  Webhook webhook = patched(*old, change.patch, context.now);
  if (auto faults = webhook_faults(webhook.spec); !faults.empty()) {
    return Error{ErrorCode::kInvalid, "The webhook would not be valid", std::move(faults)};
  }
  std::vector<DeliveryId> pending;
  if (webhook.spec.ordered != old->spec.ordered) {
    auto few = few_pending(context.db, *old);
    if (!few) return few.error();
    pending = std::move(*few);
  }
  WebhookPtr stored = store_webhook(context, std::move(webhook));
  place_again(context, *stored, pending);
  return ChangeResult{stored->id.value, 0, stored, {}};
}

Result<ChangeResult> apply(WriteContext& context, const RotateSecret& change) {
  const WebhookPtr old = context.find_webhook(change.organization, change.id);
  if (!old) return no_webhook();
  Webhook webhook = *old;
  webhook.old_secret = std::move(webhook.secret);
  webhook.old_secret_until = context.now + kSecretOverlap;
  webhook.secret = change.secret;
  webhook.updated_at = context.now;
  WebhookPtr stored = store_webhook(context, std::move(webhook));
  return ChangeResult{stored->id.value, 0, stored, {}};
}

Result<ChangeResult> apply(WriteContext& context, const DeleteWebhook& change, std::int64_t pending) {
  const WebhookPtr old = context.find_webhook(change.organization, change.id);
  if (!old) return no_webhook();
  Webhook webhook = *old;
  webhook.deleted = true;
  webhook.updated_at = context.now;
  WebhookPtr stored = store_webhook(context, std::move(webhook));
  CreateJob job{change.organization, JobKind::kCancelPending, {}, 0};
  job.filter.webhook = change.id;
  insert_job(context, job, pending, 0);
  return ChangeResult{stored->id.value, pending, stored, {}};
}

}  // namespace eventrelay
