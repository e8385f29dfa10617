// What a process answers while its PostgreSQL says nothing: it stands still, or the network drops what is sent.
#include <gtest/gtest.h>

#include <thread>

#include "storage/postgres_commit.h"
#include "tests/storage/postgres_process.h"
#include "tests/support/postgres_server.h"

namespace eventrelay::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

/// The promise is a second; the machine of the tests may be busy.
constexpr auto kInTime = milliseconds(1'200);

struct PostgresSilenceTest : testing::Test {
  PostgresServer server;  // its own: others are not to stand still
  std::string url = server.make_database();
  Process process{url};
  TestLoop& loop = process.loop;
  ~PostgresSilenceTest() override { server.resume(); }

  template <class T>
  struct Asked {
    steady_clock::time_point at = steady_clock::now();
    std::optional<Result<T>> answer{};
    steady_clock::duration after{};
  };
  template <class T>
  static auto keep(const std::shared_ptr<Asked<T>>& asked) {
    return [asked](Result<T> result) {
      asked->after = steady_clock::now() - asked->at;
      asked->answer.emplace(std::move(result));
    };
  }
  std::shared_ptr<Asked<ChangeResult>> ask_change(Change change) {
    auto asked = std::make_shared<Asked<ChangeResult>>();
    process.store->change(loop.loop(), std::move(change), keep(asked));
    return asked;
  }
  template <class T>
  std::shared_ptr<Asked<T>> ask(Awaitable<Result<T>> reading) {
    auto asked = std::make_shared<Asked<T>>();
    boost::asio::co_spawn(
        loop.context(), std::move(reading),
        [then = keep(asked)](const std::exception_ptr&, Result<T> result) { then(std::move(result)); });
    return asked;
  }
  void pass(milliseconds time) {
    const auto until = steady_clock::now() + time;
    loop.run_until([&] { return steady_clock::now() >= until; });
  }
  void pause() {
    pass(milliseconds(500));  // the first looks at the catalog are answered
    server.pause();
  }
};

TEST_F(PostgresSilenceTest, an_event_that_was_not_sent_is_surely_not_done_and_one_that_was_may_be) {
  ASSERT_TRUE(process.send());
  pause();
  const auto send = [&](const std::string& type) {
    IngestIntent intent = Process::event();
    intent.events.front().type = type.empty() ? intent.events.front().type : type;
    auto asked = std::make_shared<Asked<IngestResult>>();
    process.store->ingest(loop.loop(), std::move(intent), keep(asked));
    loop.run_until([&] { return asked->answer.has_value(); });
    EXPECT_LT(asked->after, kInTime);
    return asked->answer->error().code;
  };
  EXPECT_EQ(send("never.heard.of"), ErrorCode::kUnavailable) << "a new type is made first: the event was not sent";
  server.resume();
  pass(seconds(1));
  EXPECT_EQ(server.sql(url, "SELECT count(*) FROM eventrelay.events"), "1");
  server.pause();
  EXPECT_EQ(send(""), ErrorCode::kUnknown);
  server.resume();
}

TEST_F(PostgresSilenceTest, everything_is_answered_within_a_second) {
  ASSERT_TRUE(process.change(Process::webhook()));
  pause();
  // Long enough for the connections to be given up, and for new ones to be tried in vain.
  for (int round = 0; round < 8; ++round) {
    std::vector<std::shared_ptr<Asked<ChangeResult>>> changes;
    for (int i = 0; i < 3; ++i) changes.push_back(ask_change(Process::webhook()));
    std::vector<std::shared_ptr<Asked<Page<WebhookPtr>>>> lists;
    for (int i = 0; i < 5; ++i) lists.push_back(ask(process.store->list_webhooks(loop.loop(), kOrg, {0, 10})));
    auto metrics = ask(process.store->metrics(loop.loop(), kOrg, MetricsWindow{}, {}));
    loop.run_until([&] {
      return metrics->answer && std::ranges::all_of(changes, [](auto& one) { return one->answer.has_value(); }) &&
             std::ranges::all_of(lists, [](auto& one) { return one->answer.has_value(); });
    });
    for (std::size_t i = 0; i < changes.size(); ++i) {
      EXPECT_LT(changes[i]->after, kInTime) << "round " << round;
      ASSERT_FALSE(*changes[i]->answer);
      const bool was_sent = round == 0 && i == 0;
      EXPECT_EQ(changes[i]->answer->error().code, was_sent ? ErrorCode::kUnknown : ErrorCode::kUnavailable)
          << "round " << round << ", change " << i;
    }
    for (const auto& list : lists) {
      EXPECT_LT(list->after, kInTime) << "round " << round;
      EXPECT_EQ(list->answer->error().code, ErrorCode::kUnavailable) << list->answer->error().message;
    }
    EXPECT_LT(metrics->after, kInTime);
  }
  server.resume();
  loop.run_until([&] { return process.change(Process::webhook()).has_value(); });
}

TEST_F(PostgresSilenceTest, a_change_that_is_done_after_its_answer_is_told_all_the_same) {
  ASSERT_TRUE(process.change(Process::webhook()));
  pause();
  const auto change = ask_change(Process::webhook());
  const auto behind = ask_change(Process::webhook());
  loop.run_until([&] { return change->answer && behind->answer; });
  EXPECT_EQ(change->answer->error().code, ErrorCode::kUnknown);
  EXPECT_EQ(behind->answer->error().code, ErrorCode::kUnavailable);
  process.hand_over.take();
  server.resume();
  std::vector<WebhookPtr> told;
  const auto until = steady_clock::now() + seconds(2);
  loop.run_until([&] {
    for (const WebhookPtr& webhook : process.hand_over.take().webhooks) told.push_back(webhook);
    return steady_clock::now() > until;
  });
  EXPECT_EQ(told.size(), 1u) << "nothing was done of the one that was answered so";
  EXPECT_EQ(server.sql(url, "SELECT count(*) FROM eventrelay.webhooks"), "2");
}

TEST_F(PostgresSilenceTest, an_end_that_was_set_is_kept_and_what_waits_is_answered) {
  pause();
  const auto end = steady_clock::now() + milliseconds(1'500);
  process.store->end_by(end);
  int answered = 0;
  const auto count = [&](const auto& result) {
    EXPECT_FALSE(result);
    ++answered;
  };
  for (int i = 0; i < 3; ++i) {
    process.store->ingest(loop.loop(), Process::event(), [&](const Result<IngestResult>& result) { count(result); });
    process.store->change(loop.loop(), Process::webhook(), [&](const Result<ChangeResult>& result) { count(result); });
    pass(milliseconds(20));  // in a commit of its own
  }
  process.store->stop();
  EXPECT_LT(steady_clock::now() - end, milliseconds(500));
  loop.run_until([&] { return answered == 6; });
}

TEST_F(PostgresSilenceTest, changes_behind_a_lock_that_is_held_are_answered_in_their_time) {
  std::thread holder([&] { server.sql(url, "BEGIN; SELECT pg_advisory_xact_lock(1), pg_sleep(8); COMMIT"); });
  pass(milliseconds(200));
  std::vector<std::shared_ptr<Asked<ChangeResult>>> changes;
  for (int i = 0; i < 8; ++i) changes.push_back(ask_change(Process::webhook()));
  const auto slice = ask_change(AdvanceJob{JobId{1}, 1});
  loop.run_until([&] { return std::ranges::all_of(changes, [](auto& one) { return one->answer.has_value(); }); });
  for (const auto& change : changes) {
    EXPECT_EQ(change->answer->error().code, ErrorCode::kUnavailable) << "nothing was done";
    EXPECT_LT(change->after, seconds(7)) << "one that has begun has its two seconds for the lock";
  }
  EXPECT_LT(changes.back()->after, seconds(6));
  loop.run_until([&] { return slice->answer.has_value(); });
  EXPECT_EQ(slice->answer->error().code, ErrorCode::kNotFound) << "what the engine asks for has its turn";
  holder.join();
  EXPECT_EQ(server.sql(url, "SELECT count(*) FROM eventrelay.webhooks"), "0");
}

TEST_F(PostgresSilenceTest, a_slow_change_on_a_server_that_answers_others_is_waited_for) {
  std::thread holder([&] { server.sql(url, "BEGIN; SELECT pg_advisory_xact_lock(1), pg_sleep(1.7); COMMIT"); });
  pass(milliseconds(200));
  const auto change = ask_change(Process::webhook());
  const auto behind = ask_change(Process::webhook());
  loop.run_until([&] { return change->answer && behind->answer; });
  holder.join();
  EXPECT_TRUE(*change->answer) << change->answer->error().message;
  EXPECT_TRUE(*behind->answer) << behind->answer->error().message;
  EXPECT_GT(change->after, kInTime);
}

}  // namespace
}  // namespace eventrelay::test
