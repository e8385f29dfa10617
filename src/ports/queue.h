// The hand-over of what was committed to the event loops that must know: deliveries to the owners of their lanes,
// changed webhooks and keys to all. In-process: queue/in_process. Later: Redis streams.
#pragma once
#include <cstdint>
#include <vector>

#include "base/completion.h"
#include "domain/api_key.h"
#include "domain/message.h"
#include "domain/webhook.h"

namespace eventrelay {

/// A pending delivery as the store has it and a lane holds it.
struct PendingDelivery {
  DeliveryId id;
  OrganizationId organization;
  WebhookId webhook;
  EventId event;
  WallTime sort_at{};  ///< place in its lane, with the id: first due time if the webhook is ordered, else when it is
                       ///< next due
  WallTime due{};      ///< next scheduled attempt
  WallTime first_due{};
  std::uint32_t attempts = 0;  ///< all there were; the next has number attempts + 1
  std::uint32_t position = 0;  ///< of the next scheduled attempt in the policy's schedule
  bool manual = false;         ///< a person asked for an attempt now, beside the schedule
  bool is_test = false;        ///< of its webhook, and just made: its first attempt is for a disabled one too
  MessagePtr message;          ///< nullptr: read it from the store before sending
  /// The transaction that made this state of it; 0: of a store whose news come whole and in order.
  std::uint64_t commit = 0;
};

struct DeliveryRef {
  WebhookId webhook;
  DeliveryId id;
};

/// An organization's webhooks were at this version (WebhookIndex::version) when something was committed.
struct CatalogMark {
  OrganizationId organization;
  std::uint64_t version = 0;
};

struct KeyChange {
  ApiKey key;
  bool deleted = false;
};

/// What one commit changed. Applied in this order: webhooks, keys, pending, cancelled, jobs.
struct News {
  WallTime at{};                     ///< of the commit: this time has come; only rises, through steps of the clock too
  std::uint64_t commit = 0;          ///< the transaction; 0: of a store that numbers none
  std::vector<WebhookPtr> webhooks;  ///< created, changed or (Webhook::deleted) deleted
  std::vector<KeyChange> keys;
  std::vector<PendingDelivery> pending;  ///< new, reopened or to be tried now; ascending ids within a commit's ingests
  std::vector<DeliveryRef> cancelled;    ///< by a person: not to be sent any more
  std::vector<JobId> jobs;               ///< new ones
  /// Of a store that several processes share: what `pending` was matched with, and with `webhooks` and `keys` what is
  /// reached with them.
  std::vector<CatalogMark> catalog;
  bool empty() const {
    return webhooks.empty() && keys.empty() && pending.empty() && cancelled.empty() && jobs.empty() && catalog.empty();
  }
};

class HandOver {
 public:
  virtual ~HandOver() = default;
  /// Called after each commit, in commit order, by one thread at a time, before that commit's completions are posted.
  /// `applied` is called once, on any thread, when every loop has taken in the webhooks, keys and cancellations;
  /// at once where there are none. Never blocks.
  virtual void publish(News news, Completion<> applied) = 0;
};

/// An event loop's ear.
class NewsSink {
 public:
  virtual ~NewsSink() = default;
  /// On the loop's thread, in commit order. `pending` and `cancelled` hold only this loop's webhooks.
  virtual void on_news(News news) = 0;
};

}  // namespace eventrelay
