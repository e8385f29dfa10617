// Drives the jobs (bulk replays, purges, cancellations) slice by slice at their rate, and the store's housekeeping.
// One of the process's event loops has one; belongs to that loop's thread. Of several processes on one store only the
// owner of partition 0 runs it.
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

  /// Of a process alone on its store: begins, with the jobs that were open when it started.
  void start(const std::vector<JobSummary>& open);
  /// Of one of several: begins, and looks each second, since others make jobs too. It may have been ended before.
  void begin();
  /// Another process goes on with the jobs.
  void end();
  /// There may be more: reads which are open.
  void look();
  /// Begins no further slice, for good.
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
  /// Runs with the answer, unless it was ended since.
  template <class T, class Then>
  Completion<Result<T>> answer(Then then);
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
  bool running_ = false;
  bool stopped_ = false;
  bool shared_ = false;
  std::uint64_t round_ = 0;  ///< answers to what was asked before the last end() are of no use
  std::shared_ptr<JobRunner*> self_;
};

}  // namespace eventrelay
