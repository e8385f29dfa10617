// One loop's engine parts over virtual time, a store and a transport that the test answers for.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "engine/dispatcher.h"
#include "tests/engine/fake_store.h"
#include "tests/support/fake_transport.h"
#include "tests/support/manual_loop.h"

namespace eventrelay {

inline MessagePtr message_of(EventId event, std::string body = "{}") {
  return std::make_shared<const Message>(Message{event, to_text(event), std::move(body)});
}

inline std::shared_ptr<Webhook> webhook_of(std::int64_t id) {
  auto webhook = std::make_shared<Webhook>();
  webhook->id = WebhookId{id};
  webhook->organization = kFirstOrganization;
  webhook->spec.url = "http://receiver.test/in";
  webhook->spec.event_types = {"*"};
  webhook->spec.retry.schedule = {milliseconds(1'000), milliseconds(60'000)};
  webhook->secret.bytes = std::string(24, 's');
  return webhook;
}

struct DispatcherFixture : testing::Test {
  DispatcherFixture() { options.window = WindowBudget{.lane_entries_max = 4}; }

  /// Makes the dispatcher; its scan finds these lanes.
  void start(std::vector<LaneStart> lanes = {}) {
    dispatcher = std::make_unique<Dispatcher>(options, loop, store, transport, catalog, metrics);
    dispatcher->own(all_partitions(), {});
    store.lane_reads.answer(LanePage{std::move(lanes), true});
    time.run_ready();
  }

  std::shared_ptr<Webhook> add_webhook(std::int64_t id = 1) {
    auto webhook = webhook_of(id);
    catalog.put(webhook);
    return webhook;
  }
  void change_webhook(std::shared_ptr<Webhook> webhook) {
    catalog.put(webhook);
    dispatcher->on_webhook(webhook);
    dispatcher->pump();
    time.run_ready();
  }

  /// due_in: from now. Events' and deliveries' ids are the same.
  PendingDelivery delivery(std::int64_t id, milliseconds due_in = milliseconds(0), std::int64_t webhook = 1) {
    const WallTime due = loop.wall_now() + due_in;
    return {.id = DeliveryId{id},
            .organization = kFirstOrganization,
            .webhook = WebhookId{webhook},
            .event = EventId{id},
            .sort_at = due,
            .due = due,
            .first_due = due,
            .message = message_of(EventId{id}, std::to_string(id))};
  }
  void hand_over(PendingDelivery pending) {
    dispatcher->on_pending(std::move(pending));
    dispatcher->pump();
    time.run_ready();
  }
  void cancel(std::int64_t id) {
    dispatcher->on_cancelled({WebhookId{1}, DeliveryId{id}});
    dispatcher->pump();
    time.run_ready();
  }
  /// Answers every open read of a payload: retries have let go of theirs.
  void load() {
    while (!store.message_reads.empty()) {
      const EventId event = store.message_reads.front().front();
      store.message_reads.answer(std::vector<MessagePtr>{message_of(event, std::to_string(event.value))});
    }
    time.run_ready();
  }
  /// Lets time pass, then answers reads of payloads.
  void pass(std::chrono::microseconds some_time) {
    time.run_for(some_time);
    load();
  }
  /// Ends the oldest request.
  void answer(std::uint16_t status) {
    transport.answer(answer_of(status));
    time.run_ready();
  }
  /// Commits the oldest attempt's end as it was asked for, or with another state.
  void commit(std::optional<DeliveryState> state = std::nullopt) {
    store.finishes.answer(FinishResult{state.value_or(store.finishes.front()->state)});
    time.run_ready();
  }
  void deliver() {
    answer(200);
    commit();
  }

  VirtualTime time;
  ManualLoop loop{time};
  FakeStore store;
  FakeTransport transport{loop};
  LoopCatalog catalog;
  Metrics metrics;
  DispatcherOptions options;
  std::unique_ptr<Dispatcher> dispatcher;
};

}  // namespace eventrelay
