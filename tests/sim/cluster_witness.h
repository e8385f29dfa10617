// Sees what several processes do with one database, and says which promise is broken. Single-threaded.
//
// A delivery is sent twice only where its first sender may not have been able to commit: what a process has in flight
// when it crashes or stops, when the database goes away or clocks are set, is excused, and so is what the database
// took longer to commit than a new owner waits for. Everything else is not.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/wall_clock.h"
#include "tests/sim/onlooker.h"
#include "tests/sim/sim_server.h"

namespace eventrelay {

/// Loops of a process as the network numbers them.
inline constexpr std::size_t kLoopsMax = 8;

class ClusterWitness final : public Onlooker {
 public:
  ClusterWitness(SimServer& server, VirtualTime& time, Trace& trace)
      : server_(server), database_(server.database()), time_(time), trace_(trace) {}
  /// What people changed is heeded everywhere after that time.
  void set_in_force(milliseconds time) { in_force_ = time; }

  const std::optional<std::string>& failure() const { return failure_; }
  void fail(std::string what) override;

  // ---- Processes and disturbances.
  /// token: of its last join.
  void process_begins(WorkerId process, bool works, EventLoop& loop, std::vector<Engine*> engines,
                      std::function<WorkerToken()> token);
  void process_ends(WorkerId process, bool crashed);
  void on_pause(WorkerId process, SteadyTime until);
  /// A process comes, goes, or begins to go: partitions change hands.
  void on_change_of_members() { quiet_since_ = time_.now(); }
  void on_lease_trouble() { quiet_since_ = time_.now(); }
  /// Of the database or the clocks, until that moment.
  void on_trouble(SteadyTime until);
  /// After each step.
  void look() {
    if (std::exchange(database_time_, database_.time()) == database_.time()) return;
    for (auto& [id, process] : processes_) process.clock.observe(database_time_);
  }
  /// Now and then: has everything an owner?
  void look_at_owners();

  // ---- The database.
  void on_committed(const News& news);
  /// begun: when its ids were drawn.
  void on_event_stored(EventId event, SteadyTime begun);
  void on_finish_committed(WorkerId process, const FinishAttempt& finish, const Result<FinishResult>& result);
  void on_finish_answered(WorkerId process, const FinishAttempt& finish, const Result<FinishResult>& result);

  // ---- The network and the people.
  DeliveryId on_send(std::size_t sender, const OutboundRequest& request) override;
  void on_written(std::size_t sender, DeliveryId id) override;
  void on_withheld(std::size_t sender, DeliveryId id) override;
  void on_outcome(std::size_t sender, DeliveryId id, const AttemptOutcome& outcome) override;
  void on_event_answered(const IngestedEvent& event) override { answered_events_[event.id] = event.deliveries; }

  // ---- The end.
  std::optional<std::string> unfinished() const;
  milliseconds longest_wait();
  void look_at_the_end();
  std::size_t sends() const { return sends_; }
  std::size_t doubles() const { return doubles_; }
  std::size_t withheld() const { return withheld_; }

 private:
  struct Process {
    bool works = false;
    std::vector<Engine*> engines;
    std::function<WorkerToken()> token;
    SteadyWallClock clock;
    SteadyTime paused_until{};
    SteadyTime woke{};  ///< when it is to know again what is in force
  };
  struct Send {
    WorkerId process = 0;
    std::uint32_t number = 0;
    WebhookId webhook;
    WorkerToken token;  ///< under which it was begun
    std::optional<SteadyTime> ended{};
    bool open = true;  ///< its end is not committed
    bool excused = false;
    bool counts = true;  ///< in History::scheduled
  };
  struct History {
    std::vector<Send> sends;
    std::uint32_t scheduled = 0;  ///< sent since it was last opened, by the schedule
    bool received = false;
    bool gone = false;
    std::optional<SteadyTime> changed{};  ///< by a person or a job
    // Of an event's own: when its id was drawn, and when it could be seen.
    std::optional<SteadyTime> begun{};
    SteadyTime visible{};
  };
  /// The last of the process; nullptr: there is none.
  Send* last_send(WorkerId process, DeliveryId id);
  bool is_excused(const Send& send) const;
  bool is_fenced(WorkerToken token) const { return token && !server_.holds(token); }
  void close(WorkerId process, DeliveryId id);
  template <class Which>
  void excuse(Which which);
  /// Did it change so long ago that everybody must know?
  bool is_in_force(const Process& process, std::optional<SteadyTime> changed) const;
  std::optional<SteadyTime> changed_at(WebhookId webhook) const;
  void check_send(Process& process, WorkerId id, std::size_t loop, const SimDelivery& delivery, std::uint32_t number);
  void check_webhook(const Process& process, std::size_t loop, const SimDelivery& delivery);
  void check_order(const Process& process, const SimDelivery& delivery);
  std::string name(DeliveryId id) const;

  SimServer& server_;
  SimDatabase& database_;
  VirtualTime& time_;
  Trace& trace_;
  milliseconds in_force_{3'000};
  std::optional<std::string> failure_;
  std::map<WorkerId, Process> processes_;
  std::map<DeliveryId, History> history_;
  std::set<DeliveryId> open_;  ///< with sends that are open
  std::map<WebhookId, SteadyTime> webhooks_changed_;
  std::map<EventId, std::uint32_t> answered_events_;
  WallTime database_time_{};
  SteadyTime quiet_since_{};
  SteadyTime trouble_until_{};
  std::size_t sends_ = 0;
  std::size_t doubles_ = 0;
  std::size_t withheld_ = 0;
};

}  // namespace eventrelay
