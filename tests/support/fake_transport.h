// A transport that answers when the test says so. Single-threaded.
#pragma once
#include <deque>
#include <string>
#include <vector>

#include "ports/event_loop.h"
#include "ports/transport.h"

namespace eventrelay {

AttemptOutcome answer_of(std::uint16_t status, Headers headers = {});
AttemptOutcome failure_of(AttemptError error);

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(EventLoop& loop) : loop_(loop) {}
  void send(OutboundRequest request, Completion<AttemptOutcome> done) override;

  /// Requests without an answer, oldest first.
  std::size_t open() const { return open_.size(); }
  const OutboundRequest& request(std::size_t index) const { return open_.at(index).request; }
  /// Ends the oldest; the engine hears of it through its loop.
  void answer(AttemptOutcome outcome) { answer_at(0, std::move(outcome)); }
  void answer_at(std::size_t index, AttemptOutcome outcome);
  /// Bodies of all requests there ever were.
  std::vector<std::string> bodies;

 private:
  struct Open {
    OutboundRequest request;
    Completion<AttemptOutcome> done;
    WallTime started_at{};
  };
  EventLoop& loop_;
  std::deque<Open> open_;
};

}  // namespace eventrelay
