// Drives the jobs (bulk replays, purges, cancellations) slice by slice at their rate, and old idempotency keys' expiry.
// One of the process's event loops has one; belongs to that loop's thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "ports/event_loop.h"
#include "ports/store.h"

namespace eventrelay {

class JobRunner {
 public:
  JobRunner(EventLoop& loop, Store& store);

  /// Jobs that were open when the process started.
  void start(const std::vector<JobSummary>& open);
  /// There may be more: reads which are open.
  void look();
  /// Begins no further slice.
  void stop();

 private:
  struct Job {
    std::uint32_t rate = 0;
    SteadyTime next{};
    bool waiting = false;  ///< for a slice's answer
  };

  void run_due();
  void on_open_jobs(Result<std::vector<JobSummary>> open);
  void advance(JobId id, Job& job);
  void on_slice(JobId id, Result<ChangeResult> result);
  void expire_keys();

  EventLoop& loop_;
  Store& store_;
  std::unique_ptr<Alarm> alarm_;
  std::map<JobId, Job> jobs_;
  SteadyTime next_expiry_{};
  bool expiring_ = false;
  bool looking_ = false;
  bool look_again_ = false;            ///< asked for while a read was under way
  std::optional<SteadyTime> look_at_;  ///< a read that failed is tried again
  bool stopped_ = false;
  std::shared_ptr<JobRunner*> self_;
};

}  // namespace eventrelay
