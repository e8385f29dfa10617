#include "storage/postgres_messages.h"

#include <iterator>
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
  auto unread = events.cbegin();
  std::vector<MessagePtr> messages;  // read, and not answered yet
  for (auto asked = together.begin(); asked != together.end();) {
    auto reading = reads_.run<std::vector<MessagePtr>>(
        kQueryTimeout, [rest = std::vector<EventId>(unread, events.cend())](PgRead read) {
          return postgres_queries::read_messages(read, rest, kMessagesReadBytes);
        });
    auto more = co_await std::move(reading);
    if (more) {
      unread += std::ssize(*more);
      messages.insert(messages.end(), more->begin(), more->end());
    }
    Answers<std::vector<MessagePtr>> answers;
    for (; asked != together.end() && (!more || messages.size() >= asked->events.size()); ++asked) {
      if (!more) {
        answers.add(*asked->loop, std::move(asked->done), more.error());
        continue;
      }
      const auto end = messages.begin() + std::ssize(asked->events);
      answers.add(*asked->loop, std::move(asked->done), std::vector<MessagePtr>(messages.begin(), end));
      messages.erase(messages.begin(), end);
    }
    answers.post();
  }
}

}  // namespace eventrelay
