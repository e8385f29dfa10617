// The network and the receivers of the simulation: what each webhook's host answers, how late, and what gets lost.
#pragma once
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

 private:
  struct Answer {
    AttemptOutcome outcome;
    std::chrono::microseconds after{0};
  };
  Answer answer_of(const OutboundRequest& request);

  VirtualTime& time_;
  EventLoop& loop_;
  std::size_t loop_index_;
  Onlooker& witness_;
  SimReceivers& receivers_;
  Chance chance_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace eventrelay
