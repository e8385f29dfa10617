// The store that many processes share: PostgreSQL, on an event loop and thread of the store's own; a few connections.
// Thread-safe, as the ports say.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "ports/activity.h"
#include "ports/commit_log.h"
#include "ports/leases.h"
#include "ports/people.h"
#include "ports/receiver.h"
#include "ports/store.h"
#include "ports/store_queries.h"

namespace eventrelay {

struct PostgresOptions {
  std::string url;
  bool migrate = true;              ///< false: refuse to start on an older schema
  int retention_days = 0;           ///< days that are kept where the settings do not say; 0: all
  std::string name;                 ///< of this process, for people: "host:port"
  std::function<WallTime()> clock;  ///< empty: the server's. Tests set it
  /// The server's clock less this machine's, whenever it was measured. On the store's thread.
  std::function<void(milliseconds)> on_clock_offset;
};

/// Brings the schema up to date; its version.
Result<int> migrate_postgres(const std::string& url);

class PostgresStore final : public Store,
                            public StoreQueries,
                            public PeopleStore,
                            public Receiver,
                            public Leases,
                            public CommitLog,
                            public SharedActivity {
 public:
  /// hand_over, metrics: outlive the store. Blocks. Errors: a sentence for the operator.
  static Result<std::unique_ptr<PostgresStore>> open(const PostgresOptions& options, HandOver& hand_over,
                                                     Metrics& metrics);
  ~PostgresStore() override;

  /// Nothing waits for the database past the deadline, which is kCommitTimeout ahead or more: what is not done by then
  /// fails, and stop() returns. Any thread.
  void end_by(std::chrono::steady_clock::time_point deadline);
  /// Commits what is queued, then answers nothing more. May be called again.
  void stop();
  /// A number of this installation's own, the same in each of its processes.
  std::int64_t installation() const;
  /// The server's clock less this machine's, as last measured. Any thread.
  milliseconds clock_offset() const;

  // Store.
  void ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) override;
  void finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) override;
  void change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) override;
  void read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) override;
  void read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                  Completion<Result<LanePage>> done) override;
  void read_messages(EventLoop& loop, std::vector<EventId> events,
                     Completion<Result<std::vector<MessagePtr>>> done) override;
  void read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) override;
  Result<Catalog> load_catalog() override;

  // Leases.
  void join(EventLoop& loop, Completion<Result<WorkerToken>> done) override;
  void renew(EventLoop& loop, WorkerToken token, Completion<Result<LeaseView>> done) override;
  void fence(EventLoop& loop, WorkerToken token, WorkerId worker, std::uint64_t counter,
             Completion<Result<bool>> done) override;
  void claim(EventLoop& loop, WorkerToken token, PartitionSet wanted, Completion<Result<PartitionSet>> done) override;
  void release(EventLoop& loop, WorkerToken token, PartitionSet partitions, std::vector<HandedDelivery> handed,
               Completion<Result<void>> done) override;
  void set_draining(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) override;
  void leave(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) override;

  // CommitLog.
  void read_commits(EventLoop& loop, ReadPoint since, Completion<Result<CommitPage>> done) override;
  void read_news(EventLoop& loop, std::vector<std::uint64_t> commits, PartitionSet partitions,
                 Completion<Result<CommitNews>> done) override;
  void catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) override;

  // SharedActivity.
  void exchange(EventLoop& loop, Question question, Completion<Result<Answer>> done) override;

  // StoreQueries.
  Awaitable<Result<Page<EventRow>>> list_events(EventLoop& loop, OrganizationId org, EventFilter filter,
                                                PageRequest page) override;
  Awaitable<Result<EventDetail>> get_event(EventLoop& loop, OrganizationId org, EventId id) override;
  Awaitable<Result<Page<DeliveryRow>>> list_deliveries(EventLoop& loop, OrganizationId org, DeliveryFilter filter,
                                                       PageRequest page) override;
  Awaitable<Result<DeliveryDetail>> get_delivery(EventLoop& loop, OrganizationId org, DeliveryId id) override;
  Awaitable<Result<Page<DeliveryRow>>> list_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter,
                                                 PageRequest page) override;
  Awaitable<Result<std::int64_t>> count_dead(EventLoop& loop, OrganizationId org, DeliveryFilter filter) override;
  Awaitable<Result<Page<WebhookPtr>>> list_webhooks(EventLoop& loop, OrganizationId org, PageRequest page) override;
  Awaitable<Result<WebhookPtr>> get_webhook(EventLoop& loop, OrganizationId org, WebhookId id) override;
  Awaitable<Result<Page<JobRow>>> list_jobs(EventLoop& loop, OrganizationId org, PageRequest page) override;
  Awaitable<Result<JobRow>> get_job(EventLoop& loop, OrganizationId org, JobId id) override;
  Awaitable<Result<Page<ApiKey>>> list_api_keys(EventLoop& loop, OrganizationId org, PageRequest page) override;
  Awaitable<Result<MetricsReport>> metrics(EventLoop& loop, OrganizationId org, MetricsWindow window,
                                           std::optional<WebhookId> webhook) override;
  Awaitable<Result<std::vector<WebhookCounts>>> webhook_counts(EventLoop& loop, OrganizationId org,
                                                               MetricsWindow window) override;

  // PeopleStore.
  void change_people(EventLoop& loop, PeopleChange change, Completion<Result<PeopleResult>> done) override;
  Awaitable<Result<Account>> find_account(EventLoop& loop, std::string email) override;
  Awaitable<Result<Session>> find_session(EventLoop& loop, Sha256 token) override;
  Awaitable<Result<bool>> knows_address(EventLoop& loop, UserId user, std::string address) override;
  Awaitable<Result<std::vector<OrganizationRole>>> list_organizations(EventLoop& loop, UserId user) override;
  Awaitable<Result<Organization>> get_organization(EventLoop& loop, OrganizationId id) override;
  Awaitable<Result<Page<Member>>> list_members(EventLoop& loop, OrganizationId org, PageRequest page) override;
  Awaitable<Result<Member>> get_member(EventLoop& loop, OrganizationId org, UserId user) override;
  Awaitable<Result<Page<Invitation>>> list_invitations(EventLoop& loop, OrganizationId org, PageRequest page) override;
  Awaitable<Result<Invitation>> find_invitation(EventLoop& loop, Sha256 token) override;
  Awaitable<Result<Page<AuditRow>>> list_audit(EventLoop& loop, OrganizationId org, PageRequest page) override;
  Awaitable<Result<Settings>> read_settings(EventLoop& loop) override;
  Awaitable<Result<std::vector<WorkerShare>>> list_workers(EventLoop& loop) override;

  // Receiver.
  void take_request(EventLoop& loop, ReceiverKey key, ReceivedRequest request, Completion<Result<int>> done) override;
  void list_requests(EventLoop& loop, ReceiverKey key, Completion<Result<std::vector<ReceivedRequest>>> done) override;
  void set_answer(EventLoop& loop, ReceiverKey key, int status, Completion<Result<int>> done) override;

 private:
  class Impl;
  explicit PostgresStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventrelay
