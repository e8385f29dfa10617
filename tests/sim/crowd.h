// The people of the simulation: they make, change and delete webhooks, send events, retry, cancel and replay, and
// remember what they were told. Single-threaded.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/sim_process.h"

namespace eventrelay {

class Crowd {
 public:
  Crowd(const SimWorld& world, std::uint64_t seed) : world_(world), chance_(seed) {}

  /// Something, at random, at one of the process's loops.
  void act(Door& process);
  void create_webhook(Door& process);
  /// Enables most of what is disabled.
  void enable_webhooks(Door& process);
  /// The process is gone: whoever waits for an answer knows nothing.
  void process_ended();

 private:
  struct Known {
    int number = 0;
    WebhookId id;
    std::vector<std::string> types;
    std::string tenant;
    bool steady = false;   ///< its answer came, and nothing that decides on matches has been asked for since
    bool deleted = false;  ///< the deletion was answered
  };
  struct KeyedEvent {
    std::string key;
    std::string type;
    std::string payload;
    std::optional<EventId> answered;
  };
  /// What an event's deliveries must be like, by what people knew when it was sent.
  struct Expectation {
    std::set<WebhookId> must;
    std::set<WebhookId> must_not;
  };

  void send_events(Door& process);
  void send_keyed(Door& process, std::size_t index);
  NewEvent make_event();
  Expectation expect(const NewEvent& event) const;
  void check(const Expectation& expected, const IngestedEvent& event);
  void patch_webhook(Door& process);
  void delete_webhook(Door& process);
  void touch_delivery(Door& process);
  void replay_event(Door& process);
  void make_job(Door& process);
  void cancel_job(Door& process);
  void change_mood();
  void ask(Door& process, Change change, std::function<void(const Result<ChangeResult>&)> answered);
  void submit(Door& process, std::vector<NewEvent> events, std::optional<IdempotencyClaim> claim,
              std::function<void(const Result<IngestResult>&)> answered);
  Known* some_webhook();

  SimWorld world_;
  Chance chance_;
  int webhooks_made_ = 0;
  int events_made_ = 0;
  std::map<int, Known> known_;
  std::vector<KeyedEvent> keyed_;
  std::set<EventId> replayed_;
};

}  // namespace eventrelay
