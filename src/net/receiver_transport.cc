#include "net/receiver_transport.h"

#include "base/text.h"
#include "domain/header_rules.h"
#include "domain/receiver.h"
#include "net/outbound_attempt.h"

namespace eventrelay {
namespace {

ReceivedRequest received_of(const OutboundRequest& request, const Headers& headers) {
  ReceivedRequest received;
  received.delivery = request.delivery;
  received.body = cut_to_bytes(request.message->body, kReceiverBodyBytesKept);
  received.truncated = received.body.size() < request.message->body.size();
  // Stored, so without what no stored attempt has.
  for (const Header& header : headers)
    received.headers.push_back({header.name, std::string(shown_value(header.name, header.value))});
  return received;
}

}  // namespace

void ReceiverTransport::send(OutboundRequest request, Completion<AttemptOutcome> done) {
  if (!request.target || !is_receiver(*request.target)) return network_.send(std::move(request), std::move(done));
  AttemptOutcome outcome;
  outcome.started_at = loop_.wall_now();
  outcome.withheld = request.not_after && loop_.boot_now() >= *request.not_after;
  const auto id = receiver_id(*request.target);
  if (!id) {
    outcome.error = AttemptError::kInvalidUrl;
    outcome.error_message = "the webhook's URL is none of the built-in receiver's";
  }
  if (!id || outcome.withheld) {
    loop_.post(
        [done = std::move(done), outcome = std::move(outcome)]() mutable { std::move(done)(std::move(outcome)); });
    return;
  }
  outcome.request_headers = headers_to_send(std::move(request.headers), *request.target, request.message->body.size());
  auto received = received_of(request, outcome.request_headers);
  receiver_.take_request(
      loop_, {request.organization, std::string(*id)}, std::move(received),
      [&loop = loop_, begun = loop_.now(), done = std::move(done),
       outcome = std::move(outcome)](Result<int> status) mutable {
        const auto took = loop.now() - begun;
        outcome.duration = std::chrono::floor<milliseconds>(took);
        if (status) {
          outcome.status_code = static_cast<std::uint16_t>(*status);
          outcome.timings.first_byte_us = std::chrono::floor<std::chrono::microseconds>(took).count();
        } else {
          outcome.error = AttemptError::kConnect;
          outcome.error_message = "the built-in receiver cannot take it now: " + status.error().message;
        }
        std::move(done)(std::move(outcome));
      });
}

}  // namespace eventrelay
