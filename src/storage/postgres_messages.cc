#include "storage/postgres_messages.h"

#include <utility>

namespace eventrelay {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kIdBytes = sizeof(EventId);
}  // namespace

void PgMessageReads::submit(EventLoop& loop, std::vector<EventId> events,
                            Completion<Result<std::vector<MessagePtr>>> done) {
  const std::size_t bytes = events.size() * kIdBytes;
  Asked asked{&loop, std::move(events), std::move(done), bytes};
  if (queue_.push(asked)) return;
  Answers<std::vector<MessagePtr>> refused;
  refused.add(loop, std::move(asked.done), store_unavailable());
  refused.post();
}

asio::awaitable<void> PgMessageReads::run() {
  while (true) {
    auto waiting = queue_.wait();
    co_await std::move(waiting);
    if (queue_.is_done()) co_return;
    std::vector<Asked> together = queue_.take(kMessagesReadMax, kMessagesReadMax * kIdBytes);
    if (together.empty()) continue;
    auto reading = read(std::move(together));
    co_await std::move(reading);
  }
}

asio::awaitable<void> PgMessageReads::read(std::vector<Asked> together) {
  std::vector<EventId> events;
  for (const Asked& asked : together) events.insert(events.end(), asked.events.begin(), asked.events.end());
  auto reading = reads_.run<std::vector<MessagePtr>>(kQueryTimeout, [events = std::move(events)](PgRead read) {
    return postgres_queries::read_messages(read, events);
  });
  auto messages = co_await std::move(reading);
  Answers<std::vector<MessagePtr>> answers;
  std::size_t at = 0;
  for (Asked& asked : together) {
    std::vector<MessagePtr> share;
    for (std::size_t i = 0; messages && i < asked.events.size(); ++i) share.push_back(std::move((*messages)[at++]));
    answers.add(*asked.loop, std::move(asked.done),
                messages ? Result<std::vector<MessagePtr>>(std::move(share)) : messages.error());
  }
  answers.post();
}

}  // namespace eventrelay
