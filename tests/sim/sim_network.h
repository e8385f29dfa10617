// The network and the receivers of the simulation: what each webhook's host answers, how late, and what gets lost.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "ports/transport.h"
#include "tests/sim/chance.h"
#include "tests/sim/witness.h"

namespace eventrelay {

/// All hosts there are; shared by the processes' transports.
class SimReceivers {
 public:
  enum class Mood { kGood, kFlaky, kDown, kHanging, kBusy };

  Mood mood(const std::string& host) const;
  void set_mood(const std::string& host, Mood mood) { moods_[host] = mood; }
  /// From now on everything is received and answered.
  void heal() { healed_ = true; }
  bool healed() const { return healed_; }

 private:
  std::map<std::string, Mood> moods_;
  bool healed_ = false;
};

/// One loop's transport.
class SimNetwork final : public Transport {
 public:
  SimNetwork(VirtualTime& time, EventLoop& loop, std::size_t loop_index, Onlooker& witness, SimReceivers& receivers,
             std::uint64_t seed);
  void send(OutboundRequest request, Completion<AttemptOutcome> done) override;
  /// A planted fault: what is connected is written, however late.
  void set_heedless() { heedless_ = true; }

 private:
  struct Answer {
    AttemptOutcome outcome;
    std::chrono::microseconds after{0};
  };
  struct Open {
    OutboundRequest request;
    Completion<AttemptOutcome> done;
    DeliveryId id;
    std::chrono::microseconds connecting{0};
  };
  Answer answer_of(const OutboundRequest& request);
  void write(const std::shared_ptr<Open>& open);
  /// Runs the task in the process, unless it has ended by then.
  void later(std::chrono::microseconds time, std::function<void()> task);

  VirtualTime& time_;
  EventLoop& loop_;
  std::size_t loop_index_;
  Onlooker& witness_;
  SimReceivers& receivers_;
  Chance chance_;
  bool heedless_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace eventrelay
