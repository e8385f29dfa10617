// What the simulated store has on its disk, and what each intent does to it: the semantics of ports/store.h in memory.
// Outlives the processes that the simulation crashes. Single-threaded.
#pragma once
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/webhook_index.h"
#include "engine/lane_window.h"
#include "ports/store.h"
#include "tests/sim/sim_faults.h"

namespace eventrelay {

struct SimEvent {
  EventId id;
  std::string type;
  std::string tenant;
  std::string payload;
  std::string key;  ///< idempotency key, or empty
  std::vector<DeliveryId> deliveries;
};

struct SimDelivery {
  PendingDelivery row;  ///< without a message
  DeliveryState state = DeliveryState::kPending;
  std::string_view reason;
  std::int64_t ended_id = 0;
};

struct SimJob {
  JobId id;
  OrganizationId organization;
  JobKind kind{};
  JobState state = JobState::kPending;
  DeliveryFilter filter;
  std::int64_t position = 0;
  std::int64_t bound = 0;
  std::uint32_t rate = 0;
};

class SimDatabase {
 public:
  explicit SimDatabase(SimFault fault = SimFault::kNone) : fault_(fault) {}

  // ---- A transaction: begin, apply what there is, take the news.
  void begin(WallTime now) { now_ = now; }
  /// Of a database that several processes share: with a number, and with ids that were drawn before, or 0.
  void begin(WallTime now, std::uint64_t commit, std::int64_t drawn) {
    now_ = now;
    commit_ = commit;
    drawn_ = drawn;
  }
  /// The first of so many ids.
  std::int64_t draw(WallTime now, std::size_t count);
  /// Of the organization's webhooks; counted where commits are.
  std::uint64_t version() const { return version_; }
  Result<IngestResult> apply(IngestIntent& intent);
  Result<FinishResult> apply(const FinishAttempt& intent);
  void change_health(const FinishAttempt& intent);
  Result<ChangeResult> apply(const Change& change);
  News take_news() {
    news_.at = time();
    news_.commit = commit_;
    return std::exchange(news_, News{});
  }

  // ---- Reads, of this moment.
  Catalog open();
  DuePage due(const DueQuery& query) const;
  LanePage lanes(const PartitionSet& partitions, WebhookId after, std::size_t limit) const;
  MessagePtr message(EventId event) const;
  std::vector<JobSummary> open_jobs() const;

  // ---- For the witness and the planted faults.
  const std::map<DeliveryId, SimDelivery>& deliveries() const { return deliveries_; }
  const std::map<EventId, SimEvent>& events() const { return events_; }
  const std::map<WebhookId, Webhook>& webhooks() const { return webhooks_; }
  const std::map<JobId, SimJob>& jobs() const { return jobs_; }
  const std::set<std::pair<LaneKey, DeliveryId>>* lane(WebhookId id) const;
  WallTime time() const { return std::max(now_, time_of_id(ids_.last())); }
  /// As if it had never been written.
  void lose(EventId event);

 private:
  using LaneRows = std::set<std::pair<LaneKey, DeliveryId>>;

  std::optional<Result<IngestResult>> resolve_key(const IngestIntent& intent) const;
  IngestedEvent insert_event(OrganizationId organization, const NewEvent& event);
  void insert_delivery(SimEvent& event, OrganizationId organization, WebhookId webhook, WallTime due,
                       bool with_message);

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

  std::int64_t next_id() { return drawn_ != 0 ? drawn_++ : ids_.next(now_); }
  WebhookPtr live(OrganizationId organization, WebhookId id) const;
  SimDelivery* find(OrganizationId organization, DeliveryId id);
  bool ordered(WebhookId id) const;
  ChangeResult publish(Webhook webhook);
  void reorder(const Webhook& webhook);
  /// Every change of a row goes through these two, so that the lanes' and the dead ones' indexes stay right.
  void unlink(const SimDelivery& delivery);
  void link(const SimDelivery& delivery);
  void end(SimDelivery& delivery, DeliveryState state, std::string_view reason);
  void reopen(SimDelivery& delivery);
  void cancel(SimDelivery& delivery, std::string_view reason);
  JobId insert_job(OrganizationId organization, JobKind kind, DeliveryFilter filter, std::int64_t bound,
                   std::uint32_t rate);
  bool matches(const DeliveryFilter& filter, const SimDelivery& delivery) const;
  std::vector<DeliveryId> slice(SimJob& job, std::size_t rows, bool& done);

  SimFault fault_;
  IdGenerator ids_;
  WallTime now_{};
  std::uint64_t commit_ = 0;
  std::int64_t drawn_ = 0;
  std::uint64_t version_ = 0;
  News news_;
  WebhookIndex index_;  ///< of the live ones; made anew by open()
  std::map<WebhookId, Webhook> webhooks_;
  std::map<EventId, SimEvent> events_;
  std::map<DeliveryId, SimDelivery> deliveries_;
  std::map<WebhookId, LaneRows> pending_;
  std::set<std::pair<std::int64_t, DeliveryId>> dead_;  ///< by ended_id
  std::map<JobId, SimJob> jobs_;
  struct Claim {
    Sha256 fingerprint{};
    IngestResult result;
    WallTime made{};
  };
  std::map<std::pair<std::string, std::string>, Claim> claims_;
  std::map<ApiKeyId, ApiKey> api_keys_;
};

/// The message of one delivery: its body tells the witness which one it is.
MessagePtr sim_message(const SimEvent& event, DeliveryId delivery);

}  // namespace eventrelay
