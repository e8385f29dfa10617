// One try of a change on PostgreSQL: the organization's lock, what is counted, the note of the commit, the news of it.
// Belongs to the store's loop.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "ports/store_queries.h"
#include "storage/postgres_changes.h"
#include "storage/postgres_queries.h"
#include "storage/rollup.h"

namespace eventrelay {

/// A job to be made, with what it will meet: counted before the transaction.
struct CountedPgJob {
  CreateJob what;
  std::int64_t total = 0;  ///< where there are too many to count, what was counted
  std::int64_t bound = 0;  ///< the last death
};
/// ChangeFault.
Awaitable<CountedPgJob> count_job(PgRead read, CreateJob job);

/// What the attempt's end finds, by a look without locks. ChangeFault.
struct HealthLook {
  WebhookPtr webhook;     ///< nullptr: there is none any more
  bool is_known = false;  ///< it is as the attempt's end says
};
Awaitable<HealthLook> look_at_health(PgRead read, const FinishAttempt& finish);

class ChangeSession : public PgTransaction {
 public:
  using PgTransaction::PgTransaction;

  // Each is the whole transaction. A refusal, and what changed nothing, leave it open: roll_back() then.
  Awaitable<Result<ChangeResult>> apply(const CreateWebhook& change);
  Awaitable<Result<ChangeResult>> apply(const UpdateWebhook& change);
  Awaitable<Result<ChangeResult>> apply(const DeleteWebhook& change);
  Awaitable<Result<ChangeResult>> apply(const RotateSecret& change);
  Awaitable<Result<ChangeResult>> apply(const FinishAttempt& finish);  ///< the health alone
  Awaitable<Result<ChangeResult>> apply(const CreateApiKey& change);
  Awaitable<Result<ChangeResult>> apply(const DeleteApiKey& change);
  Awaitable<Result<ChangeResult>> apply(const RetryDelivery& change);
  Awaitable<Result<ChangeResult>> apply(const CancelDelivery& change);
  Awaitable<Result<ChangeResult>> apply(const ReplayDead& change);
  Awaitable<Result<ChangeResult>> apply(const PurgeDead& change);
  Awaitable<Result<ChangeResult>> apply(const ReplayEvent& change);
  Awaitable<Result<ChangeResult>> apply(const CountedPgJob& job);
  Awaitable<Result<ChangeResult>> apply(const AdvanceJob& change);
  Awaitable<Result<ChangeResult>> apply(const CancelJob& change);
  Awaitable<Result<ChangeResult>> apply(const ExpireKeys& change);

  /// None where it is not committed.
  News take_news() { return committed_ ? std::move(news_) : News{}; }

 private:
  // ---- The transaction
  enum class OrgLock {
    kNone,
    kShared,    ///< what makes or reopens deliveries: no webhook changes until the commit
    kExclusive  ///< what changes webhooks or keys: nothing is taken in meanwhile; draws the version, too
  };
  void begin(OrganizationId organization, OrgLock lock);
  /// Takes the lock in the next batch. Statements after it see what was committed before it was granted.
  void lock(OrgLock lock);
  /// Takes the version, too, where one was drawn.
  Awaitable<Rows> run();
  /// Sends the rest with the note, the counters, the audit's row and the COMMIT; completes the news.
  Awaitable<Rows> commit();

  // ---- Webhooks
  struct StoredWebhook {
    WebhookPtr webhook;
    int partition = 0;
  };
  /// The deleted are not found.
  std::size_t read_webhook(OrganizationId organization, WebhookId id);
  static std::optional<StoredWebhook> stored_webhook(const PgRows& rows);
  /// Begins with the exclusive lock and reads the webhook.
  Awaitable<std::optional<StoredWebhook>> begin_at(OrganizationId organization, WebhookId id);
  /// Writes it under the version that the transaction drew, and tells it.
  ChangeResult publish(Webhook webhook, int partition);
  /// Gives what is pending its place under the other rule of order.
  Awaitable<Result<void>> reorder(const Webhook& webhook, int partition);

  // ---- Deliveries
  struct LockedDelivery {
    PendingDelivery row;
    DeliveryState state{};
    int partition = 0;
    bool has_webhook = false;
    bool ordered = false;
    std::int64_t ended_id = 0;
  };
  /// Locks those of the organization that exist, in the order of their ids. ids: ascending, at least one.
  std::size_t lock_deliveries(OrganizationId organization, std::span<const std::int64_t> ids);
  static std::vector<LockedDelivery> locked_from(const PgRows& rows);
  /// What is read of the one delivery that a person named; nullopt: there is none.
  Awaitable<std::optional<LockedDelivery>> lock_one(OrganizationId organization, DeliveryId id, OrgLock lock);
  /// Dead ones begin their schedules again, in their old places where the webhook is ordered.
  void reopen(std::vector<LockedDelivery> deliveries);
  void cancel(const std::vector<LockedDelivery>& deliveries, std::string_view reason);
  void note(const LockedDelivery& delivery);
  /// Commits; with the row that the change left.
  Awaitable<ChangeResult> commit_delivery(OrganizationId organization, DeliveryId id);

  // ---- Replays of events
  struct ReplayTarget {
    WebhookId webhook;
    int partition = 0;
    std::int64_t replay_of = 0;
  };
  struct ReplayedEvent;
  Awaitable<std::optional<ReplayedEvent>> read_replayed(const ReplayEvent& change);
  Awaitable<std::vector<ReplayTarget>> match(OrganizationId organization, std::string type, std::string tenant);
  void insert_replays(const ReplayEvent& change, const ReplayedEvent& event, const std::vector<ReplayTarget>& targets);

  // ---- Jobs
  struct OpenJob;
  struct Slice;
  JobId insert_job(OrganizationId organization, JobKind kind, const DeliveryFilter& filter, std::int64_t bound,
                   std::int64_t total, std::uint32_t rate);
  std::size_t lock_job(JobId id);
  static std::optional<OpenJob> open_job(const PgRows& rows);
  Awaitable<Slice> pick_pending(const OpenJob& job, std::size_t limit);
  Awaitable<Slice> pick_dead(const OpenJob& job, std::size_t limit);
  Awaitable<std::vector<LockedDelivery>> lock_slice(const OpenJob& job, std::vector<std::int64_t> ids);
  void change_slice(const OpenJob& job, std::vector<LockedDelivery> deliveries);

  /// What it adds to the organization's counters.
  struct Counted {
    CountNote note;
    std::int64_t pending = 0, dead = 0;
  };
  void add_counted();

  std::optional<std::size_t> versions_;  ///< its place in the batch
  OrganizationId organization_;
  std::int64_t version_ = 0;
  bool committed_ = false;
  Counted counted_;
  PartitionSet touched_;
  std::vector<std::int64_t> changed_;         ///< deliveries
  std::optional<std::int64_t> first_, last_;  ///< new deliveries
  News news_;
};

}  // namespace eventrelay
