// How the store's reads run: each with a connection on loan, answered on the loop that asked. They are asked for from
// any thread; the rest belongs to the store's loop.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <exception>

#include "base/completion.h"
#include "base/limits.h"
#include "ports/event_loop.h"
#include "ports/store_queries.h"
#include "storage/postgres_commit.h"
#include "storage/postgres_link.h"
#include "storage/postgres_queries.h"

namespace eventrelay {

/// A renewal that takes longer has failed; the lease has room for more than one.
inline constexpr auto kLeaseCallTimeout = std::chrono::milliseconds(1'500);

class PgReads {
 public:
  /// pulse: outlives this.
  PgReads(boost::asio::io_context& context, PgConnectOptions connect, const PgPulse& pulse);

  // make: from a PgRead to an Awaitable<Result<T>>. Errors are the read's; kTimeout when no connection was free, and
  // kUnavailable instead where the server said nothing at all.

  template <class T, class Make>
  void for_engine(EventLoop& loop, Make make, Completion<Result<T>> done) {
    ask<T>(engine_, loop, kQueryTimeout, std::move(make), std::move(done));
  }
  template <class T, class Make>
  Awaitable<Result<T>> for_people(EventLoop& loop, Make make) {
    auto asking = completion_of<Result<T>>([this, &loop, make = std::move(make)](auto done) mutable {
      ask<T>(people_, loop, kAnswerWithin, std::move(make), Completion<Result<T>>(std::move(done)));
    });
    co_return co_await std::move(asking);
  }
  /// kUnavailable instead of kTimeout: nothing was done.
  template <class T, class Make>
  void change_for_people(EventLoop& loop, Make make, Completion<Result<T>> done) {
    ask<T>(people_, loop, kAnswerWithin, std::move(make), [done = std::move(done)](Result<T> result) mutable {
      if (!result && result.error().code == ErrorCode::kTimeout) result = store_unavailable();
      std::move(done)(std::move(result));
    });
  }
  template <class T, class Make>
  void for_lease(EventLoop& loop, Make make, Completion<Result<T>> done) {
    ask<T>(lease_, loop, kLeaseCallTimeout, std::move(make), std::move(done));
  }
  template <class T, class Make>
  void for_activity(EventLoop& loop, Make make, Completion<Result<T>> done) {
    ask<T>(activity_, loop, kQueryTimeout, std::move(make), std::move(done));
  }

  /// On the store's loop, with one of the engine's connections.
  template <class T, class Make>
  Awaitable<Result<T>> run(std::chrono::milliseconds timeout, Make make) {
    return with_connection<T>(engine_, timeout, std::move(make));
  }
  PgPool& engine_pool() { return engine_; }
  /// What still reads fails, and all that is asked later.
  void close();

 private:
  template <class T, class Make>
  void ask(PgPool& pool, EventLoop& loop, std::chrono::milliseconds timeout, Make make, Completion<Result<T>> done) {
    const auto asked = std::chrono::steady_clock::now();
    boost::asio::co_spawn(
        context_, with_connection<T>(pool, timeout, std::move(make)),
        [this, &loop, asked, done = std::move(done)](const std::exception_ptr& fault, Result<T> result) mutable {
          const bool is_late = !result && result.error().code == ErrorCode::kTimeout;
          if (fault || (is_late && pulse_.is_silent_since(asked))) result = store_unavailable();
          loop.post(
              [done = std::move(done), result = std::move(result)]() mutable { std::move(done)(std::move(result)); });
        });
  }
  template <class T, class Make>
  static Awaitable<Result<T>> with_connection(PgPool& pool, std::chrono::milliseconds timeout, Make make) {
    const auto deadline = PgConnection::Deadline::clock::now() + timeout;
    auto taking = pool.take(deadline);
    auto loan = co_await std::move(taking);
    if (!loan) co_return loan.error();
    auto reading = make(PgRead{loan->db(), deadline});
    co_return co_await std::move(reading);
  }

  boost::asio::io_context& context_;
  const PgPulse& pulse_;
  PgPool engine_, people_, lease_, activity_;
};

}  // namespace eventrelay
