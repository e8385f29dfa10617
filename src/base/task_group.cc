#include "base/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"

namespace eventrelay {

namespace asio = boost::asio;

struct TaskGroup::State {
  State(asio::io_context& loop, const char* whose)
      : context(loop), name(whose), ended(loop, asio::steady_timer::time_point::max()) {}
  asio::io_context& context;
  const char* name;
  std::size_t running = 0;
  asio::steady_timer ended;  ///< cancelled when the last one ends
};

TaskGroup::TaskGroup(asio::io_context& context, const char* name) : state_(std::make_shared<State>(context, name)) {}

void TaskGroup::spawn(asio::awaitable<void> task) {
  ++state_->running;
  asio::co_spawn(state_->context, std::move(task), [state = state_](const std::exception_ptr& fault) {
    if (fault) spdlog::error("{}: a task has failed: {}", state->name, what_of(fault));
    if (--state->running == 0) state->ended.cancel();
  });
}

asio::awaitable<void> TaskGroup::join() {
  return wait(state_);
}

asio::awaitable<void> TaskGroup::wait(std::shared_ptr<State> state) {
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  while (state->running > 0) co_await state->ended.async_wait(token);
}

}  // namespace eventrelay
