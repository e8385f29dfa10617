// The API over a store that answers when the test says, with a reader that always has too much to do, and the people
// that the test puts in.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "api/activity.h"
#include "api/api.h"
#include "api/sign_in.h"
#include "base/crypto.h"
#include "tests/engine/fake_store.h"
#include "tests/support/test_loop.h"

namespace eventrelay {

class FullQueries final : public StoreQueries {
 public:
  template <class T>
  using Answer = Awaitable<Result<T>>;
  using Org = OrganizationId;
  using Loop = EventLoop;

  Answer<Page<EventRow>> list_events(Loop&, Org, EventFilter, PageRequest) override { co_return full(); }
  Answer<EventDetail> get_event(Loop&, Org, EventId) override { co_return full(); }
  Answer<Page<DeliveryRow>> list_deliveries(Loop&, Org, DeliveryFilter, PageRequest) override { co_return full(); }
  Answer<DeliveryDetail> get_delivery(Loop&, Org, DeliveryId) override { co_return full(); }
  Answer<Page<DeliveryRow>> list_dead(Loop&, Org, DeliveryFilter, PageRequest) override { co_return full(); }
  Answer<std::int64_t> count_dead(Loop&, Org, DeliveryFilter) override { co_return full(); }
  Answer<Page<WebhookPtr>> list_webhooks(Loop&, Org, PageRequest) override { co_return full(); }
  Answer<WebhookPtr> get_webhook(Loop&, Org, WebhookId) override {
    if (!readable_once) co_return full();
    co_return std::exchange(readable_once, nullptr);
  }
  Answer<Page<JobRow>> list_jobs(Loop&, Org, PageRequest) override { co_return full(); }
  Answer<JobRow> get_job(Loop&, Org, JobId) override { co_return full(); }
  Answer<Page<ApiKey>> list_api_keys(Loop&, Org, PageRequest) override { co_return full(); }
  Answer<MetricsReport> metrics(Loop&, Org, MetricsWindow window, std::optional<WebhookId> webhook) override {
    if (!report) co_return full();
    asked_window = window;
    asked_webhook = webhook;
    co_return *report;
  }
  Answer<std::vector<WebhookCounts>> webhook_counts(Loop&, Org, MetricsWindow window) override {
    if (!counts) co_return full();
    asked_window = window;
    co_return *counts;
  }

  WebhookPtr readable_once;
  // Of metrics: what is answered, if anything, and what was asked.
  std::optional<MetricsReport> report;
  std::optional<std::vector<WebhookCounts>> counts;
  std::optional<MetricsWindow> asked_window;
  std::optional<WebhookId> asked_webhook;

 private:
  static Error full() { return {ErrorCode::kUnavailable, "Too many queries are waiting", {}}; }
};

class FakePeople final : public PeopleStore {
 public:
  template <class T>
  using Answer = Awaitable<Result<T>>;
  using Org = OrganizationId;
  using Loop = EventLoop;

  void change_people(Loop& loop, PeopleChange change, Completion<Result<PeopleResult>> done) override {
    changes.add(loop, std::move(change), std::move(done));
  }
  Answer<Account> find_account(Loop&, std::string email) override { return find_in(accounts, std::move(email)); }
  Answer<Session> find_session(Loop&, Sha256 token) override {
    if (!sessions_readable) co_return full();
    auto found = find_in(sessions, token);
    co_return co_await std::move(found);
  }
  Answer<bool> knows_address(Loop&, UserId user, std::string address) override {
    co_return known_addresses.contains({user, address});
  }
  Answer<std::vector<OrganizationRole>> list_organizations(Loop&, UserId) override { co_return full(); }
  Answer<Organization> get_organization(Loop&, Org id) override { co_return Organization{id, "First"}; }
  Answer<Page<Member>> list_members(Loop&, Org, PageRequest) override { co_return full(); }
  Answer<Member> get_member(Loop&, Org, UserId user) override { return find_in(members, user); }
  Answer<Page<Invitation>> list_invitations(Loop&, Org, PageRequest) override { co_return full(); }
  Answer<Invitation> find_invitation(Loop&, Sha256 token) override { return find_in(invitations, token); }
  Answer<Page<AuditRow>> list_audit(Loop&, Org, PageRequest) override { co_return full(); }
  Answer<Settings> read_settings(Loop&) override { co_return full(); }
  Answer<std::vector<WorkerShare>> list_workers(Loop&) override { co_return full(); }

  std::map<std::string, Account> accounts;
  std::map<Sha256, Session> sessions;
  bool sessions_readable = true;
  std::map<Sha256, Invitation> invitations;
  std::map<UserId, Member> members;
  std::set<std::pair<UserId, std::string>> known_addresses;
  Questions<PeopleChange, PeopleResult> changes;

 private:
  template <class Key, class Value>
  static Answer<Value> find_in(const std::map<Key, Value>& values, Key key) {
    const auto found = values.find(key);
    if (found == values.end()) co_return no_such("thing");
    co_return found->second;
  }
  static Error full() { return {ErrorCode::kUnavailable, "Too many queries are waiting", {}}; }
};

class FakeReceiver final : public Receiver {
 public:
  void take_request(EventLoop&, ReceiverKey, ReceivedRequest, Completion<Result<int>>) override {}
  void list_requests(EventLoop& loop, ReceiverKey key, Completion<Result<std::vector<ReceivedRequest>>> done) override {
    asked = std::move(key);
    loop.post([done = std::move(done), requests = requests]() mutable { std::move(done)(std::move(requests)); });
  }
  void set_answer(EventLoop& loop, ReceiverKey key, int status, Completion<Result<int>> done) override {
    asked = std::move(key);
    loop.post([done = std::move(done), status]() mutable { std::move(done)(status); });
  }

  std::vector<ReceivedRequest> requests;
  ReceiverKey asked;
};

class ApiTest : public testing::Test {
 protected:
  ApiTest() { put_key(kAdminKey, Scope::kAdmin); }

  static constexpr std::string_view kAdminKey = "admin-key-0123456789";

  static ApiOptions options() {
    ApiOptions options;
    options.site.url = "http://127.0.0.1:8080";
    options.site.is_loopback = true;
    return options;
  }

  void put_key(std::string_view text, Scope scope) {
    ApiKey key;
    key.id = ApiKeyId{++last_id};
    key.organization = kFirstOrganization;
    key.scope = scope;
    key.hash = sha256(text);
    catalog.apply({key, false});
  }

  void delete_key(std::string_view text) {
    ApiKey key;
    key.hash = sha256(text);
    catalog.apply({key, true});
  }

  static HttpRequest request(std::string_view method, std::string_view target, std::string body = {},
                             std::string_view key = kAdminKey) {
    return HttpRequest{method, target, {{"x-api-key", key}}, std::move(body), "127.0.0.1"};
  }

  /// Somebody who is signed in to the first organization; gives what their browser sends as Cookie.
  std::string_view put_person(const std::string& email, Role role) {
    const std::string token = random_token();
    Session session;
    session.user = {UserId{++last_id}, email, "Somebody"};
    session.organization = {kFirstOrganization, "First", role};
    session.seen_at = loop.loop().wall_now();
    people.sessions.emplace(sha256(token), session);
    return cookies.emplace_back("eventrelay=" + token);
  }

  static HttpRequest with_cookie(std::string_view method, std::string_view target, std::string_view cookie,
                                 std::string body = {}) {
    return HttpRequest{
        method, target, {{"cookie", cookie}, {"content-type", "application/json"}}, std::move(body), "127.0.0.1"};
  }

  /// meanwhile: once the request waits for the store.
  HttpResponse ask(
      HttpRequest asked, const std::function<void()>& meanwhile = [] {}) {
    return ask(api, std::move(asked), meanwhile);
  }
  HttpResponse ask(
      Api& of, HttpRequest asked, const std::function<void()>& meanwhile = [] {}) {
    return loop.wait<HttpResponse>([&](auto done) {
      boost::asio::co_spawn(loop.context(), of.handle(std::move(asked)),
                            [done](const std::exception_ptr&, HttpResponse response) { done(std::move(response)); });
      loop.run_ready();
      meanwhile();
    });
  }

  TestLoop loop;
  FakeStore store;
  FullQueries queries;
  FakePeople people;
  FakeReceiver receiver;
  LoopCatalog catalog;
  Metrics metrics;
  SignIn sign_in;
  Activity activity;
  Intake intake{loop.loop(), store, catalog};
  const ApiPorts ports{loop.loop(), store, queries, people, receiver, intake, catalog, metrics, sign_in, activity};
  Api api{ports, options()};
  std::int64_t last_id = 0;
  std::deque<std::string> cookies;
};

}  // namespace eventrelay
