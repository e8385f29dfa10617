// The hand-over inside one process: each loop gets its share of a commit's news by one post.
// publish() is called by one thread at a time; the sinks are named before the first call.
#pragma once
#include <vector>

#include "ports/event_loop.h"
#include "ports/queue.h"

namespace eventrelay {

class InProcessHandOver final : public HandOver {
 public:
  struct Ear {
    EventLoop* loop = nullptr;
    NewsSink* sink = nullptr;
  };

  /// In the order of the loops' indexes; partition p belongs to loop p modulo their number. They must outlive the
  /// posts made to them.
  void set_ears(std::vector<Ear> ears) { ears_ = std::move(ears); }
  void publish(News news, Completion<> applied) override;

 private:
  std::vector<News> split(News news) const;

  std::vector<Ear> ears_;
};

}  // namespace eventrelay
