#include "storage/postgres_resolver.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace eventrelay {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// For new addresses where there are some from before. A renewal of a lease has 1.5 s in all.
constexpr auto kWaitForNew = std::chrono::milliseconds(300);

/// By getaddrinfo, which libpq would call: on a thread of asio's own.
PgResolver::Lookup by_system(asio::io_context& context) {
  return [&context](const std::string& host, PgResolver::Answered answered) {
    auto resolver = std::make_shared<tcp::resolver>(context);
    resolver->async_resolve(
        host, "",
        [resolver, answered = std::move(answered)](const boost::system::error_code& error,
                                                   const tcp::resolver::results_type& results) {
          if (error) {
            const bool is_none = error == asio::error::host_not_found;
            return answered(Error{is_none ? ErrorCode::kNotFound : ErrorCode::kUnavailable, error.message(), {}});
          }
          PgResolver::Addresses addresses;
          for (const auto& entry : results) addresses.push_back(entry.endpoint().address().to_string());
          answered(std::move(addresses));
        });
  };
}

}  // namespace

asio::io_context::id PgResolver::id;

PgResolver::PgResolver(asio::io_context& context)
    : asio::io_context::service(context), context_(context), lookup_(by_system(context)) {}

std::shared_ptr<PgResolver::Flight> PgResolver::look_up(const std::string& host) {
  if (const auto found = flights_.find(host); found != flights_.end()) return found->second;
  auto flight = flights_.emplace(host, std::make_shared<Flight>()).first->second;
  lookup_(host, [this, host, flight](Result<Addresses> answer) {
    if (answer) known_[host] = *answer;
    flight->answer = std::move(answer);
    flights_.erase(host);
    for (asio::steady_timer* timer : flight->waiting) timer->cancel();
  });
  return flight;
}

asio::awaitable<Result<PgResolver::Addresses>> PgResolver::resolve(std::string host,
                                                                   std::chrono::steady_clock::time_point deadline) {
  const std::shared_ptr<Flight> flight = look_up(host);
  const auto until = known_.contains(host) ? std::min(deadline, flight->begun + kWaitForNew) : deadline;
  if (!flight->answer && std::chrono::steady_clock::now() < until) {
    asio::steady_timer timer(context_, until);
    flight->waiting.push_back(&timer);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await timer.async_wait(std::move(token));
    std::erase(flight->waiting, &timer);
  }
  const auto known = known_.find(host);
  const bool is_gone = flight->answer && !*flight->answer && flight->answer->error().code == ErrorCode::kNotFound;
  if (known != known_.end() && !is_gone) co_return known->second;
  const std::string why = flight->answer ? flight->answer->error().message : "no answer in time";
  co_return unavailable("could not translate host name \"" + host + "\" to address: " + why);
}

}  // namespace eventrelay
