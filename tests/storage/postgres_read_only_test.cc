// A server that takes no writes for a while: a database that a service found full, a standby.
#include <gtest/gtest.h>

#include <thread>

#include "tests/storage/postgres_process.h"
#include "tests/support/postgres_server.h"
#include "tests/support/wait_for.h"

namespace eventrelay::test {
namespace {

struct PostgresReadOnlyTest : testing::Test {
  PostgresServer server;  // its own: others are to write
  std::string url = server.make_database();
  Process one{url};
  Process two{url};

  void take_writes(bool yes) {
    server.sql(url, std::string("ALTER SYSTEM SET default_transaction_read_only = ") + (yes ? "off" : "on"));
    server.sql(url, "SELECT pg_reload_conf()");
    const std::string want = yes ? "off" : "on";
    wait_for([&] { return server.sql(url, "SHOW default_transaction_read_only") == want; });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // until every session has read it
  }
  IngestIntent with_key(const char* text) {
    IngestIntent intent = Process::event();
    intent.key = IdempotencyClaim{"events", text, {}};
    return intent;
  }
  static Result<FinishResult> finish(Process& process, FinishAttempt end) {
    return process.loop.wait<Result<FinishResult>>([&](auto done) {
      process.store->finish_attempt(process.loop.loop(), std::make_shared<const FinishAttempt>(end), std::move(done));
    });
  }
  /// Until what was tried last before has ended, and connections are tried again.
  template <class Call>
  static bool comes_back(const Call& call) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    while (std::chrono::steady_clock::now() < until)
      if (call()) return true;
    return false;
  }
};

TEST_F(PostgresReadOnlyTest, what_failed_meanwhile_keeps_nobody_out_afterwards) {
  const WebhookPtr webhook = one.change(Process::webhook()).value().webhook;
  const DeliveryId delivery{one.send().value().events.front().id.value + 1};
  ASSERT_TRUE(one.send(with_key("a")));
  ASSERT_TRUE(two.send());
  FinishAttempt end{kOrg, webhook->id, delivery, 1};
  end.state = DeliveryState::kSucceeded;
  end.outcome.started_at = one.loop.loop().wall_now();

  take_writes(false);
  EXPECT_FALSE(one.send());
  EXPECT_FALSE(one.send(with_key("b")));
  EXPECT_FALSE(finish(one, end));
  EXPECT_FALSE(one.change(Process::webhook()));
  EXPECT_EQ(server.sql(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"), "0");
  EXPECT_FALSE(two.send());

  take_writes(true);
  for (Process* process : {&two, &one}) {
    EXPECT_TRUE(comes_back([&] { return process->send().has_value(); }));
    EXPECT_TRUE(comes_back([&] { return process->send(with_key("c")).has_value(); }));
    EXPECT_TRUE(comes_back([&] { return process->change(Process::webhook()).has_value(); }));
  }
  EXPECT_TRUE(comes_back([&] { return finish(one, end).has_value(); }));
}

}  // namespace
}  // namespace eventrelay::test
