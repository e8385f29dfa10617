// Processes on one store, each with its own engines, on virtual time. Single-threaded.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/membership.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/fake_leases.h"

namespace eventrelay {

/// A process with some loops.
struct Worker {
  Worker(VirtualTime& time, Leases& leases, std::size_t loops = 1) {
    for (std::size_t i = 0; i < loops; ++i) {
      loop.push_back(std::make_unique<ManualLoop>(time));
      transport.push_back(std::make_unique<FakeTransport>(*loop.back()));
      EngineOptions options;
      options.shared_store = true;
      options.dispatcher.loop_index = static_cast<int>(i);
      options.dispatcher.loop_count = static_cast<int>(loops);
      options.runs_jobs = i == 0;
      engine.push_back(std::make_unique<Engine>(options, *loop.back(), store, *transport.back(), metrics));
      Catalog catalog;
      catalog.webhooks = {webhook_of(1)};
      engine.back()->start(catalog);
      engines.push_back({loop.back().get(), engine.back().get()});
    }
    MembershipHooks hooks;
    hooks.follow = [this](const PartitionSet& set, std::function<void()> noted) {
      followed = set;
      if (follow_hangs) {
        waiting.push_back(std::move(noted));
      } else {
        loop.front()->post(std::move(noted));
      }
    };
    hooks.changed = [this](const PartitionSet& set) { shown = set; };
    membership = std::make_unique<Membership>(*loop.front(), leases, engines, hooks, metrics);
    loop.front()->post([this] { membership->start(); });
  }
  /// Killed: nothing of it runs any more.
  void crash() {
    for (auto& one : loop) one->end();
  }

  Metrics metrics;
  FakeStore store;
  std::vector<std::unique_ptr<ManualLoop>> loop;
  std::vector<std::unique_ptr<FakeTransport>> transport;
  std::vector<std::unique_ptr<Engine>> engine;
  std::vector<LoopEngine> engines;
  std::unique_ptr<Membership> membership;
  PartitionSet followed;
  PartitionSet shown;
  bool follow_hangs = false;
  std::vector<std::function<void()>> waiting;
};

/// Workers on one store.
struct MembershipFixture : testing::Test {
  std::size_t count(const std::string& call) {
    return static_cast<std::size_t>(std::count(leases.calls.begin(), leases.calls.end(), call));
  }
  /// Has a delivery to webhook 1 under way in that worker.
  PendingDelivery send_one(Worker& worker) {
    PendingDelivery due{.id = DeliveryId{7},
                        .organization = kFirstOrganization,
                        .webhook = WebhookId{1},
                        .event = EventId{7},
                        .message = message_of(EventId{7}, "7"),
                        .commit = 11};
    News news;
    news.pending = {due};
    worker.store.lane_reads.answer(LanePage{{}, true, {}});
    time.run_ready();
    const std::size_t index = static_cast<std::size_t>(partition_of(WebhookId{1})) % worker.loop.size();
    worker.engine[index]->on_news(news);
    for (; !worker.store.due_reads.empty(); time.run_ready()) worker.store.due_reads.answer(DuePage{{due}, {}, {}});
    return due;
  }

  VirtualTime time;
  FakeLeases leases;
};

}  // namespace eventrelay
