#include "net/http_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/outbound_attempt.h"

namespace eventrelay {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;

}  // namespace

class HttpClient::Impl {
 public:
  Impl(boost::asio::io_context& loop, std::shared_ptr<boost::asio::ssl::context> tls, EgressRules rules,
       HttpClientLimits limits)
      : parts_{.loop = loop,
               .tls = std::move(tls),
               .rules = std::move(rules),
               .limits = std::move(limits),
               .scratch = std::vector<char>(kScratchBytes),
               .wheel = DeadlineWheel(loop),
               .sessions = {},
               .pool = ConnectionPool(parts_.limits, parts_.wheel),
               .resolver =
                   DnsResolver(loop, {parts_.limits.dns_ttl, parts_.limits.dns_entries, parts_.limits.dns_servers}),
               .open = {},
               .on_none_open = {}},
        none_open_(loop) {
    parts_.on_none_open = [this] { none_open_.cancel(); };
  }

  void send(OutboundRequest request, Completion<AttemptOutcome> done) {
    std::make_shared<OutboundAttempt>(parts_, std::move(request), std::move(done))->start();
  }

  /// Completions that are destroyed may not call back.
  void close() {
    while (!parts_.open.empty()) parts_.open.front().abandon();
    parts_.pool.close_all();
    none_open_.cancel();
  }

  boost::asio::awaitable<void> stop() {
    parts_.limits.idle_total = 0;
    parts_.pool.close_all();
    while (!parts_.open.empty()) {
      none_open_.expires_at(boost::asio::steady_timer::time_point::max());
      co_await none_open_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
  }

 private:
  ClientParts parts_;
  boost::asio::steady_timer none_open_;
};

HttpClient::HttpClient(boost::asio::io_context& loop, std::shared_ptr<boost::asio::ssl::context> tls, EgressRules rules,
                       HttpClientLimits limits)
    : impl_(std::make_shared<Impl>(loop, std::move(tls), std::move(rules), std::move(limits))) {}

HttpClient::~HttpClient() {
  impl_->close();
}

void HttpClient::send(OutboundRequest request, Completion<AttemptOutcome> done) {
  impl_->send(std::move(request), std::move(done));
}

boost::asio::awaitable<void> HttpClient::stop() {
  const auto impl = impl_;
  co_await impl->stop();
}

}  // namespace eventrelay
