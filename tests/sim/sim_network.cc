#include "tests/sim/sim_network.h"

#include <array>

#include "tests/support/fake_transport.h"

namespace eventrelay {

SimReceivers::Mood SimReceivers::mood(const std::string& host) const {
  const auto found = moods_.find(host);
  return healed_ || found == moods_.end() ? Mood::kGood : found->second;
}

SimNetwork::SimNetwork(VirtualTime& time, EventLoop& loop, std::size_t loop_index, Onlooker& witness,
                       SimReceivers& receivers, std::uint64_t seed)
    : time_(time), loop_(loop), loop_index_(loop_index), witness_(witness), receivers_(receivers), chance_(seed) {}

SimNetwork::Answer SimNetwork::answer_of(const OutboundRequest& request) {
  using Mood = SimReceivers::Mood;
  const Mood mood = receivers_.mood(request.target->host);
  const auto soon = chance_.us(300, chance_.one_in(5) ? 400'000 : 5'000);
  const int dice = static_cast<int>(chance_.between(0, 99));
  if (mood == Mood::kHanging && dice < 90) return {failure_of(AttemptError::kTimeout), request.timeout};
  if (mood == Mood::kBusy && dice < 70) {
    const auto seconds = std::to_string(chance_.between(0, 90));
    return {eventrelay::answer_of(chance_.one_in(2) ? 429 : 503, {{"retry-after", seconds}}), soon};
  }
  if (!receivers_.healed() && dice == 99 && chance_.one_in(4)) return {eventrelay::answer_of(410), soon};
  const int failing = mood == Mood::kDown ? 100 : mood == Mood::kFlaky ? 50 : receivers_.healed() ? 0 : 4;
  if (dice >= failing) return {eventrelay::answer_of(200), soon};
  // Resets may come after the receiver has taken it in: the answer is lost on its way back.
  constexpr std::array kErrors{AttemptError::kConnect, AttemptError::kConnectionClosed, AttemptError::kDns,
                               AttemptError::kTls};
  if (chance_.one_in(2)) return {failure_of(kErrors[chance_.below(kErrors.size())]), soon};
  return {eventrelay::answer_of(chance_.one_in(2) ? 500 : 404), soon};
}

void SimNetwork::later(std::chrono::microseconds time, std::function<void()> task) {
  time_.at(time_.now() + time, [this, alive = std::weak_ptr(alive_), task = std::move(task)]() mutable {
    if (!alive.expired()) loop_.post([task = std::move(task)] { task(); });
  });
}

void SimNetwork::send(OutboundRequest request, Completion<AttemptOutcome> done) {
  const DeliveryId id = witness_.on_send(loop_index_, request);
  const bool connects = request.not_after && chance_.one_in(6);
  const auto longest = std::chrono::microseconds(request.timeout) / 2;
  auto open = std::make_shared<Open>(Open{std::move(request), std::move(done), id});
  if (!connects) return write(open);
  open->connecting = chance_.us(1'000, chance_.one_in(3) ? longest.count() : 50'000);
  later(open->connecting, [this, open] { write(open); });
}

void SimNetwork::write(const std::shared_ptr<Open>& open) {
  const auto& not_after = open->request.not_after;
  if (not_after && loop_.boot_now() >= *not_after && !heedless_) {
    return later(std::chrono::microseconds(0), [this, open] {
      witness_.on_withheld(loop_index_, open->id);
      AttemptOutcome withheld;
      withheld.withheld = true;
      std::move(open->done)(std::move(withheld));
    });
  }
  witness_.on_written(loop_index_, open->id);
  Answer answer = answer_of(open->request);
  answer.after = std::min(answer.after, open->request.timeout - open->connecting);
  answer.outcome.started_at = loop_.wall_now();
  answer.outcome.duration = std::chrono::duration_cast<milliseconds>(open->connecting + answer.after);
  later(answer.after, [this, open, outcome = std::move(answer.outcome)] {
    witness_.on_outcome(loop_index_, open->id, outcome);
    std::move(open->done)(outcome);
  });
}

}  // namespace eventrelay
