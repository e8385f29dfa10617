#include "storage/postgres_link.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace eventrelay {

namespace asio = boost::asio;

namespace {
constexpr auto kPauseMin = std::chrono::milliseconds(50);
constexpr auto kPauseMax = std::chrono::milliseconds(1'000);
constexpr auto kSetupTimeout = std::chrono::seconds(5);
/// Reads that may wait for a connection.
constexpr std::size_t kPgQueriesWaitingMax = 4'096;
}  // namespace

asio::awaitable<Result<PgConnection*>> PgLink::get(PgConnection::Deadline deadline) {
  if (is_open()) co_return connection_.get();
  connection_.reset();
  if (failure_ && std::chrono::steady_clock::now() < next_try_) co_return *failure_;
  PgConnectOptions options = options_;
  const auto now = std::chrono::steady_clock::now();
  if (deadline < now + options.connect_timeout)
    options.connect_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
  auto connecting = PgConnection::connect(context_, std::move(options));
  auto connected = co_await std::move(connecting);
  if (connected && setup_) {
    const auto by = std::min(deadline, std::chrono::steady_clock::now() + kSetupTimeout);
    auto setting = (*connected)->query(setup_, PgParams(), by);
    const auto set = co_await std::move(setting);
    if (!set) connected = set.error().error;
  }
  if (!connected) {
    failure_ = connected.error();
    if (failure_->code != ErrorCode::kUnavailable) failure_->code = ErrorCode::kUnavailable;
    pause_ = std::clamp(pause_ * 2, kPauseMin, kPauseMax);
    next_try_ = std::chrono::steady_clock::now() + pause_;
    co_return *failure_;
  }
  failure_.reset();
  pause_ = {};
  connection_ = std::move(*connected);
  co_return connection_.get();
}

void PgLink::settle(const PgFault& fault) {
  const std::string_view state = fault.sqlstate;
  const bool is_left_clean = state == pg_state::kLockTimeout || state == pg_state::kDeadlock ||
                             state == pg_state::kNoPartition || state == pg_state::kFenced || state.starts_with("22");
  if (!state.empty() && !is_left_clean) close();
}

bool is_of_an_item(const PgFault& fault) {
  const std::string_view state = fault.sqlstate;
  if (state == pg_state::kNoPartition) return false;
  // Data, constraints, limits of the program, a damaged page.
  const auto is_of = [&](const char* its_class) { return state.starts_with(its_class); };
  return is_of("22") || is_of("23") || is_of("54") || is_of("XX");
}

PgPool::PgPool(asio::io_context& context, PgConnectOptions options, std::size_t connections, const char* setup)
    : context_(context) {
  for (std::size_t i = 0; i < connections; ++i) {
    links_.push_back(std::make_unique<PgLink>(context, options, setup));
    free_.push_back(links_.back().get());
  }
}

asio::awaitable<Result<PgPool::Loan>> PgPool::take(PgConnection::Deadline deadline) {
  PgLink* link = nullptr;
  if (closed_) co_return unavailable("The store is closed");
  if (!free_.empty()) {
    link = free_.back();
    free_.pop_back();
  } else {
    if (waiting_.size() >= kPgQueriesWaitingMax)
      co_return unavailable("Too many queries wait for the database; try again");
    Waiter waiter(context_);
    waiter.timer.expires_at(deadline);
    waiting_.push_back(&waiter);
    boost::system::error_code ignored;
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    link = waiter.link;
    if (!link) {
      std::erase(waiting_, &waiter);
      co_return Error{ErrorCode::kTimeout, "Too many queries wait before this one; try again", {}};
    }
  }
  auto getting = link->get(deadline);
  auto connection = co_await std::move(getting);
  if (!connection) {
    give_back(*link);
    co_return connection.error();
  }
  co_return Loan(*this, *link, **connection);
}

void PgPool::close() {
  closed_ = true;
  for (auto& link : links_) link->close();
  for (Waiter* waiter : waiting_) waiter->timer.cancel();
}

void PgPool::give_back(PgLink& link) {
  if (closed_) link.close();
  if (waiting_.empty() || closed_) {
    free_.push_back(&link);
    return;
  }
  Waiter* next = waiting_.front();
  waiting_.pop_front();
  next->link = &link;
  next->timer.cancel();
}

}  // namespace eventrelay
