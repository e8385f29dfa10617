// Leases of partitions on PostgreSQL: two workers with one database.
#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "storage/postgres_blocking.h"
#include "storage/postgres_store.h"
#include "tests/storage/store_suite.h"
#include "tests/support/postgres_server.h"

namespace eventrelay::test {
namespace {

using std::chrono::seconds;

struct Worker {
  Worker(TestLoop& on, const std::string& url, bool joins = true) : loop(on) {
    PostgresOptions options;
    options.url = url;
    options.name = "test";
    auto opened = PostgresStore::open(options, hand_over, metrics);
    if (!opened) throw std::runtime_error(opened.error().message);
    store = std::move(*opened);
    if (joins) token = join().value();
  }

  template <class T, class Start>
  Result<T> wait(const Start& start) {
    return loop.wait<Result<T>>(start);
  }
  Result<WorkerToken> join() {
    return wait<WorkerToken>([&](auto done) { store->join(loop.loop(), std::move(done)); });
  }
  Result<LeaseView> renew() {
    return wait<LeaseView>([&](auto done) { store->renew(loop.loop(), token, std::move(done)); });
  }
  Result<PartitionSet> claim(const PartitionSet& wanted) {
    return wait<PartitionSet>([&](auto done) { store->claim(loop.loop(), token, wanted, std::move(done)); });
  }
  Result<void> release(const PartitionSet& partitions, const std::vector<HandedDelivery>& handed) {
    return wait<void>([&](auto done) { store->release(loop.loop(), token, partitions, handed, std::move(done)); });
  }
  Result<bool> fence(const Worker& other, std::uint64_t counter) {
    return wait<bool>(
        [&](auto done) { store->fence(loop.loop(), token, other.token.worker, counter, std::move(done)); });
  }
  Result<void> leave() {
    return wait<void>([&](auto done) { store->leave(loop.loop(), token, std::move(done)); });
  }
  Result<FinishResult> finish(const WebhookPtr& webhook, DeliveryId id, DeliveryState state) {
    return finish(webhook, id, state, token);
  }
  /// begun_under: the worker's token then.
  Result<FinishResult> finish(const WebhookPtr& webhook, DeliveryId id, DeliveryState state, WorkerToken begun_under) {
    FinishAttempt attempt{kOrg, webhook->id, id, 1};
    attempt.token = begun_under;
    attempt.state = state;
    attempt.outcome.started_at = loop.loop().wall_now();
    attempt.outcome.status_code = 200;
    return wait<FinishResult>([&](auto done) {
      store->finish_attempt(loop.loop(), std::make_shared<const FinishAttempt>(attempt), std::move(done));
    });
  }
  ChangeResult change(Change what) {
    return wait<ChangeResult>([&](auto done) { store->change(loop.loop(), std::move(what), std::move(done)); }).value();
  }
  std::uint64_t counter_of(const Worker& other) {
    const LeaseView view = renew().value();
    for (const WorkerView& worker : view.workers)
      if (worker.worker == other.token.worker) return worker.counter;
    return 0;
  }
  std::vector<DeliveryId> handed_to_it() {
    std::vector<DeliveryId> ids;
    const LeaseView view = renew().value();
    for (const HandedDelivery& one : view.handed) ids.push_back(one.delivery);
    return ids;
  }

  TestLoop& loop;
  RecordingHandOver hand_over;
  Metrics metrics;
  std::unique_ptr<PostgresStore> store;
  WorkerToken token;
};

struct PostgresLeasesTest : ::testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string url = server.make_database();
  TestLoop loop;
  Worker one{loop, url};
  Worker two{loop, url};

  std::string sql(const std::string& text) { return server.sql(url, "SET search_path TO eventrelay; " + text); }
  WebhookPtr make_webhook() {
    WebhookSpec spec;
    spec.url = "https://example.com/";
    spec.event_types = {"*"};
    return one.change(CreateWebhook{kOrg, spec, Secret{std::string(32, 's')}}).webhook;
  }
  DeliveryId send() {
    IngestIntent intent;
    intent.organization = kOrg;
    intent.catalog_version = ~std::uint64_t{0};
    intent.events.push_back({.type = "order.created", .payload = "{}"});
    const auto result =
        one.wait<IngestResult>([&](auto done) { one.store->ingest(loop.loop(), std::move(intent), std::move(done)); });
    return DeliveryId{result.value().events.at(0).id.value + 1};
  }
  HandedDelivery under_way(const WebhookPtr& webhook, DeliveryId id) {
    return {webhook->id, id, loop.loop().wall_now() + seconds(60), 1};
  }
};

/// The first call on a connection that the fence ended does not get through.
template <class Call>
ErrorCode error_of(const Call& call) {
  ErrorCode code = ErrorCode::kUnavailable;
  for (int calls = 0; calls < 20 && code == ErrorCode::kUnavailable; ++calls) code = call().error().code;
  return code;
}

TEST_F(PostgresLeasesTest, a_partition_has_one_owner_until_it_is_given_away) {
  ASSERT_EQ(one.claim(all_partitions())->count(), all_partitions().count());
  EXPECT_TRUE(two.claim(all_partitions())->none());
  PartitionSet some;
  some.set(3).set(200);
  ASSERT_TRUE(one.release(some, {}));
  EXPECT_EQ(*two.claim(all_partitions()), some);
  EXPECT_EQ(one.renew()->owners[3], two.token.worker);
  ASSERT_TRUE(one.release(all_partitions(), {})) << "of those that are its own";
  EXPECT_EQ(one.renew()->owners[3], two.token.worker);
  EXPECT_EQ(one.renew()->owners[4], 0);
}

TEST_F(PostgresLeasesTest, what_is_under_way_is_handed_over_whatever_became_of_it_meanwhile) {
  const auto webhook = make_webhook();
  ASSERT_TRUE(one.claim(all_partitions()));
  const DeliveryId pending = send(), cancelled = send(), ended = send();
  one.change(CancelDelivery{kOrg, cancelled});
  ASSERT_TRUE(one.finish(webhook, ended, DeliveryState::kSucceeded));
  ASSERT_TRUE(one.release(all_partitions(),
                          {under_way(webhook, pending), under_way(webhook, cancelled), under_way(webhook, ended)}));
  ASSERT_TRUE(two.claim(all_partitions()));
  EXPECT_EQ(two.handed_to_it(), (std::vector{pending, cancelled}))
      << "an ordered webhook waits for an attempt that is under way, for a cancelled delivery too";

  EXPECT_EQ(one.finish(webhook, cancelled, DeliveryState::kSucceeded)->state, DeliveryState::kCancelled);
  EXPECT_EQ(two.handed_to_it(), std::vector{pending});
  EXPECT_EQ(one.finish(webhook, pending, DeliveryState::kSucceeded)->state, DeliveryState::kSucceeded);
  EXPECT_TRUE(two.handed_to_it().empty());
}

TEST_F(PostgresLeasesTest, ends_of_attempts_lock_their_deliveries_in_the_order_of_ids) {
  const auto webhook = make_webhook();
  const DeliveryId busy = send(), lower = send(), higher = send();
  ASSERT_TRUE(one.finish(webhook, send(), DeliveryState::kSucceeded));
  PgBlocking holder(url, "holder"), other(url, "other");
  const auto lock = [](PgBlocking& session, DeliveryId id) {
    session.run("SET lock_timeout = '300ms'; BEGIN; SELECT 1 FROM eventrelay.deliveries WHERE id = " +
                std::to_string(id.value) + " FOR UPDATE");
  };
  const auto waiting = [&] { return sql("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"; };
  lock(holder, busy);
  lock(other, lower);
  int done = 0;
  // The first is a commit of its own, and the others are the next.
  for (const DeliveryId id : {busy, higher, lower}) {
    FinishAttempt attempt{kOrg, webhook->id, id, 1};
    attempt.state = DeliveryState::kSucceeded;
    attempt.outcome.started_at = loop.loop().wall_now();
    one.store->finish_attempt(loop.loop(), std::make_shared<const FinishAttempt>(attempt),
                              [&](Result<FinishResult> result) { done += result.has_value(); });
    while (id == busy && !waiting()) loop.run_ready();
  }
  holder.run("COMMIT");
  loop.run_until([&] { return done == 1; });
  while (!waiting()) loop.run_ready();
  EXPECT_NO_THROW(lock(other, higher)) << "who locks it after the lower one waits for nobody";
  other.run("COMMIT");
  loop.run_until([&] { return done == 3; });
}

TEST_F(PostgresLeasesTest, a_fence_needs_the_counter_as_it_was_seen) {
  ASSERT_TRUE(one.claim(all_partitions()));
  const std::uint64_t seen = two.counter_of(one);
  ASSERT_TRUE(one.renew());
  EXPECT_FALSE(*two.fence(one, seen)) << "it has moved on";
  EXPECT_TRUE(*two.fence(one, seen + 1));
  EXPECT_EQ(two.claim(all_partitions())->count(), all_partitions().count());
}

TEST_F(PostgresLeasesTest, a_fenced_worker_is_refused_until_it_joins_again) {
  const auto webhook = make_webhook();
  ASSERT_TRUE(one.claim(all_partitions()));
  const DeliveryId id = send();
  ASSERT_TRUE(*two.fence(one, two.counter_of(one)));
  EXPECT_EQ(error_of([&] { return one.renew(); }), ErrorCode::kNotOwner);
  EXPECT_EQ(error_of([&] { return one.claim(all_partitions()); }), ErrorCode::kNotOwner);
  EXPECT_EQ(error_of([&] { return one.release(all_partitions(), {}); }), ErrorCode::kNotOwner);
  EXPECT_EQ(error_of([&] { return one.finish(webhook, id, DeliveryState::kSucceeded); }), ErrorCode::kNotOwner);
  const WorkerToken former = one.token;
  one.token = one.join().value();
  EXPECT_GT(one.token.epoch, former.epoch);
  EXPECT_EQ(error_of([&] { return one.finish(webhook, id, DeliveryState::kDead, former); }), ErrorCode::kNotOwner)
      << "what it began before it was fenced";
  EXPECT_TRUE(one.finish(webhook, id, DeliveryState::kSucceeded));
}

TEST_F(PostgresLeasesTest, a_worker_that_was_away_for_long_joins_again_and_its_old_token_stays_refused) {
  const auto webhook = make_webhook();
  ASSERT_TRUE(one.claim(all_partitions()));
  const DeliveryId id = send();
  ASSERT_TRUE(*two.fence(one, two.counter_of(one)));
  const std::string number = std::to_string(one.token.worker);
  sql("UPDATE processes SET seen_at = clock_timestamp() - interval '2 hours' WHERE id = " + number +
      "; SELECT keep_house(now_ms())");
  ASSERT_EQ(sql("SELECT count(*) FROM processes WHERE id = " + number), "0");

  const WorkerToken former = one.token;
  EXPECT_EQ(error_of([&] { return one.renew(); }), ErrorCode::kNotOwner);
  one.token = one.join().value();
  EXPECT_EQ(one.token.worker, former.worker) << "its connections carry the number";
  EXPECT_GT(one.token.epoch, former.epoch);
  EXPECT_EQ(sql("SELECT name FROM processes WHERE id = " + number), "test");
  const WorkerToken current = std::exchange(one.token, former);
  EXPECT_EQ(error_of([&] { return one.renew(); }), ErrorCode::kNotOwner);
  EXPECT_EQ(error_of([&] { return one.claim(all_partitions()); }), ErrorCode::kNotOwner);
  one.token = current;
  EXPECT_TRUE(one.renew());
  EXPECT_TRUE(one.finish(webhook, id, DeliveryState::kSucceeded));
  EXPECT_TRUE(*two.fence(one, two.counter_of(one))) << "it can be taken over as before";
}

TEST_F(PostgresLeasesTest, any_process_shows_what_no_live_worker_owns) {
  const auto unowned = [&] {
    Worker api(loop, url, false);
    // Its first report comes at once.
    loop.run_until([&] { return api.metrics.partitions_unowned.Value() != 0; });
    return api.metrics.partitions_unowned.Value();
  };
  EXPECT_EQ(unowned(), 256);
  ASSERT_TRUE(one.claim(all_partitions() & ~PartitionSet{}.set(7)));
  ASSERT_TRUE(one.renew());
  EXPECT_EQ(unowned(), 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(6'100));
  EXPECT_EQ(unowned(), 256) << "its process lives and reports, but renews nothing";
  ASSERT_TRUE(one.renew());
  EXPECT_EQ(unowned(), 1);
}

TEST_F(PostgresLeasesTest, who_leaves_frees_what_it_has_and_is_seen_no_more) {
  ASSERT_TRUE(one.claim(all_partitions()));
  ASSERT_TRUE(one.leave());
  const LeaseView view = two.renew().value();
  ASSERT_EQ(view.workers.size(), 1u);
  EXPECT_EQ(view.workers[0].worker, two.token.worker);
  EXPECT_EQ(two.claim(all_partitions())->count(), all_partitions().count());
}

}  // namespace
}  // namespace eventrelay::test
