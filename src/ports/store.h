// The store's port: intents in, committed facts out. Implementations: SQLite, PostgreSQL, the simulation's; all pass
// tests/storage/store_suite. Submitting is thread-safe and never blocks. A completion runs on the loop that was named,
// in commit order, exactly once, or is destroyed uncalled when the store is destroyed first.
//
// A Result's value means committed. Its errors: kUnavailable (nothing was done), kUnknown (may have been done; the
// intent may be repeated), anything else is a refusal that changed nothing. One item's fault fails that item alone.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/completion.h"
#include "base/result.h"
#include "domain/api_key.h"
#include "domain/delivery.h"
#include "domain/people.h"
#include "domain/webhook.h"
#include "ports/event_loop.h"
#include "ports/leases.h"
#include "ports/queue.h"

namespace eventrelay {

// ---- Ingest ----------------------------------------------------------------------------------------------------

struct NewEvent {
  std::string type;
  std::string tenant;                  ///< empty: none
  std::optional<WallTime> deliver_at;  ///< in the future; else now
  std::string metadata;                ///< a JSON object's text, or empty
  std::string payload;                 ///< JSON text as it came
  std::vector<WebhookId> targets;      ///< matched; ascending
};

/// route, key: with the organization the key's identity. fingerprint: of the request's body.
struct IdempotencyClaim {
  std::string route;
  std::string key;
  Sha256 fingerprint{};
};

/// One request: all its events or none. Ids and created_at are assigned inside the commit and only rise.
struct IngestIntent {
  OrganizationId organization;
  std::vector<NewEvent> events;  ///< 1..kBatchEventsMax
  std::optional<IdempotencyClaim> key;
  /// WebhookIndex::version() that `targets` were matched against; the commit matches again if it has moved.
  std::uint64_t catalog_version = 0;
  /// Targets were named by a person: not matched again; deleted ones are refused with kNotFound. Their deliveries are
  /// tests (PendingDelivery::is_test).
  bool targets_fixed = false;
  /// Committed with the events, or not at all. REQUIRES: organization and target. nullptr: none.
  std::shared_ptr<const AuditEntry> audit{};
};

struct IngestedEvent {
  EventId id;
  WallTime created_at{};
  std::uint32_t deliveries = 0;
};

/// Errors: kKeyReused (same key, another fingerprint), kTooLarge (past kTargetsPerCommitItemMax).
struct IngestResult {
  bool duplicate = false;  ///< the key's first answer; nothing was stored
  std::vector<IngestedEvent> events;
};

// ---- Attempts --------------------------------------------------------------------------------------------------

enum class HealthChange : std::uint8_t {
  kNone,
  kFailing,        ///< failures for a while without a success: sets failing_since to the attempt's start
  kHealthy,        ///< success: clears it
  kDisableGone,    ///< 410
  kDisableFailing  ///< kDisableAfterFailing passed
};

/// The end of one attempt. Keyed by (delivery, number): a repeated one changes nothing and succeeds.
/// On a delivery that is no longer pending the attempt is recorded and the state stays. A request for a manual attempt
/// (RetryDelivery) that came while a scheduled one ran stands: `manual` and sort_at are then kept; the end of a manual
/// attempt clears it.
struct FinishAttempt {
  OrganizationId organization;
  WebhookId webhook;
  DeliveryId delivery;
  std::uint32_t number = 0;
  bool manual = false;
  AttemptOutcome outcome;
  DeliveryState state = DeliveryState::kPending;  ///< kPending: due and position say what is next
  std::string_view reason;                        ///< a literal; for dead
  WallTime due{};
  std::uint32_t position = 0;
  milliseconds latency{0};  ///< first due to now; counts when it succeeded
  HealthChange health = HealthChange::kNone;
  WorkerToken token{};  ///< the worker's when the attempt began; kNotOwner: it is fenced. None: there are no leases
  EventId event{};
  std::string type{};  ///< the event's
};

/// Shared, so that the engine can submit it again after kUnavailable or kUnknown.
using FinishAttemptPtr = std::shared_ptr<const FinishAttempt>;

struct FinishResult {
  DeliveryState state = DeliveryState::kPending;  ///< as committed
};

// ---- Changes by people, jobs, housekeeping -----------------------------------------------------------------------

struct CreateWebhook {
  OrganizationId organization;
  WebhookSpec spec;
  Secret secret;
};
/// Errors: kNotFound, kInvalid (the patched spec), kConflict (`ordered` flipped with more than kJobSliceRows pending).
struct UpdateWebhook {
  OrganizationId organization;
  WebhookId id;
  WebhookPatch patch;
};
/// Marks it deleted and makes a job that cancels what is pending, in slices, with the reason "webhook_deleted".
struct DeleteWebhook {
  OrganizationId organization;
  WebhookId id;
};
struct RotateSecret {
  OrganizationId organization;
  WebhookId id;
  Secret secret;
};

/// pending: asks for an attempt now beside the schedule; dead: reopens. Errors: kNotFound, kConflict (other states).
struct RetryDelivery {
  OrganizationId organization;
  DeliveryId id;
};
/// pending -> cancelled, reason "cancelled_by_user".
struct CancelDelivery {
  OrganizationId organization;
  DeliveryId id;
};
/// dead -> pending: same id, numbering goes on, the schedule begins again. kConflict when it is not dead, kNotFound.
struct ReplayDead {
  OrganizationId organization;
  DeliveryId id;
};
/// dead -> cancelled, reason "purged".
struct PurgeDead {
  OrganizationId organization;
  DeliveryId id;
};
/// New deliveries. Empty webhooks: those that the event went to and that still exist; if it went to none, those that
/// match now. Unknown or deleted webhooks: kInvalid with the path "webhook_ids[i]".
struct ReplayEvent {
  OrganizationId organization;
  EventId id;
  std::vector<WebhookId> webhooks;
};

/// The filters of lists, as ids. Unset: any.
struct DeliveryFilter {
  std::optional<DeliveryState> state;
  std::optional<WebhookId> webhook;
  std::optional<EventId> event;
  std::string type;
  std::string tenant;
  std::optional<WallTime> after;   ///< inclusive, on created_at
  std::optional<WallTime> before;  ///< exclusive
};

enum class JobKind : std::uint8_t { kReplayDead = 0, kPurgeDead = 1, kCancelPending = 2 };
enum class JobState : std::uint8_t { kPending = 0, kRunning = 1, kDone = 2, kFailed = 3, kCancelled = 4 };
std::string_view to_text(JobKind kind);  ///< "replay_dead", "purge_dead", "cancel_pending"
std::string_view to_text(JobState state);

/// Fixes its upper bound at the commit: what dies later is not met. count: what matched.
struct CreateJob {
  OrganizationId organization;
  JobKind kind;
  DeliveryFilter filter;
  std::uint32_t rate = 0;
};
/// Does up to `rows` more and writes the position in the same transaction. rows: 1..kJobSliceRows.
struct AdvanceJob {
  JobId id;
  std::size_t rows;
};
struct CancelJob {
  OrganizationId organization;
  JobId id;
};

struct CreateApiKey {
  ApiKey key;
};  ///< id is assigned
struct DeleteApiKey {
  OrganizationId organization;
  ApiKeyId id;
};

/// Housekeeping. Deletes up to kJobSliceRows idempotency keys older than that, as many sessions that ended
/// kAddressKnown ago, invitations that have expired, receivers that nobody has used for kReceiverKept, records of what
/// happened that nobody watches any more; and, where there is a retention (Settings, or as the store was opened), a
/// part of what is older: final deliveries with their attempts, and events that no pending delivery needs. What is
/// pending stays. What died and was dropped leaves the count of the dead. ChangeResult::more.
struct ExpireKeys {
  WallTime before;
};

/// With the entry of the audit log that is committed with it, or not at all; of a job it is written when that is made.
/// REQUIRES: AuditEntry::organization; target, but of CreateWebhook, CreateJob and CreateApiKey.
struct Change
    : std::variant<CreateWebhook, UpdateWebhook, DeleteWebhook, RotateSecret, RetryDelivery, CancelDelivery, ReplayDead,
                   PurgeDead, ReplayEvent, CreateJob, AdvanceJob, CancelJob, CreateApiKey, DeleteApiKey, ExpireKeys> {
  using variant::variant;
  std::optional<AuditEntry> audit;
};

struct DeliveryRow;  // store_queries.h
struct JobRow;

struct ChangeResult {
  std::int64_t id = 0;     ///< of what was made (webhook, job, key)
  std::int64_t count = 0;  ///< deliveries made, rows done by this slice, matches of a job
  // What the change left, so that a person is answered without a read that can fail after the commit.
  WebhookPtr webhook;
  OrganizationId organization{};                  ///< of AdvanceJob: the job's
  std::shared_ptr<const DeliveryRow> delivery{};  ///< of RetryDelivery, CancelDelivery, ReplayDead, PurgeDead
  std::shared_ptr<const JobRow> job{};            ///< of CancelJob, AdvanceJob
  JobState job_state = JobState::kPending;
  bool more = false;  ///< of ExpireKeys: there is more to do at once
};

// ---- What the engine reads ---------------------------------------------------------------------------------------

/// Pending rows of one webhook after (after_sort_at, after_id), in (sort_at, id) order.
struct DueQuery {
  OrganizationId organization;
  WebhookId webhook;
  WallTime after_sort_at{};
  DeliveryId after_id;
  WallTime until{};               ///< sort_at at or before
  std::size_t limit = 0;          ///< 1..kRefillRowsMax
  std::size_t payload_bytes = 0;  ///< rows past this sum come without a message
};

/// What a read of a store that several processes share has seen (PostgreSQL: pg_snapshot). Empty, it sees nothing
/// numbered, as of a store whose news come whole and in order.
struct ReadPoint {
  std::uint64_t xmin = 0;                  ///< all below are seen
  std::uint64_t xmax = 0;                  ///< none from here on is
  std::vector<std::uint64_t> in_progress;  ///< between them, not seen; ascending
  bool is_numbered() const { return xmax != 0; }
  bool sees(std::uint64_t commit) const {
    return commit < xmax && (commit < xmin || !std::binary_search(in_progress.begin(), in_progress.end(), commit));
  }
  /// Whether it sees all that the other sees.
  bool covers(const ReadPoint& other) const {
    return xmax >= other.xmax && std::none_of(in_progress.begin(), in_progress.end(),
                                              [&](std::uint64_t commit) { return other.sees(commit); });
  }
};

struct DuePage {
  std::vector<PendingDelivery> rows;
  std::optional<WallTime> next_sort_at;  ///< of the first pending row that was not returned
  ReadPoint seen;
};

struct LaneStart {
  WebhookId webhook;
  WallTime next_sort_at{};
};
/// Lanes with something pending, ascending; found by a skip scan.
struct LanePage {
  std::vector<LaneStart> lanes;
  bool done = false;
  ReadPoint seen;
};

struct JobSummary {
  JobId id;
  std::uint32_t rate = 0;  ///< a second; 0: no limit but the slices'
};

struct Catalog {
  WallTime at{};                     ///< of the last commit: this time has come, even if the clock was set back since
  std::vector<WebhookPtr> webhooks;  ///< without the deleted
  std::vector<ApiKey> keys;
  std::vector<JobSummary> open_jobs;
  std::vector<CatalogMark> versions;  ///< of organizations whose webhooks the store counts itself
};

inline constexpr OrganizationId kFirstOrganization{1};

class Store {
 public:
  virtual ~Store() = default;

  virtual void ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) = 0;
  virtual void finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) = 0;
  /// Answered after every event loop has taken the change in.
  virtual void change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) = 0;

  /// Errors of reads: kUnavailable, kTimeout.
  virtual void read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) = 0;
  /// Of the webhooks in these partitions. limit: 1..kScanLanesMax.
  virtual void read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                          Completion<Result<LanePage>> done) = 0;
  /// In the order of the request; nullptr where there is no such event. events: at most kRefillRowsMax.
  virtual void read_messages(EventLoop& loop, std::vector<EventId> events,
                             Completion<Result<std::vector<MessagePtr>>> done) = 0;
  /// Jobs that have not ended.
  virtual void read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) = 0;
  /// Blocks. Before the loops run.
  virtual Result<Catalog> load_catalog() = 0;
};

}  // namespace eventrelay
