// Payloads that are asked for one by one, at the same time.
#include "storage/postgres_messages.h"

#include <gtest/gtest.h>

#include "tests/storage/postgres_process.h"
#include "tests/support/postgres_server.h"

namespace eventrelay::test {
namespace {

struct PostgresMessagesTest : testing::Test {
  PostgresServer& server = PostgresServer::shared();
  Process process{server.make_database()};
  using Answer = std::optional<Result<std::vector<MessagePtr>>>;

  EventId send(const std::string& payload) {
    IngestIntent intent = Process::event();
    intent.events.front().payload = payload;
    return process.send(std::move(intent)).value().events.front().id;
  }
  std::shared_ptr<Answer> ask(std::vector<EventId> events) {
    auto answer = std::make_shared<Answer>();
    process.store->read_messages(process.loop.loop(), std::move(events),
                                 [answer](auto messages) { answer->emplace(std::move(messages)); });
    return answer;
  }
};

TEST_F(PostgresMessagesTest, each_gets_its_own_and_few_statements_are_sent) {
  constexpr std::size_t kAsked = 128;
  const auto payload = [](std::size_t i) { return "{\"n\":" + std::to_string(i) + "}"; };
  std::vector<EventId> events;
  for (std::size_t i = 0; i < kAsked; ++i) events.push_back(send(payload(i)));
  const double before = process.metrics.round_trips.Value();
  std::vector<std::shared_ptr<Answer>> answers;
  for (const EventId event : events) answers.push_back(ask({event}));
  const auto none = ask({EventId{1}});
  const auto several = ask({events[1], EventId{1}, events[0]});
  process.loop.run_until([&] {
    return *none && *several && std::ranges::all_of(answers, [](const auto& answer) { return answer->has_value(); });
  });
  // A statement each would be more than a hundred; a few are of the looks at the catalog and of new connections.
  EXPECT_LT(process.metrics.round_trips.Value() - before, 30);
  for (std::size_t i = 0; i < kAsked; ++i) {
    const auto messages = (*answers[i])->value();
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_NE(std::string(messages[0]->body).find(payload(i)), std::string::npos) << messages[0]->body;
  }
  EXPECT_EQ((*none)->value(), std::vector<MessagePtr>{nullptr});
  const auto three = (*several)->value();
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[0]->event, events[1]);
  EXPECT_FALSE(three[1]);
  EXPECT_EQ(three[2]->event, events[0]);
}

TEST_F(PostgresMessagesTest, one_that_asks_for_more_than_a_statement_may_share_gets_all) {
  const EventId event = send("{}");
  const auto many = ask(std::vector<EventId>(3 * kMessagesReadMax, event));
  const auto one = ask({event});
  process.loop.run_until([&] { return *many && *one; });
  EXPECT_EQ((*many)->value().size(), 3 * kMessagesReadMax);
  EXPECT_TRUE((*many)->value().back());
  EXPECT_TRUE((*one)->value().front());
}

TEST_F(PostgresMessagesTest, long_payloads_share_no_statement) {
  const std::string payload = '"' + std::string(kMessagesReadBytes * 3 / 4, 'x') + '"';
  const std::vector<EventId> events{send(payload), send(payload), send(payload), send(payload)};
  const double before = process.metrics.round_trips.Value();
  const auto several = ask({events[0], EventId{1}, events[1]});
  const auto one = ask({events[2]});
  const auto other = ask({events[3]});
  process.loop.run_until([&] { return *several && *one && *other; });
  EXPECT_GE(process.metrics.round_trips.Value() - before, 4);
  const auto three = (*several)->value();
  ASSERT_EQ(three.size(), 3u);
  EXPECT_EQ(three[0]->event, events[0]);
  EXPECT_FALSE(three[1]);
  EXPECT_EQ(three[2]->event, events[1]);
  EXPECT_EQ((*one)->value().front()->event, events[2]);
  EXPECT_EQ((*other)->value().front()->event, events[3]);
}

}  // namespace
}  // namespace eventrelay::test
