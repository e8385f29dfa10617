// A store that tells what it has committed: passes everything on, and makes records of it where somebody watches.
// Thread-safe as the store is; a completion runs on the loop that asked, after the record is made.
#pragma once
#include "api/activity.h"
#include "ports/store.h"

namespace eventrelay {

class ActivityStore final : public Store {
 public:
  /// Both outlive it.
  ActivityStore(Store& store, Activity& activity) : store_(store), activity_(activity) {}

  void ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) override;
  void finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) override;
  void change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) override;

  void read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) override {
    store_.read_due(loop, query, std::move(done));
  }
  void read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                  Completion<Result<LanePage>> done) override {
    store_.read_lanes(loop, partitions, after, limit, std::move(done));
  }
  void read_messages(EventLoop& loop, std::vector<EventId> events,
                     Completion<Result<std::vector<MessagePtr>>> done) override {
    store_.read_messages(loop, std::move(events), std::move(done));
  }
  void read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) override {
    store_.read_open_jobs(loop, std::move(done));
  }
  Result<Catalog> load_catalog() override { return store_.load_catalog(); }

 private:
  Store& store_;
  Activity& activity_;
};

}  // namespace eventrelay
