// What the store's suite cannot see of ingest on PostgreSQL: webhooks that other processes change meanwhile.
#include "storage/postgres_ingest.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "tests/storage/postgres_process.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_for.h"

namespace eventrelay::test {
namespace {

struct PostgresIngestTest : testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string url = server.make_database();
  using Answer = std::optional<Result<IngestResult>>;

  static std::shared_ptr<Answer> submit(Process& process, const std::string& key = "") {
    IngestIntent intent = Process::event();
    if (!key.empty()) intent.key = IdempotencyClaim{"/api/events", key, {}};
    auto answer = std::make_shared<Answer>();
    process.store->ingest(process.loop.loop(), std::move(intent),
                          [answer](auto result) { answer->emplace(std::move(result)); });
    return answer;
  }
  /// Until another session has its lock or row, and sleeps.
  void wait_for_holder() {
    wait_for([&] {
      return server.sql(url,
                        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                        " AND datname = current_database()") != "0";
    });
  }
  static void pass(Process& process, milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    process.loop.run_until([&] { return std::chrono::steady_clock::now() > until; });
  }
};

TEST_F(PostgresIngestTest, a_stream_of_changes_keeps_no_event_out) {
  Process process(url);
  // 200 a second. There are two, so that one of them always waits for the lock: who comes after it is overtaken by it.
  const auto change_on = [&] {
    server.sql(url,
               "DO $$ BEGIN PERFORM set_config('search_path', 'eventrelay', false);"
               " FOR i IN 1..100000 LOOP EXIT WHEN clock_timestamp() > (SELECT started_at FROM processes) + '4s';"
               " PERFORM next_version(1), pg_sleep(0.005); COMMIT; END LOOP; END $$");
  };
  const auto version = [&] { return std::stoll(server.sql(url, "SELECT version FROM eventrelay.organizations")); };
  std::atomic<int> streams{2};
  std::vector<std::thread> changes;
  for (int i = 0; i < 2; ++i) {
    changes.emplace_back([&] {
      change_on();
      --streams;
    });
  }
  wait_for([&] { return version() >= 10; });
  const auto before = version();
  int sent = 0;
  while (streams == 2) {
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = process.send();
    EXPECT_TRUE(answer) << answer.error().message << " (" << sent << " events were taken before)";
    EXPECT_LT(std::chrono::steady_clock::now() - begun, kAnswerWithin);
    if (!answer) break;
    ++sent;
  }
  for (std::thread& stream : changes) stream.join();
  EXPECT_GT(sent, 5);
  EXPECT_GT(version() - before, 2 * sent) << "too few changes to be in anybody's way";
}

/// What several were answered, and when, from when they were submitted on.
struct Answered {
  ErrorCode code{};  ///< none: taken in
  bool taken = false;
  std::chrono::steady_clock::duration after{};
};
std::vector<Answered> send_all(Process& process, std::vector<IngestIntent> intents) {
  std::vector<std::optional<Answered>> answers(intents.size());
  const auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < intents.size(); ++i) {
    process.store->ingest(process.loop.loop(), std::move(intents[i]), [&, i](Result<IngestResult> result) {
      answers[i] = Answered{result ? ErrorCode{} : result.error().code, result.has_value(),
                            std::chrono::steady_clock::now() - begun};
    });
  }
  process.loop.run_until([&] { return std::ranges::all_of(answers, [](auto& one) { return one.has_value(); }); });
  std::vector<Answered> all;
  for (const auto& one : answers) all.push_back(*one);
  return all;
}

IngestIntent with_key(const std::string& key) {
  IngestIntent intent = Process::event();
  intent.key = IdempotencyClaim{"events", key, {}};
  return intent;
}

/// The promise is a second; the machine of the tests may be busy.
constexpr auto kPromise = milliseconds(1'200);

TEST_F(PostgresIngestTest, what_a_lock_kept_out_is_told_so_in_time) {
  Process process(url);
  ASSERT_TRUE(process.send());
  std::thread holder([&] { server.sql(url, "BEGIN; SELECT pg_advisory_xact_lock(1), pg_sleep(2); COMMIT"); });
  wait_for_holder();
  for (const Answered& one : send_all(process, std::vector<IngestIntent>(50, Process::event()))) {
    EXPECT_FALSE(one.taken);
    EXPECT_EQ(one.code, ErrorCode::kUnavailable) << "nothing was done";
    EXPECT_LT(one.after, kPromise);
  }
  holder.join();
  EXPECT_TRUE(process.send());
  EXPECT_EQ(server.sql(url, "SELECT count(*) FROM eventrelay.events"), "2");
}

TEST_F(PostgresIngestTest, a_key_that_waits_for_another_process_keeps_no_other_waiting) {
  Process process(url);
  ASSERT_TRUE(process.send(with_key("before")));
  std::thread holder([&] {
    server.sql(url,
               "BEGIN; INSERT INTO eventrelay.idempotency_keys VALUES (1, 'events', 'held', '', '', 0);"
               " SELECT pg_sleep(2); ROLLBACK");
  });
  wait_for_holder();
  std::vector<IngestIntent> intents;
  intents.push_back(with_key("held"));
  for (int i = 0; i < 20; ++i) intents.push_back(with_key("other " + std::to_string(i)));
  const auto answers = send_all(process, std::move(intents));
  holder.join();
  EXPECT_EQ(answers[0].code, ErrorCode::kUnavailable) << "nothing was done";
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].taken, i != 0) << i;
    EXPECT_LT(answers[i].after, kPromise);
  }
  EXPECT_TRUE(process.send(with_key("held")));
}

TEST_F(PostgresIngestTest, what_the_database_refuses_of_one_fails_no_other) {
  Process process(url);
  server.sql(url, "ALTER TABLE eventrelay.events ADD CHECK (1 / (CASE payload WHEN '\"bad\"' THEN 0 ELSE 1 END) > 0)");
  std::vector<IngestIntent> intents(200, Process::event());
  for (const std::size_t bad : {0u, 77u, 199u}) intents[bad].events[0].payload = "\"bad\"";
  const auto answers = send_all(process, std::move(intents));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const bool is_bad = i == 0 || i == 77 || i == 199;
    EXPECT_EQ(answers[i].taken, !is_bad) << i;
    EXPECT_LT(answers[i].after, kPromise);
  }
}

/// Whatever a lane may meet that nobody thought of.
struct ThrowingHandOver final : HandOver {
  void publish(News, Completion<>) override { throw std::runtime_error("never thought of"); }
};

TEST_F(PostgresIngestTest, a_lane_that_ends_by_an_exception_ends_the_process) {
  const pid_t child = fork();
  if (child == 0) {
    ThrowingHandOver hand_over;
    Metrics metrics;
    TestLoop loop;
    PostgresOptions options;
    options.url = url;
    auto store = PostgresStore::open(options, hand_over, metrics);
    if (!store) _exit(1);
    loop.wait<Result<IngestResult>>(
        [&](auto done) { (*store)->ingest(loop.loop(), Process::event(), std::move(done)); });
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 74);
}

TEST_F(PostgresIngestTest, an_event_goes_to_the_webhooks_that_were_there_before_it) {
  Process process(url);
  Process other(url);
  std::vector<WebhookId> webhooks;
  std::atomic<bool> ended{false};
  std::thread changes([&] {
    for (int i = 0; i < 150; ++i) webhooks.push_back(WebhookId{other.change(Process::webhook()).value().id});
    ended = true;
  });
  std::vector<IngestedEvent> events;
  while (!ended) events.push_back(process.send().value().events.front());
  changes.join();
  for (const IngestedEvent& event : events) {
    const auto before = std::ranges::count_if(webhooks, [&](WebhookId id) { return id.value < event.id.value; });
    EXPECT_EQ(event.deliveries, before) << "an id is drawn under the lock that keeps changes and events apart";
  }
}

TEST_F(PostgresIngestTest, of_a_batch_that_changes_overtook_what_was_answered_meanwhile_is_left_out) {
  Process process(url);
  ASSERT_TRUE(process.send());
  // Three changes, one after the other: no event comes between them, and each batch is overtaken.
  std::vector<std::thread> changes;
  const auto begin_change = [&](const char* held) {
    changes.emplace_back([this, held] {
      server.sql(url, std::string("BEGIN; SET search_path TO eventrelay; SELECT next_version(1), pg_sleep(") + held +
                          "); COMMIT");
    });
    pass(process, milliseconds(50));
  };
  begin_change("0.4");
  begin_change("0.4");
  const auto first = submit(process);
  pass(process, milliseconds(50));
  const auto second = submit(process);
  begin_change("0.6");
  pass(process, milliseconds(450));
  const auto last = submit(process);
  process.loop.run_until([&] { return *first && *second && *last; });
  for (std::thread& change : changes) change.join();
  EXPECT_FALSE((*first)->has_value());
  EXPECT_FALSE((*second)->has_value());
  EXPECT_TRUE(process.send());
}

TEST_F(PostgresIngestTest, what_waits_in_any_lane_is_counted) {
  Process process(url);
  ASSERT_TRUE(process.send());
  std::thread holder([&] { server.sql(url, "BEGIN; SELECT pg_advisory_xact_lock(1), pg_sleep(0.7); COMMIT"); });
  std::vector<std::shared_ptr<Answer>> answers;
  wait_for_holder();
  answers.push_back(submit(process));
  answers.push_back(submit(process, "first"));
  pass(process, milliseconds(100));  // these two are in commits, which wait for the lock
  for (int i = 0; i < 4; ++i) answers.push_back(submit(process));
  for (const char* key : {"second", "third"}) answers.push_back(submit(process, key));
  pass(process, milliseconds(150));
  EXPECT_EQ(process.metrics.commit_queue.Value(), 6);
  holder.join();
  process.loop.run_until(
      [&] { return std::ranges::all_of(answers, [](const auto& answer) { return answer->has_value(); }); });
  pass(process, milliseconds(150));
  EXPECT_EQ(process.metrics.commit_queue.Value(), 0);
}

}  // namespace
}  // namespace eventrelay::test
