// The API over a store that answers when the test says, with a reader that always has too much to do.
#pragma once
#include <gtest/gtest.h>

#include "api/api.h"
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

class ApiTest : public testing::Test {
 protected:
  ApiTest() { put_key(kAdminKey, Scope::kAdmin); }

  static constexpr std::string_view kAdminKey = "admin-key-0123456789";

  void put_key(std::string_view text, Scope scope) {
    ApiKey key;
    key.organization = kFirstOrganization;
    key.scope = scope;
    key.hash = sha256(text);
    catalog.apply({key, false});
  }

  static HttpRequest request(std::string_view method, std::string_view target, std::string body = {},
                             std::string_view key = kAdminKey) {
    return HttpRequest{method, target, {{"x-api-key", key}}, std::move(body), "127.0.0.1"};
  }

  /// meanwhile: once the request waits for the store.
  HttpResponse ask(
      HttpRequest asked, const std::function<void()>& meanwhile = [] {}) {
    return loop.wait<HttpResponse>([&](auto done) {
      boost::asio::co_spawn(loop.context(), api.handle(std::move(asked)),
                            [done](const std::exception_ptr&, HttpResponse response) { done(std::move(response)); });
      loop.run_ready();
      meanwhile();
    });
  }

  TestLoop loop;
  FakeStore store;
  FullQueries queries;
  LoopCatalog catalog;
  Metrics metrics;
  Intake intake{loop.loop(), store, catalog};
  Api api{loop.loop(), store, queries, intake, catalog, metrics, {}};
};

}  // namespace eventrelay
