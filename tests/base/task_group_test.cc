#include "base/task_group.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sstream>
#include <stdexcept>

#include "base/log.h"

namespace eventrelay {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> wait_for(std::shared_ptr<asio::steady_timer> timer) {
  boost::system::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await timer->async_wait(token);
}
asio::awaitable<void> fail() {
  throw std::runtime_error("out of luck");
  co_return;
}

/// What the process logs while this lives.
struct LogCapture {
  LogCapture() { spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink)); }
  ~LogCapture() { spdlog::set_default_logger(before); }
  std::ostringstream text;
  std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text);
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
};

struct TaskGroupTest : testing::Test {
  /// Counts how many have joined.
  void join(TaskGroup& group) {
    asio::co_spawn(context, group.join(), [this](const std::exception_ptr& fault) {
      EXPECT_FALSE(fault);
      ++joined;
    });
  }
  void run_ready() {
    context.restart();
    context.poll();
  }
  std::shared_ptr<asio::steady_timer> never() {
    return std::make_shared<asio::steady_timer>(context, asio::steady_timer::time_point::max());
  }
  asio::io_context context{1};
  int joined = 0;
};

TEST_F(TaskGroupTest, an_empty_group_is_joined_at_once) {
  TaskGroup group(context, "test");
  join(group);
  run_ready();
  EXPECT_EQ(joined, 1);
}

TEST_F(TaskGroupTest, all_who_join_wait_for_the_last_task_and_its_frame_is_gone) {
  TaskGroup group(context, "test");
  const auto first = never();
  const auto last = never();
  group.spawn(wait_for(first));
  group.spawn(wait_for(last));
  join(group);
  join(group);
  run_ready();
  first->cancel();
  run_ready();
  EXPECT_EQ(joined, 0);
  last->cancel();
  run_ready();
  EXPECT_EQ(joined, 2);
  EXPECT_EQ(last.use_count(), 1);
  join(group);
  run_ready();
  EXPECT_EQ(joined, 3);
}

TEST_F(TaskGroupTest, what_a_task_throws_is_logged_and_the_task_has_ended) {
  const LogCapture log;
  TaskGroup group(context, "the part");
  group.spawn(fail());
  join(group);
  run_ready();
  EXPECT_EQ(joined, 1);
  EXPECT_NE(log.text.str().find("the part: a task has failed: out of luck"), std::string::npos) << log.text.str();
  EXPECT_NE(log.text.str().find("error"), std::string::npos);
}

TEST_F(TaskGroupTest, a_group_may_go_before_its_tasks_and_its_loop) {
  const auto timer = never();
  {
    asio::io_context other{1};
    TaskGroup(context, "test").spawn(wait_for(timer));
    TaskGroup(other, "test")
        .spawn(wait_for(std::make_shared<asio::steady_timer>(other, asio::steady_timer::time_point::max())));
    other.poll();
  }
  run_ready();
  timer->cancel();
  run_ready();
  EXPECT_EQ(timer.use_count(), 1);
}

}  // namespace
}  // namespace eventrelay
