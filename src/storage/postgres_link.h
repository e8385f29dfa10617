// A connection that is made again when it has ended, and a few of them that reads share. Belong to the store's loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "storage/postgres_connection.h"

namespace eventrelay {

/// Whether the server says anything, on whatever connection.
struct PgPulse {
  std::chrono::steady_clock::time_point heard{};  ///< its last answer
  bool is_asked = false;                          ///< regularly: it means something that nothing was heard
  bool is_silent_since(std::chrono::steady_clock::time_point when) const { return is_asked && heard < when; }
};

class PgLink {
 public:
  /// setup: one statement for each new connection; nullptr: none. Literals.
  PgLink(boost::asio::io_context& context, PgConnectOptions options, const char* setup = nullptr)
      : context_(context), options_(std::move(options)), setup_(setup) {}

  /// The connection, made where there is none; it is good until the caller waits for anything. One caller at a time.
  /// Error: why there is none; for a while after a failure at once, without another try.
  /// The attempt ends with the deadline.
  boost::asio::awaitable<Result<PgConnection*>> get(PgConnection::Deadline deadline = PgConnection::Deadline::max());
  bool is_open() const { return connection_ && connection_->is_open(); }
  /// Batches under way fail.
  void close() {
    if (connection_) connection_->close();
  }
  /// After a fault of a call that draws ids: closes the connection, unless the fault tells that nothing of the call is
  /// left in the session. The lock of draw_ids may be, and would keep every other session out.
  void settle(const PgFault& fault);

 private:
  boost::asio::io_context& context_;
  PgConnectOptions options_;
  const char* setup_;
  std::unique_ptr<PgConnection> connection_;
  std::optional<Error> failure_;
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::milliseconds pause_{0};
};

/// The data of one item of a commit may have brought it: the others get through, each alone.
bool is_of_an_item(const PgFault& fault);

/// Connections for reads; at most so many at once, the others wait.
class PgPool {
 public:
  /// setup: as PgLink.
  PgPool(boost::asio::io_context& context, PgConnectOptions options, std::size_t connections,
         const char* setup = nullptr);

  /// A connection on loan; goes back when this ends. The pool outlives it.
  class Loan {
   public:
    Loan(PgPool& pool, PgLink& link, PgConnection& connection) : pool_(&pool), link_(&link), connection_(&connection) {}
    Loan(Loan&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), link_(other.link_), connection_(other.connection_) {}
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (pool_) pool_->give_back(*link_);
    }
    PgConnection& db() const { return *connection_; }

   private:
    PgPool* pool_;
    PgLink* link_;
    PgConnection* connection_;
  };

  /// Errors: kUnavailable: no connection, or too many wait; kTimeout: the deadline passed in the queue.
  boost::asio::awaitable<Result<Loan>> take(PgConnection::Deadline deadline);
  /// What is under way fails, and all that is asked later.
  void close();

 private:
  void give_back(PgLink& link);

  boost::asio::io_context& context_;
  std::vector<std::unique_ptr<PgLink>> links_;
  std::vector<PgLink*> free_;
  struct Waiter {
    explicit Waiter(boost::asio::io_context& context) : timer(context) {}
    boost::asio::steady_timer timer;
    PgLink* link = nullptr;
  };
  std::deque<Waiter*> waiting_;
  bool closed_ = false;
};

}  // namespace eventrelay
