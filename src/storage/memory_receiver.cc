#include "storage/memory_receiver.h"

#include <algorithm>
#include <utility>

namespace eventrelay {
namespace {

std::size_t bytes_of_request(const ReceivedRequest& request) {
  std::size_t bytes = sizeof(request) + request.body.size();
  for (const Header& header : request.headers) bytes += sizeof(header) + header.name.size() + header.value.size();
  return bytes;
}

template <class T>
void answer_receiver(EventLoop& loop, Completion<Result<T>> done, T value) {
  loop.post([done = std::move(done), value = std::move(value)]() mutable { std::move(done)(std::move(value)); });
}

}  // namespace

void MemoryReceiver::take_request(EventLoop& loop, ReceiverKey key, ReceivedRequest request,
                                  Completion<Result<int>> done) {
  const WallTime now = loop.wall_now();
  int status = 0;
  {
    const std::lock_guard lock(mutex_);
    Box& box = use(key, now);
    request.id = ReceivedId{ids_.next(now)};
    request.received_at = now;
    bytes_ += bytes_of_request(request);
    box.requests.push_front(std::move(request));
    if (box.requests.size() > kReceiverRequestsKept) drop_last_request(box);
    status = box.status;
    trim(now);
  }
  answer_receiver(loop, std::move(done), status);
}

void MemoryReceiver::list_requests(EventLoop& loop, ReceiverKey key,
                                   Completion<Result<std::vector<ReceivedRequest>>> done) {
  const WallTime now = loop.wall_now();
  std::vector<ReceivedRequest> requests;
  {
    const std::lock_guard lock(mutex_);
    trim(now);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      for (const ReceivedRequest& request : found->second->requests)
        if (request.received_at > now - kReceiverKept) requests.push_back(request);
    }
  }
  answer_receiver(loop, std::move(done), std::move(requests));
}

void MemoryReceiver::set_answer(EventLoop& loop, ReceiverKey key, int status, Completion<Result<int>> done) {
  const WallTime now = loop.wall_now();
  {
    const std::lock_guard lock(mutex_);
    use(key, now).status = status;
    trim(now);
  }
  answer_receiver(loop, std::move(done), status);
}

MemoryReceiver::Box& MemoryReceiver::use(const ReceiverKey& key, WallTime now) {
  trim(now);
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    make_room_for(key.organization);
    boxes_.push_back({key});
    found = by_key_.emplace(key, std::prev(boxes_.end())).first;
  }
  boxes_.splice(boxes_.end(), boxes_, found->second);
  Box& box = boxes_.back();
  box.used_at = now;
  return box;
}

void MemoryReceiver::make_room_for(OrganizationId organization) {
  const auto is_its = [&](const Box& box) { return box.key.organization == organization; };
  if (std::count_if(boxes_.begin(), boxes_.end(), is_its) >= std::ptrdiff_t{kReceiversOfOrganizationMax})
    drop(std::find_if(boxes_.begin(), boxes_.end(), is_its));
}

void MemoryReceiver::drop(Boxes::iterator box) {
  while (!box->requests.empty()) drop_last_request(*box);
  by_key_.erase(box->key);
  boxes_.erase(box);
}

void MemoryReceiver::drop_last_request(Box& box) {
  bytes_ -= bytes_of_request(box.requests.back());
  box.requests.pop_back();
}

void MemoryReceiver::trim(WallTime now) {
  while (!boxes_.empty() && boxes_.front().used_at <= now - kReceiverKept) drop(boxes_.begin());
  while (boxes_.size() > 1 && (boxes_.size() > kReceiversMax || bytes_ > kReceiverBytesMax)) drop(boxes_.begin());
}

}  // namespace eventrelay
