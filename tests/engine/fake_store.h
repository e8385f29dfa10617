// A store that keeps what it is asked until the test answers. Single-threaded.
#pragma once
#include <cassert>
#include <deque>
#include <utility>
#include <vector>

#include "ports/store.h"

namespace eventrelay {

template <class Question, class Answer>
struct Asked {
  EventLoop* loop = nullptr;
  Question question;
  Completion<Result<Answer>> done;
};

/// Questions of one kind, oldest first.
template <class Question, class Answer>
class Questions {
 public:
  void add(EventLoop& loop, Question question, Completion<Result<Answer>> done) {
    open_.push_back({&loop, std::move(question), std::move(done)});
  }
  std::size_t size() const { return open_.size(); }
  bool empty() const { return open_.empty(); }
  const Question& at(std::size_t index) const { return open_.at(index).question; }
  const Question& front() const { return at(0); }
  /// To the oldest; it arrives by a post.
  void answer(Result<Answer> answer) {
    assert(!open_.empty());
    Asked<Question, Answer> asked = std::move(open_.front());
    open_.pop_front();
    asked.loop->post(
        [done = std::move(asked.done), answer = std::move(answer)]() mutable { std::move(done)(std::move(answer)); });
  }
  void fail(ErrorCode code) { answer(Error{code, "The test decided so", {}}); }

 private:
  std::deque<Asked<Question, Answer>> open_;
};

class FakeStore final : public Store {
 public:
  struct LaneQuery {
    PartitionSet partitions;
    WebhookId after;
    std::size_t limit = 0;
  };

  void ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) override {
    ingests.add(loop, std::move(intent), std::move(done));
  }
  void finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) override {
    finishes.add(loop, std::move(intent), std::move(done));
  }
  void change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) override {
    changes.add(loop, std::move(intent), std::move(done));
  }
  void read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) override {
    due_reads.add(loop, query, std::move(done));
  }
  void read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                  Completion<Result<LanePage>> done) override {
    lane_reads.add(loop, {partitions, after, limit}, std::move(done));
  }
  void read_messages(EventLoop& loop, std::vector<EventId> events,
                     Completion<Result<std::vector<MessagePtr>>> done) override {
    message_reads.add(loop, std::move(events), std::move(done));
  }
  void read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) override {
    job_reads.add(loop, {}, std::move(done));
  }
  Result<Catalog> load_catalog() override { return Catalog{}; }

  Questions<IngestIntent, IngestResult> ingests;
  Questions<FinishAttemptPtr, FinishResult> finishes;
  Questions<Change, ChangeResult> changes;
  Questions<DueQuery, DuePage> due_reads;
  Questions<LaneQuery, LanePage> lane_reads;
  Questions<std::vector<EventId>, std::vector<MessagePtr>> message_reads;
  Questions<std::monostate, std::vector<JobSummary>> job_reads;
};

}  // namespace eventrelay
