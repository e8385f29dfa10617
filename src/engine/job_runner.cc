#include "engine/job_runner.h"

#include <algorithm>

namespace eventrelay {

namespace {
/// A job with a rate does a slice this often.
constexpr auto kSliceInterval = std::chrono::milliseconds(100);
/// Until a slice that did not go through is tried again.
constexpr auto kRetrySliceAfter = std::chrono::milliseconds(500);
/// Of one of several processes: until jobs of others are looked for.
constexpr auto kLookInterval = std::chrono::seconds(1);
constexpr auto kExpiryInterval = std::chrono::minutes(1);

std::size_t slice_rows(std::uint32_t rate) {
  if (rate == 0) return kJobSliceRows;
  return std::clamp<std::size_t>(rate / 10, 1, kJobSliceRows);
}

/// How long so many rows take at the rate.
std::chrono::microseconds pause_after(std::size_t rows, std::uint32_t rate) {
  if (rate == 0) return std::chrono::microseconds(0);
  return std::chrono::microseconds(rows * 1'000'000 / rate);
}
}  // namespace

JobRunner::JobRunner(EventLoop& loop, Store& store)
    : loop_(loop),
      store_(store),
      alarm_(loop.make_alarm([this] { run_due(); })),
      self_(std::make_shared<JobRunner*>(this)) {}

void JobRunner::start(const std::vector<JobSummary>& open) {
  running_ = true;
  next_expiry_ = loop_.now() + kSliceInterval;
  for (const JobSummary& job : open) jobs_.try_emplace(job.id, Job{.rate = job.rate, .next = loop_.now()});
  run_due();
}

void JobRunner::begin() {
  if (running_ || stopped_) return;
  shared_ = true;
  start({});
  look();
}

void JobRunner::end() {
  running_ = false;
  round_ += 1;
  jobs_.clear();
  looking_ = look_again_ = expiring_ = false;
  look_at_.reset();
  alarm_->clear();
}

template <class T, class Then>
Completion<Result<T>> JobRunner::answer(Then then) {
  return [self = std::weak_ptr(self_), round = round_, then](Result<T> result) {
    const auto alive = self.lock();
    if (alive && (*alive)->round_ == round) then(**alive, std::move(result));
  };
}

void JobRunner::look() {
  look_again_ = looking_;
  if (looking_ || !running_) return;
  looking_ = true;
  look_at_.reset();
  store_.read_open_jobs(loop_, answer<std::vector<JobSummary>>(
                                   [](JobRunner& runner, auto open) { runner.on_open_jobs(std::move(open)); }));
}

void JobRunner::on_open_jobs(Result<std::vector<JobSummary>> open) {
  looking_ = false;
  if (open) {
    for (const JobSummary& job : *open) jobs_.try_emplace(job.id, Job{.rate = job.rate, .next = loop_.now()});
  }
  if (!open) look_at_ = loop_.now() + kRetrySliceAfter;
  if (open && shared_) look_at_ = loop_.now() + kLookInterval;
  if (look_again_) look();
  run_due();
}

void JobRunner::stop() {
  stopped_ = true;
  end();
}

void JobRunner::run_due() {
  if (!running_) return;
  const SteadyTime now = loop_.now();
  if (next_expiry_ <= now && !expiring_) expire_keys();
  SteadyTime next = expiring_ ? now + kExpiryInterval : next_expiry_;
  for (auto& [id, job] : jobs_) {
    if (job.waiting) continue;
    if (job.next > now) {
      next = std::min(next, job.next);
    } else {
      advance(id, job);
    }
  }
  if (look_at_ && *look_at_ <= now) look();
  if (look_at_) next = std::min(next, *look_at_);
  alarm_->set(next);
}

void JobRunner::advance(JobId id, Job& job) {
  job.waiting = true;
  store_.change(loop_, AdvanceJob{id, slice_rows(job.rate)},
                answer<ChangeResult>([id](JobRunner& runner, auto result) { runner.on_slice(id, std::move(result)); }));
}

void JobRunner::on_slice(JobId id, Result<ChangeResult> result) {
  Job& job = jobs_.at(id);
  job.waiting = false;
  if (result) {
    const bool open = result->job_state == JobState::kPending || result->job_state == JobState::kRunning;
    if (!open) jobs_.erase(id);
    if (open) job.next = loop_.now() + pause_after(slice_rows(job.rate), job.rate);
  } else if (result.error().code == ErrorCode::kUnavailable || result.error().code == ErrorCode::kUnknown) {
    job.next = loop_.now() + kRetrySliceAfter;
  } else {
    jobs_.erase(id);
  }
  run_due();
}

void JobRunner::expire_keys() {
  expiring_ = true;
  const WallTime before = loop_.wall_now() - kIdempotencyKeyKept;
  store_.change(loop_, ExpireKeys{before}, answer<ChangeResult>([](JobRunner& runner, auto result) {
                  runner.expiring_ = false;
                  // What is old may be as much as came in then: while there is more, the next slice at once.
                  const bool more = result && result->more;
                  runner.next_expiry_ = runner.loop_.now() + (more ? std::chrono::minutes(0) : kExpiryInterval);
                  runner.run_due();
                }));
}

}  // namespace eventrelay
