#include "engine/job_runner.h"

#include "tests/engine/engine_fixture.h"

namespace eventrelay {
namespace {

using namespace std::chrono_literals;

struct JobRunnerTest : testing::Test {
  /// Answers the housekeeping that begins soon after the start.
  void pass_expiry() {
    time.run_for(100ms);
    store.changes.answer(ChangeResult{});
    time.run_ready();
  }
  const AdvanceJob& slice() { return std::get<AdvanceJob>(store.changes.front()); }
  void answer_slice(JobState state) {
    store.changes.answer(ChangeResult{.count = 1, .job_state = state});
    time.run_ready();
  }

  VirtualTime time;
  ManualLoop loop{time};
  FakeStore store;
  JobRunner runner{loop, store};
};

TEST_F(JobRunnerTest, goes_on_with_open_jobs_slice_by_slice_until_they_are_done) {
  runner.start({{JobId{5}, 0}});
  ASSERT_EQ(store.changes.size(), 1u);
  EXPECT_EQ(slice().id, JobId{5});
  EXPECT_EQ(slice().rows, kJobSliceRows);
  answer_slice(JobState::kRunning);
  ASSERT_EQ(store.changes.size(), 1u);
  answer_slice(JobState::kDone);
  EXPECT_TRUE(store.changes.empty());
}

TEST_F(JobRunnerTest, keeps_to_the_rate_of_a_job) {
  runner.start({});
  pass_expiry();
  runner.look();
  store.job_reads.answer(std::vector<JobSummary>{{JobId{6}, 50}});
  time.run_ready();
  ASSERT_EQ(store.changes.size(), 1u);
  EXPECT_EQ(slice().rows, 5u);
  answer_slice(JobState::kRunning);
  time.run_for(99ms);
  EXPECT_TRUE(store.changes.empty());
  time.run_for(1ms);
  EXPECT_EQ(store.changes.size(), 1u);
}

TEST_F(JobRunnerTest, a_rate_below_ten_a_second_goes_row_by_row) {
  runner.start({{JobId{5}, 2}});
  EXPECT_EQ(slice().rows, 1u);
  answer_slice(JobState::kRunning);
  pass_expiry();
  time.run_for(399ms);
  EXPECT_TRUE(store.changes.empty());
  time.run_for(1ms);
  EXPECT_EQ(store.changes.size(), 1u);
}

TEST_F(JobRunnerTest, a_slice_that_did_not_go_through_is_repeated_after_a_while) {
  runner.start({{JobId{5}, 0}});
  store.changes.fail(ErrorCode::kUnknown);
  pass_expiry();
  time.run_for(399ms);
  EXPECT_TRUE(store.changes.empty());
  time.run_for(1ms);
  ASSERT_EQ(store.changes.size(), 1u);
  EXPECT_EQ(slice().id, JobId{5});
}

TEST_F(JobRunnerTest, a_job_that_is_no_more_is_forgotten) {
  runner.start({{JobId{5}, 0}});
  store.changes.fail(ErrorCode::kNotFound);
  pass_expiry();
  time.run_for(10s);
  EXPECT_TRUE(store.changes.empty());
}

TEST_F(JobRunnerTest, a_new_job_that_cannot_be_read_is_asked_for_after_a_while_not_at_once) {
  runner.start({});
  pass_expiry();
  runner.look();
  store.job_reads.fail(ErrorCode::kUnavailable);
  time.run_for(499ms);
  EXPECT_TRUE(store.job_reads.empty());
  time.run_for(1ms);
  ASSERT_EQ(store.job_reads.size(), 1u);
  store.job_reads.answer(std::vector<JobSummary>{});
  time.run_for(10s);
  EXPECT_TRUE(store.job_reads.empty());
}

TEST_F(JobRunnerTest, old_keys_expire_once_a_minute_and_in_one_go_when_there_are_many) {
  runner.start({});
  time.run_for(100ms);
  ASSERT_EQ(store.changes.size(), 1u);
  EXPECT_EQ(std::get<ExpireKeys>(store.changes.front()).before, loop.wall_now() - 24h);
  store.changes.answer(ChangeResult{.more = true});
  time.run_for(100ms);
  ASSERT_EQ(store.changes.size(), 1u);
  store.changes.answer(ChangeResult{.count = 3});
  time.run_for(59s);
  EXPECT_TRUE(store.changes.empty());
  time.run_for(1s);
  EXPECT_EQ(store.changes.size(), 1u);
}

TEST_F(JobRunnerTest, of_several_processes_the_one_that_runs_jobs_looks_for_others_jobs_each_second) {
  runner.look();
  EXPECT_TRUE(store.job_reads.empty());
  runner.begin();
  ASSERT_EQ(store.job_reads.size(), 1u);
  store.job_reads.answer(std::vector<JobSummary>{});
  pass_expiry();
  time.run_for(899ms);
  EXPECT_TRUE(store.job_reads.empty());
  time.run_for(1ms);
  ASSERT_EQ(store.job_reads.size(), 1u);
  store.job_reads.answer(std::vector<JobSummary>{{JobId{5}, 0}});
  time.run_ready();
  EXPECT_EQ(slice().id, JobId{5});
}

TEST_F(JobRunnerTest, another_processes_jobs_are_left_to_it_and_taken_up_again) {
  runner.begin();
  store.job_reads.answer(std::vector<JobSummary>{{JobId{5}, 0}});
  time.run_ready();
  runner.end();
  answer_slice(JobState::kRunning);
  time.run_for(10s);
  EXPECT_TRUE(store.changes.empty());
  EXPECT_TRUE(store.job_reads.empty());
  runner.begin();
  store.job_reads.answer(std::vector<JobSummary>{{JobId{5}, 0}});
  time.run_ready();
  ASSERT_EQ(store.changes.size(), 1u);
  answer_slice(JobState::kDone);
  pass_expiry();
  EXPECT_TRUE(store.changes.empty());
}

TEST_F(JobRunnerTest, begins_no_further_slice_once_stopped) {
  runner.start({{JobId{5}, 0}});
  runner.stop();
  answer_slice(JobState::kRunning);
  runner.look();
  runner.begin();
  time.run_for(10min);
  EXPECT_TRUE(store.changes.empty());
  EXPECT_TRUE(store.job_reads.empty());
}

}  // namespace
}  // namespace eventrelay
