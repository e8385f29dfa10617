// The names of PostgreSQL's hosts to addresses, beside the loop: libpq would call getaddrinfo on it, and with a name
// server that says nothing no lease is renewed for as long. One for each context: boost::asio::use_service<PgResolver>.
// Belongs to the thread that runs the context, whose end waits for a lookup that is under way.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace eventrelay {

class PgResolver final : public boost::asio::io_context::service {
 public:
  static boost::asio::io_context::id id;

  using Addresses = std::vector<std::string>;  ///< as numbers, in the order in which they are to be tried
  using Answered = std::function<void(Result<Addresses>)>;
  /// Calls back once, on the loop. Errors: kNotFound: there is no such name; kUnavailable: all else.
  using Lookup = std::function<void(const std::string& host, Answered answered)>;

  explicit PgResolver(boost::asio::io_context& context);
  void set_lookup(Lookup lookup) { lookup_ = std::move(lookup); }  ///< tests do

  /// One lookup of a name at a time, however many ask. While it takes long, and where it fails, the addresses that the
  /// name had before are given; not where there is no such name any more.
  /// Errors: kUnavailable, with a sentence for the operator.
  boost::asio::awaitable<Result<Addresses>> resolve(std::string host, std::chrono::steady_clock::time_point deadline);

 private:
  struct Flight {
    std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
    std::optional<Result<Addresses>> answer;
    std::vector<boost::asio::steady_timer*> waiting;
  };
  std::shared_ptr<Flight> look_up(const std::string& host);
  void shutdown() noexcept override {}

  boost::asio::io_context& context_;
  Lookup lookup_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;
  std::map<std::string, Addresses> known_;
};

}  // namespace eventrelay
