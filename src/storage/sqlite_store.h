// The embedded store: one SQLite file in the data directory, one thread that writes, a few that read.
// Thread-safe, as the ports say.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "ports/people.h"
#include "ports/store.h"
#include "ports/store_queries.h"

namespace eventrelay {

struct SqliteOptions {
  std::string data_dir;             ///< made where it does not exist; one process at a time
  bool migrate = true;              ///< false: refuse to start on an older schema
  int retention_days = 0;           ///< days that are kept where the settings do not say; 0: all
  std::function<WallTime()> clock;  ///< empty: the system's
};

/// Brings the schema in the data directory up to date; its version.
Result<int> migrate_sqlite(const std::string& data_dir);

class SqliteStore final : public Store, public StoreQueries, public PeopleStore {
 public:
  /// hand_over, metrics: outlive the store. Errors: a sentence for the operator.
  static Result<std::unique_ptr<SqliteStore>> open(const SqliteOptions& options, HandOver& hand_over, Metrics& metrics);
  ~SqliteStore() override;

  /// Commits what is queued, then answers nothing more. May be called again.
  void stop();

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

 private:
  class Impl;
  explicit SqliteStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventrelay
