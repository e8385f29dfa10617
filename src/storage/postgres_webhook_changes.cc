// Changes of webhooks and keys: each under the organization's exclusive lock, which it takes before it reads anything.
#include <algorithm>
#include <array>

#include "storage/codec.h"
#include "storage/postgres_change_session.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay {

namespace {

/// The webhook after the attempt's end; nullopt: it is so already.
std::optional<Webhook> with_health(const Webhook& current, const FinishAttempt& finish, WallTime now) {
  Webhook next = current;
  switch (finish.health) {
    case HealthChange::kNone:
      return std::nullopt;
    case HealthChange::kFailing:
      if (next.failing_since) return std::nullopt;
      next.failing_since = finish.outcome.started_at;
      return next;
    case HealthChange::kHealthy:
      if (!next.failing_since) return std::nullopt;
      next.failing_since.reset();
      return next;
    case HealthChange::kDisableGone:
    case HealthChange::kDisableFailing:
      if (!next.spec.enabled) return std::nullopt;
      next.spec.enabled = false;
      next.disabled_reason =
          finish.health == HealthChange::kDisableGone ? DisabledReason::kGone : DisabledReason::kFailing;
      next.updated_at = now;
      return next;
  }
  return std::nullopt;
}

// The number of the partition stays what it was made with.
constexpr const char* kWriteWebhook =
    "INSERT INTO webhooks (id, organization_id, deleted, partition, ordered, spec, secret, old_secret,"
    " old_secret_until_ms, disabled_reason, failing_since_ms, updated_ms, version)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    " ON CONFLICT (id) DO UPDATE SET deleted = $3, ordered = $5, spec = $6, secret = $7, old_secret = $8,"
    " old_secret_until_ms = $9, disabled_reason = $10, failing_since_ms = $11, updated_ms = $12, version = $13";

}  // namespace

Awaitable<HealthLook> look_at_health(PgRead read, const FinishAttempt& finish) {
  PgStatement statement = select_webhook(finish.organization, finish.webhook);
  Result<PgRows> answer = co_await read_rows(read, std::move(statement));
  const PgRows rows = read_or_fault(std::move(answer));
  HealthLook look;
  look.webhook = selected_webhook(rows);
  look.is_known = !look.webhook || !with_health(*look.webhook, finish, WallTime{});
  co_return look;
}

std::size_t ChangeSession::read_webhook(OrganizationId organization, WebhookId id) {
  static const std::string kSelect = std::string("SELECT w.partition, ") + kPgWebhookColumns +
                                     " FROM webhooks w WHERE w.id = $1 AND w.organization_id = $2 AND NOT w.deleted";
  PgParams params;
  params.add(id.value).add(organization.value);
  return add(kSelect.c_str(), std::move(params));
}

std::optional<ChangeSession::StoredWebhook> ChangeSession::stored_webhook(const PgRows& rows) {
  if (rows.empty()) return std::nullopt;
  return StoredWebhook{webhook_from_row(rows, 0, 1), static_cast<int>(rows.integer(0, 0))};
}

Awaitable<std::optional<ChangeSession::StoredWebhook>> ChangeSession::begin_at(OrganizationId organization,
                                                                               WebhookId id) {
  begin(organization, OrgLock::kExclusive);
  draw_ids(1);
  const std::size_t found = read_webhook(organization, id);
  const Rows rows = co_await run();
  std::optional<StoredWebhook> stored = stored_webhook(rows[found]);
  co_return stored;
}

ChangeResult ChangeSession::publish(Webhook webhook, int partition) {
  webhook.version = static_cast<std::uint64_t>(version_);
  const std::string spec = encode_spec(webhook.spec);
  PgParams params;
  params.add(webhook.id.value).add(webhook.organization.value).add_bool(webhook.deleted).add_int(partition);
  params.add_bool(webhook.spec.ordered).add_text(spec).add_bytes(webhook.secret.bytes);
  if (webhook.old_secret) {
    params.add_bytes(webhook.old_secret->bytes);
  } else {
    params.add_null(kPgBytea);
  }
  params.add(unix_ms(webhook.old_secret_until)).add_int(static_cast<int>(webhook.disabled_reason));
  params.add(webhook.failing_since ? std::optional(unix_ms(*webhook.failing_since)) : std::nullopt);
  params.add(unix_ms(webhook.updated_at)).add(version_);
  add(kWriteWebhook, std::move(params));

  touched_.set(static_cast<std::size_t>(partition));
  news_.catalog.push_back({webhook.organization, webhook.version});
  ChangeResult result;
  result.id = webhook.id.value;
  result.webhook = std::make_shared<const Webhook>(std::move(webhook));
  news_.webhooks.push_back(result.webhook);
  return result;
}

// ---- Webhooks ----------------------------------------------------------------------------------------------------

Awaitable<Result<ChangeResult>> ChangeSession::apply(const CreateWebhook& change) {
  begin(change.organization, OrgLock::kExclusive);
  draw_ids(1);
  co_await run();
  Webhook webhook;
  webhook.id = WebhookId{next_id()};
  webhook.organization = change.organization;
  webhook.spec = change.spec;
  webhook.secret = change.secret;
  if (!webhook.spec.enabled) webhook.disabled_reason = DisabledReason::kByUser;
  webhook.updated_at = time();
  const int partition = partition_of(webhook.id);
  ChangeResult result = publish(std::move(webhook), partition);
  note_made(to_text(result.webhook->id));
  co_await commit();
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const UpdateWebhook& change) {
  const auto current = co_await begin_at(change.organization, change.id);
  if (!current) co_return no_such("webhook");
  Webhook next = patched(*current->webhook, change.patch, time());
  if (auto faults = webhook_faults(next.spec); !faults.empty())
    co_return Error{ErrorCode::kInvalid, "The webhook would not be valid", std::move(faults)};
  if (next.spec.ordered != current->webhook->spec.ordered) {
    Result<void> moved = co_await reorder(next, current->partition);
    if (!moved) co_return moved.error();
  }
  ChangeResult result = publish(std::move(next), current->partition);
  co_await commit();
  co_return result;
}

Awaitable<Result<void>> ChangeSession::reorder(const Webhook& webhook, int partition) {
  PgParams which;
  which.add_int(partition).add(webhook.id.value).add(std::int64_t{kJobSliceRows} + 1);
  const std::size_t found = add(
      "SELECT id FROM deliveries WHERE partition = $1 AND webhook_id = $2 AND state = 0 LIMIT $3", std::move(which));
  const Rows rows = co_await run();
  std::vector<std::int64_t> ids;
  ids.reserve(static_cast<std::size_t>(rows[found].size()));
  for (int i = 0; i < rows[found].size(); ++i) ids.push_back(rows[found].integer(i, 0));
  if (ids.size() > kJobSliceRows)
    co_return conflict("`ordered` cannot be changed while more than " + std::to_string(kJobSliceRows) +
                       " deliveries are pending");
  Result<void> done;
  if (ids.empty()) co_return done;
  std::sort(ids.begin(), ids.end());
  lock_deliveries(webhook.organization, ids);
  PgParams params;
  params.add_array(std::span<const std::int64_t>(ids)).add(ids.front()).add(ids.back()).add_bool(webhook.spec.ordered);
  add("UPDATE deliveries SET sort_at_ms = CASE WHEN $4 OR manual THEN first_due_ms ELSE due_ms END"
      " WHERE id = ANY ($1) AND id BETWEEN $2 AND $3 AND state = 0",
      std::move(params));
  co_return done;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const DeleteWebhook& change) {
  begin(change.organization, OrgLock::kExclusive);
  draw_ids(2);
  PgParams which;
  which.add(change.id.value);
  const std::size_t found = read_webhook(change.organization, change.id);
  const std::size_t waits = add(
      "SELECT EXISTS (SELECT 1 FROM deliveries WHERE partition = (SELECT w.partition FROM webhooks w WHERE w.id = $1)"
      " AND webhook_id = $1 AND state = 0)",
      std::move(which));
  const Rows rows = co_await run();
  const auto current = stored_webhook(rows[found]);
  if (!current) co_return no_such("webhook");
  Webhook deleted = *current->webhook;
  deleted.deleted = true;
  deleted.updated_at = time();
  ChangeResult result = publish(std::move(deleted), current->partition);
  // Also an attempt under way may leave something pending; it is among what is pending now.
  if (rows[waits].integer(0, 0) != 0) {
    DeliveryFilter filter;
    filter.webhook = change.id;
    insert_job(change.organization, JobKind::kCancelPending, filter, 0, 0, 0);
  }
  co_await commit();
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const RotateSecret& change) {
  const auto current = co_await begin_at(change.organization, change.id);
  if (!current) co_return no_such("webhook");
  Webhook next = *current->webhook;
  next.old_secret = current->webhook->secret;
  next.old_secret_until = time() + milliseconds(kSecretOverlap);
  next.secret = change.secret;
  next.updated_at = time();
  ChangeResult result = publish(std::move(next), current->partition);
  co_await commit();
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const FinishAttempt& finish) {
  const auto current = co_await begin_at(finish.organization, finish.webhook);
  ChangeResult result;
  result.id = finish.webhook.value;
  if (!current) co_return result;
  result.webhook = current->webhook;
  std::optional<Webhook> next = with_health(*current->webhook, finish, time());
  if (!next) co_return result;
  result = publish(std::move(*next), current->partition);
  co_await commit();
  co_return result;
}

// ---- Keys --------------------------------------------------------------------------------------------------------

Awaitable<Result<ChangeResult>> ChangeSession::apply(const CreateApiKey& change) {
  ApiKey key = change.key;
  begin(key.organization, OrgLock::kExclusive);
  PgParams params;
  params.add(context_.at_ms).add(key.organization.value).add_text(key.name).add_int(static_cast<int>(key.scope));
  params.add_bytes(as_bytes(key.hash)).add_text(key.hint);
  // The version is the one that this transaction drew. A deleted key's row is taken for the new key.
  const std::size_t made = add(
      "INSERT INTO api_keys AS k (id, organization_id, name, scope, hash, hint, version)"
      " SELECT draw_ids(1, $1), $2, $3, $4, $5, $6, o.version FROM organizations o WHERE o.id = $2"
      " ON CONFLICT (hash) DO UPDATE SET id = excluded.id, organization_id = excluded.organization_id,"
      " name = excluded.name, scope = excluded.scope, hint = excluded.hint, version = excluded.version, deleted = false"
      " WHERE k.deleted RETURNING id, version",
      std::move(params));
  Rows rows = co_await run();
  if (rows[made].empty()) co_return conflict("This key exists already");
  ChangeResult result;
  result.id = rows[made].integer(0, 0);
  key.id = ApiKeyId{result.id};
  time_ = time_of_id(result.id);
  news_.catalog.push_back({key.organization, static_cast<std::uint64_t>(version_)});
  news_.keys.push_back({std::move(key), false});
  note_made(to_text(ApiKeyId{result.id}));
  co_await commit();
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const DeleteApiKey& change) {
  begin(change.organization, OrgLock::kExclusive);
  draw_ids(1);
  PgParams params;
  params.add(change.id.value).add(change.organization.value);
  static const std::string kDelete =
      std::string(
          "UPDATE api_keys k SET deleted = true, version = (SELECT o.version FROM organizations o WHERE o.id = $2)"
          " WHERE k.id = $1 AND k.organization_id = $2 AND NOT k.deleted RETURNING ") +
      kPgKeyColumns;
  const std::size_t found = add(kDelete.c_str(), std::move(params));
  Rows rows = co_await run();
  if (rows[found].empty()) co_return no_such("key");
  ApiKey key = api_key_from_row(rows[found], 0);
  news_.catalog.push_back({key.organization, static_cast<std::uint64_t>(version_)});
  news_.keys.push_back({std::move(key), true});
  co_await commit();
  ChangeResult result;
  result.id = change.id.value;
  co_return result;
}

Awaitable<Result<ChangeResult>> ChangeSession::apply(const ExpireKeys& change) {
  // $3: for how long it is kept.
  const auto expire = [this](const char* sql, milliseconds kept) {
    PgParams params;
    params.add(context_.at_ms).add(std::int64_t{kJobSliceRows}).add(std::int64_t{kept.count()});
    return add(sql, std::move(params));
  };
  begin({}, OrgLock::kNone);
  PgParams params;
  params.add(unix_ms(change.before)).add(std::int64_t{kJobSliceRows});
  // What another holds, another expires.
  const std::size_t expired =
      add("DELETE FROM idempotency_keys WHERE (organization_id, route, key) IN (SELECT organization_id, route, key"
          " FROM idempotency_keys WHERE created_ms < $1 ORDER BY created_ms LIMIT $2 FOR UPDATE SKIP LOCKED)",
          std::move(params));
  const std::size_t sessions = expire(
      "DELETE FROM sessions WHERE token IN (SELECT token FROM sessions"
      " WHERE expires_ms <= (SELECT coalesce($1, now_ms())) - $3 ORDER BY expires_ms LIMIT $2 FOR UPDATE SKIP LOCKED)",
      kAddressKnown);
  const std::size_t invitations = expire(
      "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations"
      " WHERE expires_ms <= (SELECT coalesce($1, now_ms())) - $3 ORDER BY expires_ms LIMIT $2 FOR UPDATE SKIP LOCKED)",
      milliseconds{0});
  const std::size_t receivers = expire(
      "DELETE FROM receivers WHERE (organization_id, id) IN (SELECT organization_id, id FROM receivers"
      " WHERE used_ms <= (SELECT coalesce($1, now_ms())) - $3 ORDER BY used_ms LIMIT $2 FOR UPDATE SKIP LOCKED)",
      kReceiverKept);
  PgParams untold;
  untold.add(std::int64_t{kJobSliceRows});
  const std::size_t activity =
      add("DELETE FROM activity WHERE (organization_id, number) IN (SELECT a.organization_id, a.number"
          " FROM activity_watched w JOIN activity a ON a.organization_id = w.organization_id"
          " WHERE w.until < clock_timestamp() LIMIT $1 FOR UPDATE OF a SKIP LOCKED)",
          std::move(untold));
  const Rows rows = co_await commit();
  ChangeResult result;
  result.count = rows[expired].affected();
  result.more = std::ranges::any_of(std::array{expired, sessions, invitations, receivers, activity},
                                    [&](std::size_t at) { return rows[at].affected() >= std::int64_t{kJobSliceRows}; });
  co_return result;
}

}  // namespace eventrelay
