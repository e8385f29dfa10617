#include <gtest/gtest.h>

#include "tests/storage/postgres_fixture.h"

namespace eventrelay::test {
namespace {

struct PostgresFaultsTest : PostgresTest {
  void SetUp() override { server.sql(url, "CREATE TABLE t (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)"); }
  std::int64_t count() { return std::stoll(server.sql(url, "SELECT count(*) FROM t")); }
};

constexpr const char* kInsert = "INSERT INTO public.t VALUES ($1)";
constexpr const char* kDivide = "SELECT 1 / $1";

PgStatement insert(std::int64_t n) {
  return {kInsert, PgParams().add(n)};
}
PgStatement divide(std::int64_t n) {
  return {kDivide, PgParams().add(n)};
}

TEST_F(PostgresFaultsTest, a_fault_rolls_its_batch_back_and_no_other) {
  auto connection = connect();
  const auto before = send(*connection, {insert(1)});
  const auto faulty = send(*connection, {insert(2), divide(0), insert(3)});
  const auto after = send(*connection, {insert(4), divide(1)});
  loop.run_until([&] { return after->has_value(); });
  EXPECT_TRUE(before->value());
  EXPECT_EQ(code(*faulty), ErrorCode::kInvalid);
  EXPECT_EQ(state(*faulty), "22012");
  EXPECT_EQ((*faulty)->error().error.message, "division by zero");
  EXPECT_TRUE(after->value());
  EXPECT_EQ(count(), 2);
}

TEST_F(PostgresFaultsTest, a_fault_of_the_commit_itself_is_told) {
  auto connection = connect();
  const auto first = send(*connection, {insert(1)});
  const auto second = send(*connection, {insert(1)});  // found at the end of the transaction
  const auto third = send(*connection, {insert(2)});
  loop.run_until([&] { return third->has_value(); });
  EXPECT_TRUE(first->value());
  EXPECT_EQ(state(*second), pg_state::kUniqueViolation);
  EXPECT_TRUE(third->value());
  EXPECT_EQ(count(), 2);
}

TEST_F(PostgresFaultsTest, a_transaction_that_began_is_rolled_back) {
  auto connection = connect();
  const auto faulty = send(*connection, {{"BEGIN"}, insert(1), divide(0), {"COMMIT"}});
  const auto sent_before = send(*connection, {{"BEGIN"}, insert(2), {"COMMIT"}});
  loop.run_until([&] { return sent_before->has_value(); });
  EXPECT_EQ(code(*faulty), ErrorCode::kInvalid);
  EXPECT_EQ(code(*sent_before), ErrorCode::kUnavailable);
  ASSERT_TRUE(run(*connection, {{"BEGIN"}, insert(3), {"COMMIT"}}));
  EXPECT_EQ(count(), 1);
}

TEST_F(PostgresFaultsTest, the_commit_of_a_failed_transaction_is_a_fault) {
  auto connection = connect();
  ASSERT_TRUE(run(*connection, {{"COMMIT"}}));  // prepared
  const auto faulty = send(*connection, {{"BEGIN"}, insert(1), divide(0)});
  const auto commit = send(*connection, {{"COMMIT"}});
  loop.run_until([&] { return commit->has_value(); });
  EXPECT_EQ(code(*faulty), ErrorCode::kInvalid);
  EXPECT_EQ(code(*commit), ErrorCode::kUnavailable);
  EXPECT_EQ(count(), 0);
}

TEST_F(PostgresFaultsTest, what_a_fault_kept_from_being_prepared_is_prepared_later) {
  auto connection = connect();
  const auto faulty = send(*connection, {divide(0), insert(1)});
  const auto next = send(*connection, {insert(2)});  // while nobody knows yet
  loop.run_until([&] { return next->has_value(); });
  EXPECT_TRUE(next->value());
  EXPECT_TRUE(run(*connection, {insert(3)}));
  EXPECT_EQ(count(), 2);
}

TEST_F(PostgresFaultsTest, a_text_that_could_not_be_prepared_is_tried_anew) {
  auto connection = connect();
  static constexpr const char* kLater = "SELECT * FROM public.later";
  const auto early = query(*connection, kLater);
  EXPECT_EQ(early.error().sqlstate, pg_state::kUndefinedTable);
  server.sql(url, "CREATE TABLE later (n int)");
  ASSERT_TRUE(query(*connection, kLater));
  // Its columns change: the same text fails once more at most.
  server.sql(url, "ALTER TABLE later ADD m int");
  const auto changed = query(*connection, kLater);
  if (!changed) {
    EXPECT_EQ(changed.error().error.code, ErrorCode::kUnavailable);
  }
  EXPECT_TRUE(query(*connection, kLater));
  ASSERT_TRUE(run(*connection, {{"DEALLOCATE ALL", {}, true}}));
  EXPECT_EQ(query(*connection, kLater).error().error.code, ErrorCode::kUnavailable);
  EXPECT_TRUE(query(*connection, kLater));
}

TEST_F(PostgresFaultsTest, faults_that_pass_are_told_apart) {
  auto connection = try_connect({url, "", seconds(5), milliseconds(100)}).value();
  const auto slow = query(*connection, "SELECT pg_sleep(10)");
  EXPECT_EQ(slow.error().error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(slow.error().sqlstate, pg_state::kCanceled);

  auto holder = connect();
  ASSERT_TRUE(run(*holder, {{"BEGIN"}, {"LOCK TABLE public.t"}}));
  const auto waits = run(*connection, {{"SELECT set_config('lock_timeout', '10ms', true)"}, insert(1)});
  EXPECT_EQ(waits.error().error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(waits.error().sqlstate, pg_state::kLockTimeout);
}

TEST_F(PostgresFaultsTest, the_deadline_ends_the_connection) {
  auto connection = connect();
  const auto fast = send(*connection, {{"SELECT 1"}});
  const auto slow = send(*connection, {{"SELECT pg_sleep(30)"}}, steady_clock::now() + milliseconds(100));
  const auto behind = send(*connection, {{"SELECT 1"}});
  loop.run_until([&] { return behind->has_value(); });
  EXPECT_TRUE(fast->value());
  EXPECT_EQ(code(*slow), ErrorCode::kUnknown);
  EXPECT_EQ(code(*behind), ErrorCode::kUnknown);
  EXPECT_FALSE(connection->is_open());
  EXPECT_EQ(query(*connection, "SELECT 1").error().error.code, ErrorCode::kUnavailable);
}

TEST_F(PostgresFaultsTest, a_deadline_behind_a_later_one_counts) {
  auto connection = connect();
  const auto slow = send(*connection, {{"SELECT pg_sleep(30)"}});
  const auto behind = send(*connection, {{"SELECT 1"}}, steady_clock::now() + milliseconds(50));
  loop.run_until([&] { return behind->has_value(); });
  EXPECT_EQ(code(*behind), ErrorCode::kUnknown);
}

TEST_F(PostgresFaultsTest, a_deadline_that_was_met_hides_no_later_one) {
  auto connection = connect();
  send(*connection, {{"SELECT 1"}}, steady_clock::now() + milliseconds(100));
  const auto slow = send(*connection, {{"SELECT pg_sleep(30)"}}, steady_clock::now() + milliseconds(300));
  loop.run_until([&] { return slow->has_value(); });
  EXPECT_EQ(code(*slow), ErrorCode::kUnknown);
}

TEST_F(PostgresFaultsTest, past_its_deadline_nothing_is_sent) {
  auto connection = connect();
  const auto late = send(*connection, {insert(1)}, steady_clock::now());
  loop.run_until([&] { return late->has_value(); });
  EXPECT_EQ(code(*late), ErrorCode::kUnavailable);
  EXPECT_TRUE(query(*connection, "SELECT 1"));
  EXPECT_EQ(count(), 0);
}

TEST_F(PostgresFaultsTest, a_session_that_was_ended_is_told) {
  auto connection = connect();
  const auto cut = send(*connection, {insert(1), {"SELECT pg_terminate_backend(pg_backend_pid())"}, insert(2)});
  const auto behind = send(*connection, {insert(3)});
  loop.run_until([&] { return behind->has_value(); });
  EXPECT_EQ(code(*cut), ErrorCode::kUnavailable);
  EXPECT_EQ(state(*cut), "57P01");
  EXPECT_EQ(code(*behind), ErrorCode::kUnknown);
  EXPECT_EQ(count(), 0);
}

TEST_F(PostgresFaultsTest, an_idle_connection_notices_its_end) {
  auto connection = connect();
  server.sql(url, "SELECT pg_terminate_backend(" + std::to_string(connection->backend_pid()) + ")");
  loop.run_until([&] { return !connection->is_open(); });
}

TEST_F(PostgresFaultsTest, a_killed_server_leaves_what_was_open_unknown) {
  PostgresServer other;
  const auto other_url = other.make_database();
  auto connection = try_connect({other_url}).value();
  const auto open = send(*connection, {{"SELECT pg_sleep(30)"}});
  for (int i = 0; i < 3; ++i) loop.run_ready();
  other.kill();
  loop.run_until([&] { return open->has_value(); });
  EXPECT_EQ(code(*open), ErrorCode::kUnknown);
  EXPECT_EQ(state(*open), "");
  EXPECT_EQ(query(*connection, "SELECT 1").error().error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(try_connect({other_url}).error().code, ErrorCode::kUnavailable);
  other.start();
  EXPECT_TRUE(try_connect({other_url}));
}

}  // namespace
}  // namespace eventrelay::test
