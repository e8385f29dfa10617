#include "storage/sqlite_writer.h"

#include <map>

#include "base/log.h"
#include "storage/commit_limits.h"
#include "storage/store_errors.h"

namespace eventrelay {

namespace {

void complete_all(std::vector<std::unique_ptr<SqliteWork>> works) {
  std::map<EventLoop*, std::vector<std::unique_ptr<SqliteWork>>> by_loop;
  for (auto& work : works) by_loop[work->loop].push_back(std::move(work));
  for (auto& [loop, share] : by_loop) {
    loop->post([share = std::move(share)]() mutable {
      for (auto& work : share) work->complete();
    });
  }
}

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<SqliteSession> session, const std::string& path, HandOver& hand_over,
                           Metrics& metrics, std::function<WallTime()> clock)
    : session_(std::move(session)),
      checkpointer_(path, session_->db()),
      hand_over_(hand_over),
      metrics_(metrics),
      clock_(std::move(clock)),
      thread_([this] { run(); }) {}

void SqliteWriter::submit(std::unique_ptr<SqliteWork> work) {
  std::unique_lock lock(mutex_);
  if (stopping_ || queue_.size() >= kCommitQueueItemsMax || queued_bytes_ + work->bytes > kCommitQueueBytesMax) {
    lock.unlock();
    work->fail(too_much_waits());
    Group refused;
    refused.push_back(std::move(work));
    complete_all(std::move(refused));
    return;
  }
  const bool was_empty = queue_.empty();
  queued_bytes_ += work->bytes;
  queue_.push_back(std::move(work));
  lock.unlock();
  if (was_empty) woken_.notify_one();
}

void SqliteWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
  checkpointer_.stop();
}

void SqliteWriter::run() {
  Group waiting;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      waiting.swap(queue_);
      queued_bytes_ = 0;
    }
    for (std::size_t at = 0; at < waiting.size();) {
      Group group;
      for (std::size_t bytes = 0; at < waiting.size() && group.size() < kCommitItemsMax && bytes < kCommitBytesMax;
           ++at) {
        bytes += waiting[at]->bytes;
        group.push_back(std::move(waiting[at]));
      }
      metrics_.commit_queue.Set(static_cast<double>(waiting.size() - at));
      commit_group(std::move(group));
    }
    waiting.clear();
  }
}

void SqliteWriter::commit_group(Group group) {
  const auto begun = std::chrono::steady_clock::now();
  const std::size_t items = group.size();
  const Outcome outcome = try_group(group);
  if (outcome == Outcome::kCommitted) {
    publish(std::move(group));
    note_commit(items, std::chrono::steady_clock::now() - begun);
  } else if (outcome == Outcome::kRolledBack) {
    // One item's fault must not fail the others: each alone.
    for (auto& work : group) {
      Group single;
      single.push_back(std::move(work));
      commit_group(std::move(single));
    }
  } else {
    complete_all(std::move(group));
  }
}

SqliteWriter::Outcome SqliteWriter::try_group(Group& group) {
  try {
    session_->begin(clock_());
    for (auto& work : group) work->run(*session_);
    session_->commit();
    if (std::exchange(refusing_, false)) spdlog::info("the store takes writes again");
    return Outcome::kCommitted;
  } catch (const SqliteError& error) {
    end_if_fatal(error.code, error.what());
    const bool full = error.code == SQLITE_FULL;
    session_->rollback();
    if (!full && group.size() > 1) return Outcome::kRolledBack;
    if (!std::exchange(refusing_, true)) spdlog::error("the store refuses writes: {}", error.what());
    for (auto& work : group) work->fail(unavailable(full ? "The disk is full" : "The store failed"));
    return Outcome::kRefused;
  }
}

void SqliteWriter::publish(Group group) {
  Group now;
  auto later = std::make_unique<Group>();
  for (auto& work : group) (work->awaits_news ? *later : now).push_back(std::move(work));
  News news = session_->take_news();
  Completion<> applied([later = std::move(later)]() mutable { complete_all(std::move(*later)); });
  hand_over_.publish(std::move(news), std::move(applied));
  complete_all(std::move(now));
}

void SqliteWriter::note_commit(std::size_t items, std::chrono::steady_clock::duration took) {
  for (const auto& [organization, delta] : session_->committed()) {
    const Counters c = delta.note.total();
    metrics_.events.Increment(static_cast<double>(c.events));
    metrics_.deliveries_succeeded.Increment(static_cast<double>(c.succeeded));
    metrics_.deliveries_dead.Increment(static_cast<double>(c.dead));
    metrics_.deliveries_cancelled.Increment(static_cast<double>(c.cancelled));
    metrics_.attempts_succeeded.Increment(static_cast<double>(c.attempts - c.failed_attempts));
    metrics_.attempts_failed.Increment(static_cast<double>(c.failed_attempts));
  }
  metrics_.deliveries_pending.Set(static_cast<double>(session_->pending_total()));
  metrics_.commit_items.Observe(static_cast<double>(items));
  metrics_.commit_seconds.Observe(std::chrono::duration<double>(took).count());
  metrics_.wal_bytes.Set(static_cast<double>(checkpointer_.after_commit()));
}

}  // namespace eventrelay
