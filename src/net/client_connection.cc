#include "net/client_connection.h"

#include <utility>

namespace eventrelay {

ClientConnection::ClientConnection(LoopSocket socket, Origin origin, IpAddress peer, std::string remote_address,
                                   std::span<char> scratch)
    : stream_(std::move(socket)),
      origin_(std::move(origin)),
      peer_(peer),
      remote_address_(std::move(remote_address)),
      scratch_(scratch) {}

/// The next bytes of a plain connection's answer.
void ClientConnection::read_soon() {
  if (std::exchange(reads_, true)) return;
  stream_.read_soon(first_, [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
    self->reads_ = false;
    self->on_read(error, bytes);
  });
}

void ClientConnection::on_read(const boost::system::error_code& error, std::size_t bytes) {
  if (phase_ != Phase::kExchange) return;
  if (error) return ended_by_server(error == boost::asio::error::eof ? IoStatus::kEnd : IoStatus::kLost);
  const std::uint64_t exchange = exchanges_;
  take({first_.data(), bytes});
  // The end of one exchange may have begun the next.
  if (phase_ != Phase::kExchange || exchanges_ != exchange) return;
  return bytes == first_.size() ? read_more() : read_soon();
}

void ClientConnection::wait_readable() {
  if (std::exchange(waits_to_read_, true)) return;
  stream_.wait_readable([self = shared_from_this()](const boost::system::error_code&) {
    self->waits_to_read_ = false;
    self->on_ready();
  });
}

void ClientConnection::wait_writable() {
  if (std::exchange(waits_to_write_, true)) return;
  stream_.wait_writable([self = shared_from_this()](const boost::system::error_code&) {
    self->waits_to_write_ = false;
    self->on_ready();
  });
}

void ClientConnection::on_ready() {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kResting:
    case Phase::kClosed:
      return;
    case Phase::kSecuring:
      return go_on_securing();
    case Phase::kExchange:
      if (write_more() && stream_.is_tls()) read_more();
      return;
    case Phase::kWatched:
      // With TLS there may have been a new session only.
      return stream_.is_quiet() ? wait_readable() : end_watch();
  }
}

void ClientConnection::secure(SSL_CTX* context, TlsSessions& sessions, Done done) {
  phase_ = Phase::kSecuring;
  done_ = std::move(done);
  TlsPeer peer{origin_.host, origin_.port, IpAddress::parse(origin_.host).has_value()};
  if (peer.host.ends_with('.')) peer.host.pop_back();
  stream_.use_tls(context, peer, sessions);
  wait_writable();  // the socket is: the handshake begins, or its fault is told, after this call
}

void ClientConnection::go_on_securing() {
  if (!stream_.fault().empty()) return end({AttemptError::kTls, stream_.fault(), false});
  switch (stream_.handshake().status) {
    case IoStatus::kOk:
      return end({});
    case IoStatus::kWantRead:
      return wait_readable();
    case IoStatus::kWantWrite:
      return wait_writable();
    case IoStatus::kFault:
      return end({AttemptError::kTls, stream_.fault(), false});
    case IoStatus::kEnd:
    case IoStatus::kLost:
      return end({AttemptError::kTls, "the server closed the connection during the TLS handshake", false});
  }
}

void ClientConnection::exchange(std::string_view head, std::string_view body, AttemptOutcome& outcome, Done done) {
  phase_ = Phase::kExchange;
  clear_deadline();
  gone_ = nullptr;
  done_ = std::move(done);
  head_ = head;
  body_ = body;
  outcome_ = &outcome;
  write_failed_ = reusable_ = false;
  ++exchanges_;
  reader_.begin(outcome);
  sent_at_ = steady_now();
  if (!write_more()) return;
  return stream_.is_tls() ? wait_readable() : read_soon();
}

/// False: the exchange has ended.
bool ClientConnection::write_more() {
  while (!write_failed_ && !(head_.empty() && body_.empty())) {
    const IoResult result = stream_.write(head_, body_);
    switch (result.status) {
      case IoStatus::kOk: {
        const std::size_t of_head = std::min(result.bytes, head_.size());
        head_.remove_prefix(of_head);
        body_.remove_prefix(result.bytes - of_head);
        break;
      }
      case IoStatus::kWantWrite:
        wait_writable();
        return true;
      case IoStatus::kWantRead:
        wait_readable();
        return true;
      case IoStatus::kFault:
        end({AttemptError::kTls, stream_.fault(), false});
        return false;
      case IoStatus::kEnd:
      case IoStatus::kLost:
        // A server that refuses a long body may have answered before it closed: what it said can still be read.
        write_failed_ = true;
        if (!stream_.is_tls()) return true;
        read_more();
        return false;
    }
  }
  return true;
}

void ClientConnection::read_more() {
  const auto self = shared_from_this();
  const std::uint64_t exchange = exchanges_;
  while (phase_ == Phase::kExchange && exchanges_ == exchange) {
    const IoResult result = stream_.read(scratch_);
    switch (result.status) {
      case IoStatus::kOk:
        take({scratch_.data(), result.bytes});
        break;
      case IoStatus::kWantRead:
        return stream_.is_tls() ? wait_readable() : read_soon();
      case IoStatus::kWantWrite:
        return wait_writable();
      case IoStatus::kFault:
        return end({AttemptError::kTls, stream_.fault(), false});
      case IoStatus::kEnd:
      case IoStatus::kLost:
        return ended_by_server(result.status);
    }
  }
}

void ClientConnection::take(std::string_view bytes) {
  if (!reader_.any_byte()) outcome_->timings.first_byte_us = (steady_now() - sent_at_).count();
  switch (reader_.feed(bytes)) {
    case ResponseReader::Progress::kMore:
      return;
    case ResponseReader::Progress::kDone:
      reusable_ = reader_.reusable() && head_.empty() && body_.empty() && !write_failed_;
      return end({});
    case ResponseReader::Progress::kFault:
      return end({AttemptError::kProtocol, reader_.fault(), false});
  }
}

void ClientConnection::ended_by_server(IoStatus status) {
  if (status == IoStatus::kEnd && reader_.feed_end() == ResponseReader::Progress::kDone) return end({});
  if (!reader_.any_byte()) {
    return end({AttemptError::kConnectionClosed, "the server closed the connection without an answer", true});
  }
  end({AttemptError::kConnectionClosed, "the server closed the connection before the end of its answer", false});
}

void ClientConnection::end(ExchangeEnd how) {
  phase_ = Phase::kIdle;
  outcome_ = nullptr;
  head_ = body_ = {};
  const Done done = std::exchange(done_, nullptr);
  done(std::move(how));
}

void ClientConnection::rest(DeadlineWheel& wheel, std::chrono::milliseconds idle, std::function<void()> gone) {
  phase_ = Phase::kResting;
  gone_ = std::move(gone);
  wheel_ = &wheel;
  const SteadyTime now = steady_now();
  idle_ends_ = now + idle;
  wheel.set(*this, now + std::min(idle, kRest));
}

void ClientConnection::on_deadline() {
  if (phase_ != Phase::kResting || steady_now() >= idle_ends_) return end_watch();
  phase_ = Phase::kWatched;
  wheel_->set(*this, idle_ends_);
  wait_readable();
}

void ClientConnection::end_watch() {
  phase_ = Phase::kIdle;
  clear_deadline();
  const auto gone = std::exchange(gone_, nullptr);
  if (gone) gone();
}

void ClientConnection::close() {
  phase_ = Phase::kClosed;
  clear_deadline();
  done_ = nullptr;
  gone_ = nullptr;
  outcome_ = nullptr;
  head_ = body_ = {};
  stream_.close();
}

}  // namespace eventrelay
