#include "api/parse_thread.h"

#include <utility>

namespace eventrelay {

ParseThread::~ParseThread() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ParseThread::run(std::function<void()> work, Completion<> done) {
  if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back({std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

void ParseThread::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ended_ || !tasks_.empty(); });
    if (ended_) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task.work();
    loop_.post(std::move(task.done));
    lock.lock();
  }
}

}  // namespace eventrelay
