#include <gtest/gtest.h>

#include "ports/store.h"
#include "ports/store_queries.h"

namespace eventrelay {
namespace {

TEST(StoreText, names_the_kinds_of_jobs) {
  EXPECT_EQ(to_text(JobKind::kReplayDead), "replay_dead");
  EXPECT_EQ(to_text(JobKind::kPurgeDead), "purge_dead");
  EXPECT_EQ(to_text(JobKind::kCancelPending), "cancel_pending");
}

TEST(StoreText, names_the_states_of_jobs) {
  EXPECT_EQ(to_text(JobState::kPending), "pending");
  EXPECT_EQ(to_text(JobState::kRunning), "running");
  EXPECT_EQ(to_text(JobState::kDone), "done");
  EXPECT_EQ(to_text(JobState::kFailed), "failed");
  EXPECT_EQ(to_text(JobState::kCancelled), "cancelled");
}

TEST(StoreText, reads_back_an_events_status) {
  for (auto status : {EventStatus::kUnmatched, EventStatus::kPending, EventStatus::kDead, EventStatus::kSucceeded,
                      EventStatus::kCancelled}) {
    EXPECT_EQ(parse_event_status(to_text(status)), status);
  }
  EXPECT_EQ(to_text(EventStatus::kUnmatched), "unmatched");
  EXPECT_EQ(parse_event_status("dead"), EventStatus::kDead);
  EXPECT_FALSE(parse_event_status("Dead"));
  EXPECT_FALSE(parse_event_status(""));
}

}  // namespace
}  // namespace eventrelay
