// Reads large bodies beside the event loop, so that a body of megabytes stops nobody else. One thread an Api, started
// by the first large body. run() on the loop's thread; destroying waits for what is being done.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "ports/event_loop.h"

namespace eventrelay {

class ParseThread {
 public:
  explicit ParseThread(EventLoop& loop) : loop_(loop) {}
  ~ParseThread();
  ParseThread(const ParseThread&) = delete;
  ParseThread& operator=(const ParseThread&) = delete;

  /// work: runs on the other thread, does not throw. done: then on the loop; destroyed uncalled where work was not
  /// begun before the end.
  void run(std::function<void()> work, Completion<> done);

 private:
  struct Task {
    std::function<void()> work;
    Completion<> done;
  };
  void serve();

  EventLoop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace eventrelay
