// The built-in receiver in the memory of one process, which takes the events and delivers them. Thread-safe.
#pragma once
#include <deque>
#include <list>
#include <map>
#include <mutex>

#include "ports/receiver.h"

namespace eventrelay {

class MemoryReceiver final : public Receiver {
 public:
  void take_request(EventLoop& loop, ReceiverKey key, ReceivedRequest request, Completion<Result<int>> done) override;
  void list_requests(EventLoop& loop, ReceiverKey key, Completion<Result<std::vector<ReceivedRequest>>> done) override;
  void set_answer(EventLoop& loop, ReceiverKey key, int status, Completion<Result<int>> done) override;

 private:
  struct Box {
    ReceiverKey key;
    WallTime used_at{};
    int status = kReceiverStatus;
    std::deque<ReceivedRequest> requests;  ///< the newest first
  };
  using Boxes = std::list<Box>;

  // With the mutex held.
  Box& use(const ReceiverKey& key, WallTime now);
  /// For one more of its receivers.
  void make_room_for(OrganizationId organization);
  void drop(Boxes::iterator box);
  void drop_last_request(Box& box);
  /// What has been kept long enough, and what there is no room for; not the one that was used last.
  void trim(WallTime now);

  std::mutex mutex_;
  Boxes boxes_;  ///< the least recently used first
  std::map<ReceiverKey, Boxes::iterator> by_key_;
  std::size_t bytes_ = 0;
  IdGenerator ids_;
};

}  // namespace eventrelay
