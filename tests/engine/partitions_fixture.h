// A dispatcher of one of several workers. Single-threaded, on virtual time.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/dispatcher.h"
#include "tests/engine/engine_fixture.h"

namespace eventrelay {

inline PartitionSet partition_with(std::int64_t webhook) {
  return PartitionSet{}.set(static_cast<std::size_t>(partition_of(WebhookId{webhook})));
}

/// Of webhook 1 and 2, which are in different partitions.
struct PartitionsFixture : DispatcherFixture {
  using Bodies = std::vector<std::string>;

  void begin() {
    ASSERT_NE(partition_of(WebhookId{1}), partition_of(WebhookId{2}));
    dispatcher = std::make_unique<Dispatcher>(options, loop, store, transport, catalog, metrics);
  }
  void own(std::int64_t webhook, std::vector<HandedDelivery> handed = {}) {
    dispatcher->own(partition_with(webhook), handed);
    time.run_ready();
  }
  void disown(std::int64_t webhook) {
    dispatcher->disown(partition_with(webhook));
    time.run_ready();
  }
  void answer_scan(std::vector<LaneStart> lanes = {}) {
    store.lane_reads.answer(LanePage{std::move(lanes), true});
    time.run_ready();
  }
  void answer_read(std::vector<PendingDelivery> rows) {
    store.due_reads.answer(DuePage{std::move(rows), {}});
    time.run_ready();
  }
  HandedDelivery handed(std::int64_t id, milliseconds in = std::chrono::seconds(10)) {
    return {WebhookId{1}, DeliveryId{id}, loop.wall_now() + in, 1};
  }
  void set_handed(std::vector<HandedDelivery> list) {
    dispatcher->set_handed(list);
    time.run_ready();
  }
  std::shared_ptr<Webhook> ordered_webhook() {
    auto webhook = webhook_of(1);
    webhook->spec.ordered = true;
    catalog.put(webhook);
    return webhook;
  }
};

}  // namespace eventrelay
