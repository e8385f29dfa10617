// What the writer's thread does to the database: applies intents inside its transaction and gathers the news of it.
// The truth about webhooks, names and ids in memory. One thread. Faults of the database are SqliteError exceptions.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <unordered_map>

#include "domain/webhook_index.h"
#include "ports/people.h"
#include "ports/store.h"
#include "ports/store_queries.h"
#include "storage/codec.h"
#include "storage/rollup.h"
#include "storage/sqlite_db.h"

namespace eventrelay {

/// What a transaction adds to an organization's counters.
struct CounterDelta {
  CountNote note;
  std::int64_t pending = 0;
  std::int64_t dead = 0;
};

/// A job to be made, with what it will meet: counted by a reader, so that no commit waits for the count.
struct CountedJob {
  CreateJob what;
  std::int64_t total = 0;
  std::int64_t bound = 0;  ///< the last death in the count's snapshot
  std::optional<AuditEntry> audit{};
};
/// In one snapshot. Runs until the connection's deadline.
CountedJob count_job(SqliteDb& db, const CreateJob& job);

/// How far a round through the old rows has come: all up to there were looked at.
struct RetentionRound {
  WallTime begun{};
  int days = 0;  ///< that are kept
  bool under_way = false;
  std::int64_t deliveries = 0;
  std::int64_t events = 0;
};

class SqliteSession {
 public:
  /// retention_days: 0: nothing is ever too old. The settings' come first.
  explicit SqliteSession(const std::string& path, int retention_days = 0);

  /// Reads webhooks and the last id. Once, before the first transaction.
  void load();
  void begin(WallTime now);
  /// Writes counters and the last id, then commits: on disk when it returns.
  void commit();
  void rollback();

  Result<IngestResult> apply(IngestIntent& intent);
  Result<FinishResult> apply(const EncodedAttempt& attempt);
  Result<ChangeResult> apply(Change& change);
  /// A CreateJob whose matches were counted before.
  Result<ChangeResult> apply(const CountedJob& job);
  Result<PeopleResult> apply(const PeopleChange& change);
  /// What the transaction changed; empty afterwards.
  News take_news();
  /// What the last commit added, an organization each.
  const std::map<std::int64_t, CounterDelta>& committed() const { return committed_; }
  std::int64_t pending_total() const { return pending_total_; }

  SqliteDb& db() { return db_; }

 private:
  // Ingest.
  std::optional<Result<IngestResult>> resolve_key(const IngestIntent& intent);
  Result<void> settle_targets(IngestIntent& intent);
  IngestedEvent insert_event(OrganizationId organization, const NewEvent& event);
  void insert_deliveries(OrganizationId organization, EventId event, const std::vector<WebhookId>& webhooks,
                         WallTime due, std::int64_t type, std::int64_t tenant, const MessagePtr& message);
  void store_key(const IngestIntent& intent, const IngestResult& result);
  std::int64_t name_id(const char* select, const char* insert, OrganizationId organization, const std::string& name,
                       std::unordered_map<std::string, std::int64_t>& cache);
  std::int64_t type_id(OrganizationId organization, const std::string& name);
  std::int64_t tenant_id(OrganizationId organization, const std::string& name);

  // Attempts.
  bool end_pending(const FinishAttempt& intent);
  void note_attempt(const EncodedAttempt& attempt, bool was_pending);
  void change_health(const FinishAttempt& intent);

  // Changes.
  Result<ChangeResult> apply_one(const CreateWebhook& change);
  Result<ChangeResult> apply_one(const UpdateWebhook& change);
  Result<ChangeResult> apply_one(const DeleteWebhook& change);
  Result<ChangeResult> apply_one(const RotateSecret& change);
  Result<ChangeResult> apply_one(const RetryDelivery& change);
  Result<ChangeResult> apply_one(const CancelDelivery& change);
  Result<ChangeResult> apply_one(const ReplayDead& change);
  Result<ChangeResult> apply_one(const PurgeDead& change);
  Result<ChangeResult> apply_one(const ReplayEvent& change);
  Result<ChangeResult> apply_one(const CreateJob& change);
  Result<ChangeResult> apply_one(const AdvanceJob& change);
  Result<ChangeResult> apply_one(const CancelJob& change);
  Result<ChangeResult> apply_one(const CreateApiKey& change);
  Result<ChangeResult> apply_one(const DeleteApiKey& change);
  Result<ChangeResult> apply_one(const ExpireKeys& change);

  // Retention.
  /// A slice of what is too old; true: there may be more.
  bool retire();
  int days_kept();
  struct OldRow;
  bool retire_deliveries(std::int64_t before);  ///< the first id that is kept
  bool retire_events(std::int64_t before);

  WebhookPtr find_webhook(OrganizationId organization, WebhookId id) const;
  void write_webhook(const Webhook& webhook);
  /// Writes it, makes it the truth and tells the loops.
  void publish(Webhook webhook);
  Result<void> reorder(const Webhook& webhook);
  /// The row, or nullopt; manual and sort_at as stored, without a message.
  std::optional<std::pair<PendingDelivery, DeliveryState>> find_delivery(OrganizationId organization, DeliveryId id);
  void reopen(PendingDelivery delivery);
  void cancel(const PendingDelivery& delivery, DeliveryState from, std::string_view reason);
  JobId insert_job(OrganizationId organization, JobKind kind, const DeliveryFilter& filter, std::int64_t bound,
                   std::int64_t total, std::uint32_t rate);

  void write_audit(AuditEntry entry, std::string made = {});

  std::int64_t next_id() { return ids_.next(now_); }
  /// The transaction's time: of the last id, which never steps back.
  WallTime time() const { return std::max(now_, time_of_id(ids_.last())); }
  CounterDelta& delta(OrganizationId organization) { return deltas_[organization.value]; }

  // Counters.
  void write_counters();
  void insert_note(std::int64_t organization, std::int64_t minute, const CountNote& note);
  /// Minutes that are over become rollups, up to a named number of them; what is left one note a minute.
  void fold_counts();
  void write_rollups(std::int64_t minute, std::int64_t organization, WebhookId webhook, const Rollup& more);
  /// A slice of the rollups that are too old; true: there may be more.
  bool drop_old_rollups();

  SqliteDb db_;
  IdGenerator ids_;
  WebhookIndex index_;
  std::unordered_map<std::string, std::int64_t> type_ids_;
  std::unordered_map<std::string, std::int64_t> tenant_ids_;
  WallTime now_{};
  News news_;
  std::vector<WebhookPtr> replaced_;  ///< by this transaction; marked deleted where there was none
  std::vector<WebhookPtr> restored_;  ///< by rollbacks, to be told with the next commit
  std::map<std::int64_t, CounterDelta> deltas_;
  std::map<std::int64_t, CounterDelta> committed_;
  std::int64_t pending_total_ = 0;
  // When to fold: neither need be right after a rollback.
  std::int64_t notes_ = 0;       ///< since the last fold
  std::int64_t notes_left_ = 0;  ///< by the last fold
  WallTime folded_at_{};
  const int retention_days_;
  RetentionRound round_;
};

/// Columns of a delivery as find_delivery and the lanes' reads take them, in this order, from the table `deliveries`.
inline constexpr const char* kPendingColumns =
    "id, organization_id, webhook_id, event_id, sort_at_ms, due_ms, first_due_ms, attempts, position, manual, state";
PendingDelivery pending_from_row(const SqliteStatement& row);

/// Columns of a webhook: id, organization_id, deleted, spec, secret, old_secret, old_secret_until_ms, disabled_reason,
/// failing_since_ms, updated_ms.
inline constexpr const char* kWebhookColumns =
    "id, organization_id, deleted, spec, secret, old_secret, old_secret_until_ms, disabled_reason, failing_since_ms, "
    "updated_ms";
WebhookPtr webhook_from_row(const SqliteStatement& row);

/// Columns: id, organization_id, name, scope, hint, hash.
ApiKey api_key_from_row(const SqliteStatement& row);

}  // namespace eventrelay
