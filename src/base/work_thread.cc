#include "base/work_thread.h"

#include <utility>

namespace eventrelay {

void WorkThread::run(Work work) {
  std::unique_lock lock(mutex_);
  if (ended_ || waiting_.size() >= waiting_max_) {
    lock.unlock();
    return std::move(work)(false);
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
  waiting_.push_back(std::move(work));
  lock.unlock();
  wake_.notify_one();
}

void WorkThread::stop() {
  for (auto& work : end()) std::move(work)(false);
}

void WorkThread::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
    if (ended_) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    std::move(work)(true);
    lock.lock();
  }
}

std::deque<WorkThread::Work> WorkThread::end() {
  std::deque<Work> left;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    left.swap(waiting_);
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  return left;
}

}  // namespace eventrelay
