// The simulated server does what PostgreSQL does with the migrations of the program.
#include "tests/sim/sim_server.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

using std::chrono::microseconds;

struct SimServerTest : testing::Test {
  /// A commit that leaves a note.
  void commit(microseconds length, WorkerToken token = {}) {
    server.run(
        1, token, 0, length,
        [this](std::uint64_t) {
          News news;
          news.cancelled.push_back({WebhookId{1}, DeliveryId{1}});
          server.note(news);
        },
        [this](bool done) { (done ? committed : broken) += 1; });
  }
  Result<bool> fence(WorkerToken by, WorkerId worker, std::uint64_t counter) {
    Result<bool> answer = Error{};
    server.fence(by, worker, counter, [&](Result<bool> result) { answer = result; });
    time.run_for(std::chrono::seconds(1));
    return answer;
  }
  std::uint64_t counter_of(WorkerToken by, WorkerId worker) {
    const Result<LeaseView> lease = server.renew(by);
    for (const WorkerView& view : lease->workers)
      if (view.worker == worker) return view.counter;
    return 0;
  }

  VirtualTime time;
  Trace trace{time};
  SimDatabase database;
  SimServer server{time, database, trace, SimFault::kNone, 1};
  int committed = 0;
  int broken = 0;
};

TEST_F(SimServerTest, a_commit_of_a_lower_number_may_be_seen_later) {
  const ReadPoint before = server.read_commits({}).seen;
  commit(microseconds(100));
  commit(microseconds(50));
  time.run_for(microseconds(60));
  const CommitPage first = server.read_commits(before);
  ASSERT_EQ(first.notes.size(), 1u);
  EXPECT_EQ(first.notes[0].commit, before.xmax + 1);
  EXPECT_FALSE(first.seen.sees(before.xmax));
  time.run_for(microseconds(60));
  const CommitPage second = server.read_commits(first.seen);
  ASSERT_EQ(second.notes.size(), 1u);
  EXPECT_EQ(second.notes[0].commit, before.xmax);
}

TEST_F(SimServerTest, a_fence_needs_the_counter_as_it_was_seen_and_frees_the_partitions) {
  const WorkerToken one = server.join(server.add_process());
  const WorkerToken two = server.join(server.add_process());
  EXPECT_EQ(server.claim(one, all_partitions())->count(), all_partitions().count());
  const std::uint64_t seen = counter_of(two, one.worker);
  ASSERT_TRUE(server.renew(one));
  EXPECT_FALSE(*fence(two, one.worker, seen));
  EXPECT_TRUE(*fence(two, one.worker, seen + 1));
  EXPECT_FALSE(server.holds(one));
  EXPECT_EQ(server.renew(one).error().code, ErrorCode::kNotOwner);
  EXPECT_TRUE(server.claim(two, all_partitions())->any());
}

TEST_F(SimServerTest, a_fence_waits_for_a_commit_in_flight_and_ends_what_is_half_sent) {
  const WorkerToken one = server.join(1);
  const WorkerToken two = server.join(2);
  commit(microseconds(1'000), one);
  EXPECT_TRUE(*fence(two, one.worker, counter_of(two, one.worker)));
  EXPECT_EQ(committed, 1);

  const WorkerToken again = server.join(1);
  for (int i = 0; i < 8; ++i) commit(microseconds(1'000), again);
  server.on_pause(1, time.now() + std::chrono::seconds(60));
  EXPECT_TRUE(*fence(two, again.worker, counter_of(two, again.worker)));
  EXPECT_GT(broken, 0);
  EXPECT_EQ(committed + broken, 9);
  EXPECT_EQ(server.snapshot().xmin, server.snapshot().xmax);
}

TEST_F(SimServerTest, what_is_in_flight_breaks_when_the_server_goes_down) {
  commit(microseconds(1'000));
  server.go_down(microseconds(500));
  EXPECT_FALSE(server.is_up());
  EXPECT_EQ(broken, 1);
  time.run_for(microseconds(2'000));
  EXPECT_TRUE(server.is_up());
  EXPECT_EQ(committed, 0);
}

}  // namespace
}  // namespace eventrelay
