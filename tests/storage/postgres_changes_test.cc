// What the store's suite cannot see of the changes on PostgreSQL: locks between processes, the notes of commits, faults
// that are tried again.
#include "storage/postgres_changes.h"

#include <gtest/gtest.h>

#include "ports/store_queries.h"
#include "storage/postgres_schema.h"
#include "tests/support/postgres_server.h"
#include "tests/support/test_loop.h"

namespace eventrelay::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr OrganizationId kOrg = kFirstOrganization;

/// A change under way.
using Waiting = std::shared_ptr<std::optional<PgResult<ChangeOutcome>>>;

/// The name of a database with the schema, made once: each test has a copy.
const std::string& schema_database() {
  static const std::string kName = [] {
    const std::string url = PostgresServer::shared().make_database();
    if (!bring_postgres_schema_up(url, true, StartedImport::kRefuse, 0)) throw std::runtime_error("no schema");
    return url.substr(url.rfind('/') + 1);
  }();
  return kName;
}

struct PostgresChangesTest : ::testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string url = server.make_database(schema_database());
  TestLoop loop;
  std::unique_ptr<PgConnection> db;
  std::int64_t at_ms = 0;

  void SetUp() override {
    db = connect();
    at_ms = std::stoll(sql("SELECT now_ms()"));
  }

  static PgConnection::Deadline soon() { return steady_clock::now() + seconds(30); }
  std::unique_ptr<PgConnection> connect() {
    PgConnectOptions options{url, "test"};
    return loop.wait(PgConnection::connect(loop.context(), std::move(options))).value();
  }
  std::string sql(const std::string& text) { return server.sql(url, "SET search_path TO eventrelay;" + text); }
  /// On a connection that stays in its transaction.
  void run(PgConnection& on, const std::string& text) {
    std::vector<PgStatement> statements(1);
    statements[0].sql = text.c_str();
    statements[0].once = true;
    ASSERT_TRUE(loop.wait(on.run(std::move(statements), soon())));
  }

  Waiting start(PgConnection& on, Change change) {
    auto waiting = std::make_shared<std::optional<PgResult<ChangeOutcome>>>();
    boost::asio::co_spawn(loop.context(), apply_change(on, {7, at_ms, soon()}, std::move(change)),
                          [waiting](const std::exception_ptr& fault, PgResult<ChangeOutcome> outcome) {
                            if (fault) std::rethrow_exception(fault);
                            waiting->emplace(std::move(outcome));
                          });
    return waiting;
  }
  ChangeOutcome end(const Waiting& waiting) {
    loop.run_until([&] { return waiting->has_value(); });
    return std::move(**waiting).value();
  }
  ChangeOutcome change(Change what) { return end(start(*db, std::move(what))); }
  void expect_stuck(const Waiting& waiting) {
    const auto until = steady_clock::now() + milliseconds(200);
    loop.run_until([&] { return steady_clock::now() > until; });
    EXPECT_FALSE(waiting->has_value());
  }

  WebhookPtr make_webhook() {
    WebhookSpec spec;
    spec.url = "https://example.com/";
    spec.event_types = {"*"};
    return change(CreateWebhook{kOrg, spec, Secret{std::string(32, 's')}}).result->webhook;
  }
  /// One event with one delivery, taken in against this version of the webhooks.
  static std::string ingest_sql(const WebhookPtr& webhook, std::uint64_t version) {
    return "SELECT base FROM ingest(7, NULL, 2, '\\x00', ARRAY[1::bigint], ARRAY[" + std::to_string(version) +
           "::bigint], '{}', '{}', '{}', '{1}', (SELECT ids FROM name_ids('event_types', '{1}', '{a}')), '{0}',"
           " '{NULL}', '{0}', '{1}', '{\"\"}', '{\"{}\"}', '{1}', '{1}', ARRAY[" +
           std::to_string(webhook->id.value) + "::bigint], ARRAY[" + std::to_string(partition_of(webhook->id)) +
           "::smallint])";
  }
  DeliveryId send(const WebhookPtr& webhook) {
    const std::string version = sql("SELECT version FROM organizations WHERE id = 1");
    return DeliveryId{std::stoll(sql(ingest_sql(webhook, std::stoull(version)))) + 1};
  }
  DeliveryId make_dead(const WebhookPtr& webhook) {
    const DeliveryId id = send(webhook);
    sql("UPDATE deliveries SET state = 2, attempts = 1, reason = 'gone', ended_id = draw_ids(1, NULL) WHERE id = " +
        std::to_string(id.value) + "; UPDATE gauges SET pending = pending - 1, dead = dead + 1");
    return id;
  }
  std::string pending() { return sql("SELECT sum(pending) FROM gauges"); }
  /// Partitions, first id, last id, deliveries.
  std::string note_of(const News& news) {
    return sql(
        "SELECT concat_ws(' ', (SELECT string_agg(p::text, ',' ORDER BY p) FROM generate_series(0, 255) p"
        " WHERE get_bit(partitions, p) = 1), coalesce(first_id, 0), coalesce(last_id, 0), ids) FROM commits"
        " WHERE xid = '" +
        std::to_string(news.commit) + "'");
  }
  static std::string note(int partition, std::int64_t first, std::int64_t last, const std::string& ids) {
    return std::to_string(partition) + " " + std::to_string(first) + " " + std::to_string(last) + " {" + ids + "}";
  }
};

TEST_F(PostgresChangesTest, an_ingest_between_its_check_and_its_commit_is_waited_for_and_not_missed) {
  const auto webhook = make_webhook();
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, ingest_sql(webhook, webhook->version));
  const auto deletion = start(*db, DeleteWebhook{kOrg, webhook->id});
  expect_stuck(deletion);
  run(*other, "COMMIT");
  const ChangeOutcome deleted = end(deletion);
  ASSERT_EQ(deleted.news.jobs.size(), 1u) << "what was taken in meanwhile is to be cancelled";
  EXPECT_EQ(change(AdvanceJob{deleted.news.jobs[0], 10}).result->count, 1);
  EXPECT_EQ(pending(), "0");
  EXPECT_EQ(deleted.result->webhook->version, webhook->version + 1);
  EXPECT_EQ(sql("SELECT stale FROM (" + ingest_sql(webhook, webhook->version).replace(7, 4, "stale") + ") i"), "{1}");
}

TEST_F(PostgresChangesTest, nothing_is_reopened_for_a_webhook_that_is_being_deleted) {
  const auto webhook = make_webhook();
  const DeliveryId id = make_dead(webhook);
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "SELECT next_version(1)");
  run(*other, "UPDATE webhooks SET deleted = true");
  const auto replay = start(*db, ReplayDead{kOrg, id});
  expect_stuck(replay);
  run(*other, "COMMIT");
  const ChangeOutcome refused = end(replay);
  EXPECT_EQ(refused.result.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(refused.news.empty());
  EXPECT_EQ(sql("SELECT state FROM deliveries"), "2");
}

TEST_F(PostgresChangesTest, of_two_slices_at_once_the_second_goes_on_where_the_first_has_ended) {
  const auto webhook = make_webhook();
  std::vector<DeliveryId> dead;
  for (int i = 0; i < 7; ++i) dead.push_back(make_dead(webhook));
  const JobId job{change(CreateJob{kOrg, JobKind::kPurgeDead, {}, 0}).result->id};
  auto holder = connect();
  auto other = connect();
  run(*holder, "BEGIN");
  run(*holder, "SELECT 1 FROM deliveries WHERE id = " + std::to_string(dead[0].value) + " FOR UPDATE");
  const auto first = start(*db, AdvanceJob{job, 4});
  expect_stuck(first);
  const auto second = start(*other, AdvanceJob{job, 4});
  expect_stuck(second);
  run(*holder, "COMMIT");
  EXPECT_EQ(end(first).result->count, 4);
  const ChangeOutcome rest = end(second);
  EXPECT_EQ(rest.result->count, 3);
  EXPECT_EQ(rest.result->job_state, JobState::kDone);
  EXPECT_EQ(sql("SELECT done || ' ' || total FROM jobs"), "7 7");
  EXPECT_EQ(sql("SELECT sum(c) FROM count_notes n, unnest(n.counts, n.kinds) AS x(c, kind) WHERE kind = -4"), "7");
}

TEST_F(PostgresChangesTest, a_slice_leaves_what_others_have_changed_since) {
  const auto webhook = make_webhook();
  const DeliveryId taken = make_dead(webhook);
  make_dead(webhook);
  const JobId job{change(CreateJob{kOrg, JobKind::kReplayDead, {}, 0}).result->id};
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "UPDATE deliveries SET state = 3, reason = 'purged' WHERE id = " + std::to_string(taken.value));
  const auto slice = start(*db, AdvanceJob{job, 10});
  expect_stuck(slice);
  run(*other, "COMMIT");
  const ChangeOutcome done = end(slice);
  EXPECT_EQ(done.result->count, 1);
  EXPECT_EQ(done.result->job_state, JobState::kDone);
  EXPECT_EQ(sql("SELECT reason FROM deliveries ORDER BY id LIMIT 1"), "purged");
}

TEST_F(PostgresChangesTest, commits_leave_notes_of_what_they_touched) {
  const auto webhook = make_webhook();
  const int partition = partition_of(webhook->id);
  const DeliveryId id = make_dead(webhook);
  const std::string text = std::to_string(id.value);
  const News reopened = change(ReplayDead{kOrg, id}).news;
  EXPECT_EQ(note_of(reopened), note(partition, 0, 0, text));
  EXPECT_EQ(reopened.pending.at(0).commit, reopened.commit);
  EXPECT_EQ(note_of(change(RetryDelivery{kOrg, id}).news), note(partition, 0, 0, text));
  EXPECT_EQ(note_of(change(CancelDelivery{kOrg, id}).news), note(partition, 0, 0, text));

  const ChangeOutcome replayed = change(ReplayEvent{kOrg, EventId{id.value - 1}, {}});
  ASSERT_EQ(replayed.news.pending.size(), 1u);
  const std::int64_t made = replayed.news.pending[0].id.value;
  EXPECT_EQ(note_of(replayed.news), note(partition, made, made, ""));
  EXPECT_EQ(replayed.news.catalog.at(0).version, webhook->version);

  EXPECT_EQ(note_of(change(RotateSecret{kOrg, webhook->id, Secret{std::string(32, 'n')}}).news),
            note(partition, 0, 0, ""));
  EXPECT_EQ(note_of(change(CreateJob{kOrg, JobKind::kPurgeDead, {}, 0}).news), note(0, 0, 0, ""));
}

TEST_F(PostgresChangesTest, a_refusal_leaves_nothing) {
  const auto webhook = make_webhook();
  const std::string left =
      "SELECT concat_ws(' ', (SELECT count(*) FROM commits), (SELECT max(version) FROM"
      " organizations), (SELECT count(*) FROM jobs))";
  const std::string before = sql(left);
  WebhookPatch patch;
  patch.max_in_flight = 0;
  EXPECT_FALSE(change(UpdateWebhook{kOrg, webhook->id, patch}).result);
  EXPECT_FALSE(change(DeleteWebhook{kOrg, WebhookId{5}}).result);
  EXPECT_FALSE(change(ReplayEvent{kOrg, EventId{5}, {}}).result);
  EXPECT_FALSE(change(CreateJob{kOrg, JobKind::kCancelPending, {}, 0}).result);
  EXPECT_EQ(sql(left), before);
  EXPECT_EQ(sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"), "1");
}

TEST_F(PostgresChangesTest, a_deleted_keys_row_stays_for_the_other_processes_and_is_taken_for_the_same_key) {
  ApiKey key;
  key.organization = kOrg;
  key.name = "ci";
  key.hash = sha256("text");
  const auto made = change(CreateApiKey{key});
  EXPECT_EQ(change(CreateApiKey{key}).result.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(change(DeleteApiKey{kOrg, ApiKeyId{made.result->id}}).result);
  EXPECT_FALSE(change(DeleteApiKey{kOrg, ApiKeyId{made.result->id}}).result);
  EXPECT_EQ(sql("SELECT deleted || ' ' || version FROM api_keys"), "true 2");
  const auto again = change(CreateApiKey{key});
  EXPECT_NE(again.result->id, made.result->id);
  EXPECT_EQ(
      sql("SELECT deleted || ' ' || version || ' ' || (id = " + std::to_string(again.result->id) + ") FROM api_keys"),
      "false 3 true");
}

TEST_F(PostgresChangesTest, an_end_that_says_what_is_known_of_a_webhook_takes_no_lock) {
  const auto webhook = make_webhook();
  auto failed = std::make_shared<FinishAttempt>();
  failed->organization = kOrg;
  failed->webhook = webhook->id;
  failed->health = HealthChange::kFailing;
  failed->outcome.started_at = from_unix_ms(at_ms);
  const auto first = loop.wait(apply_health(*db, {7, at_ms, soon()}, failed)).value();
  EXPECT_EQ(first.result->webhook->failing_since, failed->outcome.started_at);
  ASSERT_EQ(first.news.webhooks.size(), 1u);
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "SELECT pg_advisory_xact_lock_shared(1)");
  const auto second = loop.wait(apply_health(*db, {7, at_ms, soon()}, failed)).value();
  EXPECT_TRUE(second.news.empty());
  EXPECT_EQ(second.result->webhook->version, first.result->webhook->version);
}

TEST_F(PostgresChangesTest, a_missing_partition_is_made) {
  const auto webhook = make_webhook();
  const DeliveryId id = send(webhook);
  at_ms += std::chrono::milliseconds(std::chrono::days(400)).count();
  const ChangeOutcome replayed = change(ReplayEvent{kOrg, EventId{id.value - 1}, {}});
  ASSERT_TRUE(replayed.result);
  EXPECT_EQ(replayed.news.pending.at(0).due, from_unix_ms(at_ms));
  EXPECT_EQ(sql("SELECT count(*) FROM deliveries"), "2");
  EXPECT_EQ(sql("SELECT sum(c) FROM count_notes n, unnest(n.counts, n.kinds) AS x(c, kind) WHERE kind = -3"), "2")
      << "the first try left nothing";
}

TEST_F(PostgresChangesTest, a_deadlocks_victim_is_tried_again) {
  const auto webhook = make_webhook();
  const DeliveryId low = make_dead(webhook);
  const DeliveryId high = make_dead(webhook);
  const JobId job{change(CreateJob{kOrg, JobKind::kPurgeDead, {}, 0}).result->id};
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "SELECT 1 FROM deliveries WHERE id = " + std::to_string(high.value) + " FOR UPDATE");
  const auto slice = start(*db, AdvanceJob{job, 10});
  expect_stuck(slice);
  // The slice has waited longer: it is the one that looks and gives way.
  run(*other, "SELECT 1 FROM deliveries WHERE id = " + std::to_string(low.value) + " FOR UPDATE");
  run(*other, "COMMIT");
  EXPECT_EQ(end(slice).result->count, 2);
  EXPECT_EQ(sql("SELECT done FROM jobs"), "2");
}

TEST_F(PostgresChangesTest, a_connection_that_is_lost_before_the_commit_was_asked_for_says_that_nothing_was_done) {
  const auto webhook = make_webhook();
  auto other = connect();
  run(*other, "BEGIN");
  run(*other, "SELECT pg_advisory_xact_lock_shared(1)");
  const auto deletion = start(*db, DeleteWebhook{kOrg, webhook->id});
  expect_stuck(deletion);
  sql("SELECT pg_terminate_backend(" + std::to_string(db->backend_pid()) + ")");
  loop.run_until([&] { return deletion->has_value(); });
  ASSERT_FALSE(**deletion);
  EXPECT_EQ((**deletion).error().error.code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace eventrelay::test
