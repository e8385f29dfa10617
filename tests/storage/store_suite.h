// The behaviour that every store must have, written against the ports. A store joins with one INSTANTIATE_TEST_SUITE_P
// (sqlite_suite_test.cc); the tests are in the store_suite_*.cc files.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "ports/people.h"
#include "ports/store.h"
#include "ports/store_queries.h"
#include "tests/support/test_loop.h"

namespace eventrelay {

/// Keeps what was published, in order. `applied` runs at once unless held.
class RecordingHandOver final : public HandOver {
 public:
  void publish(News news, Completion<> applied) override;
  void hold(bool held);  ///< false lets go of what was kept
  /// All since the last take, appended in commit order.
  News take();
  int awaited() const;  ///< commits whose `applied` is held

 private:
  mutable std::mutex mutex_;
  News news_;
  bool held_ = false;
  std::vector<Completion<>> kept_;
};

/// A store on data of its own that lasts over reopen().
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  virtual Store& store() = 0;
  virtual StoreQueries& queries() = 0;
  virtual PeopleStore& people() = 0;
  /// Closes and opens it again on the same data.
  virtual void reopen() = 0;
  /// Runs statements that both databases know, beside the store; the first value of the last result, or empty.
  virtual std::string sql(const std::string& text) = 0;
  /// Takes effect with the next reopen().
  int retention_days = 0;

  TestLoop loop;
  RecordingHandOver hand_over;
  Metrics metrics;
  /// The store's wall clock. Moves only when a test moves it.
  WallTime now() const { return from_unix_ms(now_ms_.load()); }
  void advance(milliseconds by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_{1'767'225'600'000};
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreHarness>()> make;
};
inline void PrintTo(const StoreKind& kind, std::ostream* out) {
  *out << kind.name;
}

inline constexpr OrganizationId kOrg = kFirstOrganization;
inline constexpr OrganizationId kOtherOrg{77};

/// Of what is to be refused.
template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::kUnknown : result.error().code;
}

class StoreSuite : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { harness = GetParam().make(); }

  // Intents, submitted and waited for.
  Result<IngestResult> ingest(IngestIntent intent);
  Result<FinishResult> finish(FinishAttempt intent);
  Result<ChangeResult> change(Change intent);
  Result<PeopleResult> change_people(PeopleChange change);
  Result<DuePage> due(DueQuery query);
  Result<LanePage> lanes(WebhookId after, std::size_t limit);
  Result<std::vector<MessagePtr>> messages(std::vector<EventId> events);
  template <class T>
  T wait(boost::asio::awaitable<T> task) {
    return harness->loop.wait(std::move(task));
  }

  // Short cuts; a failure of the step itself throws.
  WebhookPtr make_webhook(const WebhookSpec& spec, OrganizationId org = kOrg);
  WebhookPtr make_webhook(std::string type = "order.created") { return make_webhook(spec_for(std::move(type))); }
  static WebhookSpec spec_for(std::string pattern);
  /// Matched by the store: the version is one that never is.
  static IngestIntent event_of(std::string type, std::string payload = R"({"a":1})");
  IngestedEvent send(std::string type = "order.created", std::string payload = R"({"a":1})");
  /// The n-th delivery made with the event, from 1.
  static DeliveryId delivery_of(const IngestedEvent& event, int n = 1) { return DeliveryId{event.id.value + n}; }
  FinishAttempt attempt(const WebhookPtr& webhook, DeliveryId id, std::uint32_t number, DeliveryState state,
                        HealthChange health = HealthChange::kNone) const;
  /// An event whose only delivery is dead.
  DeliveryId make_dead(const WebhookPtr& webhook, std::string type = "order.created");
  DeliveryDetail detail(DeliveryId id);
  MetricsReport report(OrganizationId org = kOrg);
  MetricsReport report(MetricsWindow window, std::optional<WebhookId> webhook = {}, OrganizationId org = kOrg);
  std::vector<WebhookCounts> webhook_counts(MetricsWindow window, OrganizationId org = kOrg);
  /// Walks all pages; checks that none is longer than asked and that the walk ends.
  template <class Row>
  std::vector<Row> all_pages(const std::function<boost::asio::awaitable<Result<Page<Row>>>(PageRequest)>& list,
                             std::size_t limit);
  std::vector<DeliveryRow> all_deliveries(DeliveryFilter filter, std::size_t limit = kPageMax);
  std::vector<EventRow> all_events(EventFilter filter, std::size_t limit = kPageMax);
  std::vector<DeliveryRow> all_dead(DeliveryFilter filter, std::size_t limit = kPageMax);
  // Of retention.
  WebhookPtr begin_with_retention();
  void grow_old();
  void succeed(const WebhookPtr& webhook, DeliveryId id, std::uint32_t number = 1);
  bool has_event(EventId id);
  bool has_delivery(DeliveryId id);
  std::vector<PendingDelivery> due_now(const WebhookPtr& webhook);
  /// As once a minute, until there is no more to do at once.
  void keep_house();
  // Of people. A token is the hash of its name; a user's is that of their session.
  static Sha256 token(std::string_view name) { return sha256(name); }
  /// "ada", who made the first account.
  UserId make_owner();
  /// Invited, and in, with a session.
  UserId make_member(const std::string& name, Role role, OrganizationId org = kOrg);
  OrganizationId make_organization(UserId owner, std::string name);
  std::optional<Session> session_of(std::string_view token_name);
  std::optional<Role> role_of(UserId user, OrganizationId org = kOrg);
  std::vector<Invitation> invitations(OrganizationId org = kOrg);
  static AuditEntry entry(std::string action, std::string target = "", OrganizationId org = kOrg);
  /// "action target", newest first.
  std::vector<std::string> audit(OrganizationId org = kOrg, std::size_t limit = kPageMax);
  /// Slices until the job has ended.
  JobState run_job(JobId id, std::size_t rows);

  Store& store() { return harness->store(); }
  StoreQueries& queries() { return harness->queries(); }
  PeopleStore& people() { return harness->people(); }
  EventLoop& loop() { return harness->loop.loop(); }

  std::unique_ptr<StoreHarness> harness;
};

template <class Row>
std::vector<Row> StoreSuite::all_pages(
    const std::function<boost::asio::awaitable<Result<Page<Row>>>(PageRequest)>& list, std::size_t limit) {
  std::vector<Row> rows;
  PageRequest request{0, limit};
  for (int pages = 0; pages < 10'000; ++pages) {
    auto page = wait(list(request));
    if (!page) throw std::runtime_error(page.error().message);
    EXPECT_LE(page->rows.size(), limit);
    for (auto& row : page->rows) rows.push_back(std::move(row));
    if (page->next == 0) return rows;
    EXPECT_TRUE(request.cursor == 0 || page->next < request.cursor) << "a cursor must go down";
    request.cursor = page->next;
  }
  throw std::runtime_error("the list has no end");
}

}  // namespace eventrelay
