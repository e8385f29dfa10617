// The coroutines that one object has started on an event loop: it ends what they wait for, then waits here until none
// is left. Belongs to the thread that runs its context.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

namespace eventrelay {

class TaskGroup {
 public:
  /// context: outlives this. name: of whom the tasks are, for the log; a literal.
  TaskGroup(boost::asio::io_context& context, const char* name);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts the task. It keeps alive whatever it touches, this group apart. What it throws is logged as an error.
  void spawn(boost::asio::awaitable<void> task);
  /// Returns when no task is left; their frames are gone then. It ends none: whatever they wait for has to end first.
  /// Not from one of the tasks.
  boost::asio::awaitable<void> join();

 private:
  struct State;
  static boost::asio::awaitable<void> wait(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  ///< tasks may end after the group has gone
};

}  // namespace eventrelay
