// One HTTP request from its beginning to its outcome: a kept connection, or name, egress rules, connect, TLS; then the
// exchange; once more on a new connection where a kept one turned out dead. Belongs to its loop's thread.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/connection_pool.h"
#include "net/dns_resolver.h"
#include "net/happy_eyeballs.h"

namespace eventrelay {

using AttemptHook = boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::safe_link>>;

class OutboundAttempt;

/// Host first, as RFC 9110 wants it, then what the caller gave, then what the transport knows.
Headers headers_to_send(Headers given, const TargetUrl& target, std::size_t body_bytes);

/// What a loop's attempts share. The order of members is that of their making.
struct ClientParts {
  boost::asio::io_context& loop;
  std::shared_ptr<boost::asio::ssl::context> tls;
  EgressRules rules;
  HttpClientLimits limits;
  std::vector<char> scratch;
  DeadlineWheel wheel;
  TlsSessions sessions;
  ConnectionPool pool;
  DnsResolver resolver;
  boost::intrusive::list<OutboundAttempt, boost::intrusive::base_hook<AttemptHook>,
                         boost::intrusive::constant_time_size<true>>
      open;
  std::function<void()> on_none_open;
};

class OutboundAttempt final : public std::enable_shared_from_this<OutboundAttempt>,
                              public Deadline,
                              public AttemptHook {
 public:
  /// parts: outlives the open attempt.
  OutboundAttempt(ClientParts& parts, OutboundRequest request, Completion<AttemptOutcome> done);

  /// Owns itself from here until the completion runs, which is after this call.
  void start();
  /// The completion is destroyed uncalled; nothing of the attempt goes on.
  void abandon();

 private:
  enum class Stage { kResolving, kConnecting, kSecuring, kExchanging };

  void on_deadline() override;
  bool may_be_sent(std::string& fault) const;
  bool start_on_kept();
  void start_on_new();
  void resolved(const DnsAnswer& answer);
  void connect(const std::vector<IpAddress>& addresses);
  void connected(LoopSocket& socket, const IpAddress& peer);
  /// Nothing is written before this, nor without it.
  void exchange();
  void exchanged(ExchangeEnd end);
  void write_head(std::string& head) const;
  void withhold();
  void give_up(AttemptError error, std::string message);
  void finish();
  void call();

  ClientParts& parts_;
  OutboundRequest request_;
  Completion<AttemptOutcome> done_;
  AttemptOutcome outcome_;
  std::shared_ptr<OutboundAttempt> self_;
  std::shared_ptr<HappyEyeballs> connecting_;
  std::shared_ptr<ClientConnection> connection_;
  SteadyTime begun_{};
  SteadyTime ends_{};
  SteadyTime step_begun_{};
  Stage stage_ = Stage::kResolving;
  bool inside_call_ = false;  ///< of start() or the resolver: the completion must wait
  bool on_kept_ = false;
  bool finished_ = false;
};

}  // namespace eventrelay
