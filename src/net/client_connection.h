// One connection to a webhook's server: carries one exchange after the other, and between them watches for the server's
// farewell. Belongs to its loop's thread; owned by shared_ptr, for a wait may outlive its owner's interest.
#pragma once
#include <array>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "domain/target_url.h"
#include "net/client_stream.h"
#include "net/deadline_wheel.h"
#include "net/response_reader.h"

namespace eventrelay {

/// Whom connections are shared for.
struct Origin {
  bool tls = false;
  std::uint16_t port = 0;
  std::string host;
  bool operator==(const Origin&) const = default;
};

/// How a handshake or an exchange ended.
struct ExchangeEnd {
  AttemptError error = AttemptError::kNone;
  std::string message;
  bool unanswered = false;  ///< the connection was lost before any byte of an answer
};

/// The pool's order of idle connections.
using IdleHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>>;

class ClientConnection final : public std::enable_shared_from_this<ClientConnection>, public Deadline, public IdleHook {
 public:
  using Done = std::function<void(ExchangeEnd)>;

  /// scratch: what long answers are read through, shared by the loop's connections; outlives the open connection.
  ClientConnection(LoopSocket socket, Origin origin, IpAddress peer, std::string remote_address,
                   std::span<char> scratch);

  /// `done` is called once, never from inside this call, unless close() comes first. It may close, reuse and let go.
  void secure(SSL_CTX* context, TlsSessions& sessions, Done done);
  /// Sends head and body, reads the answer into `outcome`. All three outlive the exchange. As secure(), but `done` may
  /// be called from inside. REQUIRES: idle, secured where the origin asks for it.
  void exchange(std::string_view head, std::string_view body, AttemptOutcome& outcome, Done done);
  /// Calls `gone` once when `idle` has passed, or when the server closes or sends something unasked. The reactor waits
  /// for that only after kRest: most connections are reused before.
  void rest(DeadlineWheel& wheel, std::chrono::milliseconds idle, std::function<void()> gone);

  /// After an exchange without error: whether there may be another.
  bool reusable() const { return reusable_; }
  /// Right before it is reused: the server has neither closed nor spoken.
  bool is_quiet() { return stream_.is_open() && stream_.is_quiet(); }
  /// Nobody is called any more.
  void close();

  const Origin& origin() const { return origin_; }
  const IpAddress& peer() const { return peer_; }
  const std::string& remote_address() const { return remote_address_; }
  std::uint64_t exchanges() const { return exchanges_; }
  std::string& head_buffer() { return head_buffer_; }  ///< for the owner's use; keeps its memory

 private:
  enum class Phase { kIdle, kSecuring, kExchange, kResting, kWatched, kClosed };
  static constexpr std::chrono::milliseconds kRest{100};
  static constexpr std::size_t kFirstBytes = 1'024;  ///< what most answers fit in

  void on_deadline() override;
  void read_soon();
  void on_read(const boost::system::error_code& error, std::size_t bytes);
  void wait_readable();
  void wait_writable();
  void on_ready();
  void go_on_securing();
  bool write_more();
  void read_more();
  void take(std::string_view bytes);
  void ended_by_server(IoStatus status);
  void end(ExchangeEnd how);
  void end_watch();

  ClientStream stream_;
  Origin origin_;
  IpAddress peer_;
  std::string remote_address_;
  std::span<char> scratch_;

  Phase phase_ = Phase::kIdle;
  bool reads_ = false;
  bool waits_to_read_ = false;
  bool waits_to_write_ = false;
  bool write_failed_ = false;
  bool reusable_ = false;
  std::uint64_t exchanges_ = 0;

  std::array<char, kFirstBytes> first_;  ///< of a plain connection's answer
  std::string head_buffer_;
  std::string_view head_;  ///< what is left to send
  std::string_view body_;
  AttemptOutcome* outcome_ = nullptr;
  SteadyTime sent_at_{};
  ResponseReader reader_;
  Done done_;
  std::function<void()> gone_;
  DeadlineWheel* wheel_ = nullptr;  ///< while resting
  SteadyTime idle_ends_{};
};

using IdleOrder = boost::intrusive::list<ClientConnection>;

}  // namespace eventrelay
