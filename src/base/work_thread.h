// One thread beside the event loops, for what would hold them up: one piece of work after the other. It begins with the
// first. Any thread but for stop() and the destructor.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

#include "base/completion.h"

namespace eventrelay {

class WorkThread {
 public:
  /// true: on the thread. false, where it was handed in or at stop(): the thread does not do it. Does not throw.
  using Work = Completion<bool>;

  /// waiting_max: pieces that may wait.
  explicit WorkThread(std::size_t waiting_max) : waiting_max_(waiting_max) {}
  /// Waits for what is being done; what waits is destroyed uncalled.
  ~WorkThread() { end(); }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  void run(Work work);
  /// Waits for what is being done; what waits gets its false, and so does whatever comes.
  void stop();

 private:
  void serve();
  std::deque<Work> end();

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> waiting_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace eventrelay
