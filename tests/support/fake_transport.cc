#include "tests/support/fake_transport.h"

#include <cassert>

namespace eventrelay {

AttemptOutcome answer_of(std::uint16_t status, Headers headers) {
  AttemptOutcome outcome;
  outcome.status_code = status;
  outcome.error = status >= 200 && status < 300 ? AttemptError::kNone : AttemptError::kStatus;
  outcome.response_headers = std::move(headers);
  return outcome;
}

AttemptOutcome failure_of(AttemptError error) {
  AttemptOutcome outcome;
  outcome.error = error;
  return outcome;
}

void FakeTransport::send(OutboundRequest request, Completion<AttemptOutcome> done) {
  bodies.push_back(request.message->body);
  open_.push_back({std::move(request), std::move(done), loop_.wall_now()});
}

void FakeTransport::answer_at(std::size_t index, AttemptOutcome outcome) {
  assert(index < open_.size());
  const auto place = open_.begin() + static_cast<std::ptrdiff_t>(index);
  Open open = std::move(*place);
  open_.erase(place);
  outcome.started_at = open.started_at;
  loop_.post(
      [done = std::move(open.done), outcome = std::move(outcome)]() mutable { std::move(done)(std::move(outcome)); });
}

}  // namespace eventrelay
