// Sees what the engine does and what was promised to people, and says which promise is broken. The first broken one
// is kept. Single-threaded.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/wall_clock.h"
#include "tests/sim/onlooker.h"
#include "tests/sim/sim_database.h"
#include "tests/sim/trace.h"

namespace eventrelay {

/// Due times are whole milliseconds.
inline constexpr milliseconds kClockGrain{1};

/// Host of the webhook with that number: how the witness knows whom a request is for.
std::string sim_host(int number);
/// nullopt where there is no such webhook, event or delivery; failed says which.
std::optional<DeliveryId> identify(const SimDatabase& database, const OutboundRequest& request, std::string& failed);
/// In words.
std::string describe(const SimDatabase& database, DeliveryId id);
/// Jobs that have not ended, pending deliveries that nothing holds back: the first of them.
std::optional<std::string> open_work(const SimDatabase& database);
/// Of the events that were answered, with so many deliveries, the first that is not there whole.
std::optional<std::string> lost_answer(const SimDatabase& database, const std::map<EventId, std::uint32_t>& answered);

class Witness final : public Onlooker {
 public:
  Witness(const SimDatabase& database, VirtualTime& time, Trace& trace);

  const std::optional<std::string>& failure() const { return failure_; }
  void fail(std::string what) override;

  // ---- Processes.
  void process_begins(std::vector<Engine*> engines, const WindowBudget& window, std::size_t in_flight_max);
  /// drained: nothing of it may be sent again.
  void process_ends(bool drained);
  /// After each step: bounds.
  void look();

  // ---- What the store does.
  void on_committed(const News& news);
  void on_news_taken(const News& news);
  void on_finish_answered(const FinishAttempt& finish, const FinishResult& result);

  // ---- What the transport sees.
  DeliveryId on_send(std::size_t loop, const OutboundRequest& request) override;
  void on_outcome(std::size_t loop, DeliveryId id, const AttemptOutcome& outcome) override;

  // ---- What people were told.
  void on_event_answered(const IngestedEvent& event) override;
  void on_drained();

  /// The world is healed and rests.
  void look_at_the_end();
  /// A pending delivery that should have gone out long ago, or an open job; nullopt: all is at rest.
  std::optional<std::string> unfinished() const;
  /// Until the last of what is pending is due, by a clock that was never set back.
  milliseconds longest_wait();
  std::size_t sends() const { return sends_; }

 private:
  struct Busy {
    WebhookId webhook;
    std::size_t loop = 0;
    std::size_t bytes = 0;
    bool in_flight = true;
  };
  struct History {
    std::uint32_t sends = 0;      ///< all there were
    std::uint32_t scheduled = 0;  ///< of these since it was last opened, by the schedule
    std::uint32_t answered = 0;   ///< greatest number whose end was answered as committed
    std::uint32_t last_number = 0;
    int last_process = 0;  ///< that sent last_number
    int reopened = 0;      ///< how often, by people
    int reopened_at_send = 0;
    bool received = false;
    bool gone = false;
    std::optional<DeliveryState> final_state;  ///< as answered, until a person reopens it
  };

  void check_send(std::size_t loop, const SimDelivery& delivery);
  void check_order(const SimDelivery& delivery);
  void check_window(std::size_t loop);
  std::string name(DeliveryId id) const;

  const SimDatabase& database_;
  VirtualTime& time_;
  Trace& trace_;
  ManualLoop loop_;
  SteadyWallClock clock_;
  std::optional<std::string> failure_;

  std::vector<Engine*> engines_;
  WindowBudget window_;  ///< the bounds of each
  std::size_t in_flight_max_ = 0;
  int process_ = 0;
  std::set<int> drained_processes_;
  bool drained_ = false;
  std::size_t sends_ = 0;

  std::map<DeliveryId, Busy> busy_;
  std::map<DeliveryId, History> history_;
  // Committed, but the owning loop has not been told yet.
  std::map<DeliveryId, int> untold_pending_;
  std::set<DeliveryId> untold_cancelled_;
  std::map<WebhookId, int> untold_webhooks_;  ///< loops that do not know yet, over all changes
  std::map<EventId, std::uint32_t> answered_events_;
};

}  // namespace eventrelay
