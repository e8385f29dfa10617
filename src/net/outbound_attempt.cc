#include "net/outbound_attempt.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "domain/header_rules.h"
#include "net/asio_event_loop.h"

namespace eventrelay {
namespace {

constexpr std::string_view kUserAgent = "EventRelay/" EVENTRELAY_VERSION;

bool has_line_break(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool breaks_the_request_line(std::string_view target) {
  return !target.starts_with('/') || std::any_of(target.begin(), target.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
  });
}

bool is_the_transports(std::string_view name) {
  return equal_ignoring_case(name, "host") || equal_ignoring_case(name, "content-length") ||
         equal_ignoring_case(name, "transfer-encoding") || equal_ignoring_case(name, "connection");
}

}  // namespace

Headers headers_to_send(Headers given, const TargetUrl& target, std::size_t body_bytes) {
  Headers all;
  all.reserve(given.size() + 3);
  all.push_back({"host", target.authority});
  bool has_agent = false;
  for (Header& header : given) {
    if (is_the_transports(header.name)) continue;
    has_agent |= equal_ignoring_case(header.name, "user-agent");
    all.push_back(std::move(header));
  }
  if (!has_agent) all.push_back({"user-agent", std::string(kUserAgent)});
  all.push_back({"content-length", std::to_string(body_bytes)});
  return all;
}

OutboundAttempt::OutboundAttempt(ClientParts& parts, OutboundRequest request, Completion<AttemptOutcome> done)
    : parts_(parts), request_(std::move(request)), done_(std::move(done)) {}

void OutboundAttempt::start() {
  self_ = shared_from_this();
  parts_.open.push_back(*this);
  inside_call_ = true;
  outcome_.started_at = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  begun_ = step_begun_ = steady_now();
  ends_ = begun_ + request_.timeout;
  parts_.wheel.set(*this, ends_);
  if (std::string fault; !may_be_sent(fault)) {
    give_up(AttemptError::kInvalidUrl, std::move(fault));
  } else {
    outcome_.request_headers =
        headers_to_send(std::move(request_.headers), *request_.target, request_.message->body.size());
    if (!start_on_kept()) start_on_new();
  }
  inside_call_ = false;
}

bool OutboundAttempt::may_be_sent(std::string& fault) const {
  if (!request_.target || request_.target->host.empty() || request_.target->port == 0 ||
      breaks_the_request_line(request_.target->target) || has_line_break(request_.target->authority)) {
    fault = "the webhook's URL cannot be sent to";
    return false;
  }
  for (const Header& header : request_.headers) {
    if (header.name.empty() || has_line_break(header.name) || has_line_break(header.value)) {
      fault = "a header has characters that cannot be sent";
      return false;
    }
  }
  return true;
}

bool OutboundAttempt::start_on_kept() {
  while (auto kept = parts_.pool.take(*request_.target)) {
    if (!parts_.rules.allows(kept->peer())) {
      kept->close();
      continue;
    }
    connection_ = std::move(kept);
    on_kept_ = true;
    exchange();
    return true;
  }
  return false;
}

void OutboundAttempt::start_on_new() {
  on_kept_ = false;
  step_begun_ = steady_now();
  stage_ = Stage::kResolving;
  const std::string& host = request_.target->host;
  if (const auto literal = IpAddress::parse(host)) return connect({*literal});
  // The resolver may still hold this when the attempt has long ended.
  parts_.resolver.resolve(host, [weak = weak_from_this()](const DnsAnswer& answer) {
    const auto self = weak.lock();
    if (self && !self->finished_) self->resolved(answer);
  });
}

void OutboundAttempt::resolved(const DnsAnswer& answer) {
  const bool was_inside = std::exchange(inside_call_, true);
  const SteadyTime now = steady_now();
  outcome_.timings.dns_us = (now - step_begun_).count();
  if (answer.addresses.empty()) {
    give_up(AttemptError::kDns, answer.fault);
  } else {
    connect(answer.addresses);
  }
  inside_call_ = was_inside;
}

void OutboundAttempt::connect(const std::vector<IpAddress>& addresses) {
  const auto denied = std::find_if(addresses.begin(), addresses.end(),
                                   [&](const IpAddress& address) { return !parts_.rules.allows(address); });
  if (denied != addresses.end()) {
    return give_up(AttemptError::kAddressDenied,
                   "deliveries to an address of " + request_.target->host + " are not allowed");
  }
  stage_ = Stage::kConnecting;
  step_begun_ = steady_now();
  parts_.wheel.set(*this, std::min(ends_, step_begun_ + parts_.limits.connect));
  connecting_ = std::make_shared<HappyEyeballs>(parts_.loop, addresses, request_.target->port,
                                                [this](LoopSocket* socket, const IpAddress& peer, std::string fault) {
                                                  if (!socket) return give_up(AttemptError::kConnect, std::move(fault));
                                                  connected(*socket, peer);
                                                });
  connecting_->start();
}

void OutboundAttempt::connected(LoopSocket& socket, const IpAddress& peer) {
  const SteadyTime now = steady_now();
  outcome_.timings.connect_us = (now - step_begun_).count();
  boost::system::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return give_up(AttemptError::kConnect, "the connection was lost at once: " + error.message());
  const TargetUrl& target = *request_.target;
  connection_ = std::make_shared<ClientConnection>(std::move(socket), Origin{target.tls, target.port, target.host},
                                                   peer, address_text(endpoint), parts_.scratch);
  connecting_.reset();
  if (!target.tls) {
    parts_.wheel.set(*this, ends_);
    return exchange();
  }
  if (!parts_.tls) return give_up(AttemptError::kTls, "TLS is not set up");
  stage_ = Stage::kSecuring;
  step_begun_ = now;
  outcome_.remote_address = connection_->remote_address();
  connection_->secure(parts_.tls->native_handle(), parts_.sessions, [this](ExchangeEnd end) {
    if (end.error != AttemptError::kNone) return give_up(end.error, std::move(end.message));
    outcome_.timings.tls_us = (steady_now() - step_begun_).count();
    parts_.wheel.set(*this, ends_);
    exchange();
  });
}

void OutboundAttempt::exchange() {
  if (request_.not_after && boot_clock_now() >= *request_.not_after) return withhold();
  stage_ = Stage::kExchanging;
  outcome_.remote_address = connection_->remote_address();
  std::string& head = connection_->head_buffer();
  write_head(head);
  connection_->exchange(head, request_.message->body, outcome_, [this](ExchangeEnd end) { exchanged(std::move(end)); });
}

void OutboundAttempt::write_head(std::string& head) const {
  head.clear();
  head.append("POST ").append(request_.target->target).append(" HTTP/1.1\r\n");
  for (const Header& header : outcome_.request_headers) {
    head.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  head.append("\r\n");
}

void OutboundAttempt::exchanged(ExchangeEnd end) {
  if (end.unanswered && on_kept_) {
    // The server closed it while the request was on its way: not the webhook's failure.
    connection_->close();
    connection_.reset();
    outcome_.remote_address.clear();
    return start_on_new();
  }
  if (end.error != AttemptError::kNone) return give_up(end.error, std::move(end.message));
  if (connection_->reusable()) {
    parts_.pool.give(std::move(connection_));
    connection_.reset();
  }
  finish();
}

void OutboundAttempt::on_deadline() {
  const auto waited = std::to_string(std::chrono::duration_cast<milliseconds>(steady_now() - begun_).count()) + " ms";
  const bool whole = steady_now() >= ends_;
  switch (stage_) {
    case Stage::kResolving:
      return give_up(AttemptError::kTimeout, "no answer from the name servers within " + waited);
    case Stage::kConnecting:
      return give_up(whole ? AttemptError::kTimeout : AttemptError::kConnectTimeout, "no connection within " + waited);
    case Stage::kSecuring:
      return give_up(whole ? AttemptError::kTimeout : AttemptError::kConnectTimeout,
                     "no end of the TLS handshake within " + waited);
    case Stage::kExchanging:
      return give_up(AttemptError::kTimeout, outcome_.status_code == 0 ? "no answer within " + waited
                                                                       : "the answer did not end within " + waited);
  }
}

void OutboundAttempt::withhold() {
  outcome_.withheld = true;
  finish();
}

void OutboundAttempt::give_up(AttemptError error, std::string message) {
  outcome_.error = error;
  outcome_.error_message = std::move(message);
  finish();
}

void OutboundAttempt::finish() {
  finished_ = true;
  clear_deadline();
  if (connecting_) std::exchange(connecting_, nullptr)->cancel();
  if (connection_) std::exchange(connection_, nullptr)->close();
  outcome_.duration = std::chrono::duration_cast<milliseconds>(steady_now() - begun_);
  if (!inside_call_) return call();
  boost::asio::post(parts_.loop, [self = shared_from_this()] {
    if (self->done_) self->call();
  });
}

void OutboundAttempt::call() {
  const auto self = std::move(self_);
  parts_.open.erase(parts_.open.iterator_to(*this));
  if (parts_.open.empty() && parts_.on_none_open) parts_.on_none_open();
  auto done = std::move(done_);
  std::move(done)(std::move(outcome_));
}

void OutboundAttempt::abandon() {
  const auto self = std::move(self_);
  finished_ = true;
  clear_deadline();
  if (connecting_) std::exchange(connecting_, nullptr)->cancel();
  if (connection_) std::exchange(connection_, nullptr)->close();
  parts_.open.erase(parts_.open.iterator_to(*this));
  const auto dropped = std::move(done_);
}

}  // namespace eventrelay
