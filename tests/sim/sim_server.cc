#include "tests/sim/sim_server.h"

namespace eventrelay {

namespace {
std::size_t partition_index(WebhookId id) {
  return static_cast<std::size_t>(partition_of(id));
}
}  // namespace

// ---- Transactions --------------------------------------------------------------------------------------------------

void SimServer::run(ProcessId process, WorkerToken token, std::size_t ids, std::chrono::microseconds time,
                    std::function<void(std::uint64_t)> apply, Answer answer) {
  const std::uint64_t number = ++last_number_;
  Transaction& transaction = open_[number];
  transaction.process = process;
  transaction.token = token;
  if (ids > 0) transaction.drawn = database_.draw(now(), ids);
  transaction.apply = std::move(apply);
  transaction.answer = std::move(answer);
  time_.at(time_.now() + time, [this, number] {
    const auto found = open_.find(number);
    if (found != open_.end() && !found->second.half_sent) end(number);
  });
}

void SimServer::run_broken(ProcessId process, WorkerToken token, std::chrono::microseconds time, Answer answer) {
  run(process, token, 0, time, {}, std::move(answer));
}

void SimServer::end(std::uint64_t number) {
  Transaction transaction = std::move(open_.extract(number).mapped());
  const bool done = static_cast<bool>(transaction.apply);
  trace_.note(done ? "commit" : "rollback", static_cast<std::int64_t>(number), transaction.process);
  if (done) {
    database_.begin(now(), number, transaction.drawn);
    ending_ = number;
    transaction.apply(number);
    if (watch_) watch_(transaction.process);
  }
  if (transaction.answer) transaction.answer(done);
}

void SimServer::break_off(std::uint64_t number) {
  const Transaction transaction = std::move(open_.extract(number).mapped());
  trace_.note("broken", static_cast<std::int64_t>(number), transaction.process);
  if (transaction.answer) transaction.answer(false);
}

void SimServer::end_connections(ProcessId process) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, transaction] : open_)
    if (transaction.process == process) numbers.push_back(number);
  for (const std::uint64_t number : numbers) break_off(number);
}

void SimServer::go_down(std::chrono::microseconds time) {
  down_until_ = std::max(down_until_, time_.now() + time);
  while (!open_.empty()) break_off(open_.begin()->first);
}

void SimServer::on_crash(ProcessId process) {
  std::vector<std::uint64_t> broken;
  for (auto& [number, transaction] : open_) {
    if (transaction.process != process) continue;
    transaction.answer = nullptr;
    if (transaction.half_sent || chance_.one_in(2)) broken.push_back(number);
  }
  for (const std::uint64_t number : broken) break_off(number);
}

void SimServer::on_pause(ProcessId process, SteadyTime until) {
  for (auto& [number, transaction] : open_) {
    if (transaction.process != process || transaction.half_sent || chance_.one_in(2)) continue;
    transaction.half_sent = true;
    time_.at(until, [this, n = number] {
      if (open_.contains(n)) end(n);
    });
  }
}

ReadPoint SimServer::snapshot() const {
  ReadPoint seen;
  seen.xmax = last_number_ + 1;
  seen.xmin = open_.empty() ? seen.xmax : open_.begin()->first;
  for (const auto& [number, transaction] : open_) seen.in_progress.push_back(number);
  return seen;
}

// ---- Attempts ------------------------------------------------------------------------------------------------------

Result<FinishResult> SimServer::finish(const FinishAttempt& intent) {
  const auto before = database_.deliveries().find(intent.delivery);
  const bool was_pending = before != database_.deliveries().end() && before->second.state == DeliveryState::kPending;
  const bool changes = before != database_.deliveries().end() && before->second.row.attempts + 1 == intent.number;
  Result<FinishResult> result = database_.apply(intent);
  handed_.erase(intent.delivery);
  if (changes || fault_ == SimFault::kCountAll) {
    counters_.attempts += 1;
    counters_.succeeded += was_pending && intent.state == DeliveryState::kSucceeded;
  }
  return result;
}

// ---- The commit log ------------------------------------------------------------------------------------------------

void SimServer::note(const News& news) {
  Note note;
  for (const PendingDelivery& row : news.pending) {
    note.partitions.set(partition_index(row.webhook));
    note.deliveries.push_back(row.id);
  }
  for (const DeliveryRef& ref : news.cancelled) {
    note.partitions.set(partition_index(ref.webhook));
    note.deliveries.push_back(ref.id);
  }
  for (const WebhookPtr& webhook : news.webhooks) note.partitions.set(partition_index(webhook->id));
  if (!news.jobs.empty()) note.partitions.set(0);
  if (note.partitions.none()) return;
  std::sort(note.deliveries.begin(), note.deliveries.end());
  notes_.emplace(ending_, std::move(note));
}

CommitPage SimServer::read_commits(const ReadPoint& since) const {
  CommitPage page;
  page.seen = snapshot();
  if (!since.is_numbered() || fault_ == SimFault::kLogUnread) return page;
  auto it = notes_.lower_bound(fault_ == SimFault::kReadFromXmax ? since.xmax : since.xmin);
  for (; it != notes_.end(); ++it)
    if (!since.sees(it->first)) page.notes.push_back({it->first, it->second.partitions});
  return page;
}

CommitNews SimServer::read_news(const std::vector<std::uint64_t>& commits, const PartitionSet& partitions) const {
  CommitNews found;
  const std::set<std::uint64_t> numbers(commits.begin(), commits.end());
  for (const std::uint64_t number : numbers) {
    const auto note = notes_.find(number);
    if (note == notes_.end()) {
      found.overflow = partitions;
      continue;
    }
    for (const DeliveryId id : note->second.deliveries) {
      const SimDelivery& delivery = database_.deliveries().at(id);
      if (!partitions.test(partition_index(delivery.row.webhook))) continue;
      if (delivery.state == DeliveryState::kCancelled) found.news.cancelled.push_back({delivery.row.webhook, id});
      if (delivery.state != DeliveryState::kPending) continue;
      PendingDelivery row = delivery.row;
      row.commit = number;
      row.message = sim_message(database_.events().at(row.event), id);
      found.news.pending.push_back(std::move(row));
    }
  }
  if (!found.news.pending.empty()) found.news.catalog = {{kFirstOrganization, database_.version()}};
  if (partitions.test(0))
    for (const JobSummary& job : database_.open_jobs()) found.news.jobs.push_back(job.id);
  found.news.at = database_.time();
  return found;
}

}  // namespace eventrelay
