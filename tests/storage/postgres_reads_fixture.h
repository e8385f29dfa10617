// A database with the schema and rows as the store would have made them, for tests of the reads alone.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "storage/postgres_queries.h"
#include "storage/postgres_schema.h"
#include "tests/storage/postgres_fixture.h"

namespace eventrelay::test {

inline constexpr OrganizationId kReadsOrg{1};
/// 2026-01-01. Partitions of a day each are made for kReadsDays from here.
inline constexpr WallTime kReadsBegin = from_unix_ms(1'767'225'600'000);
inline constexpr int kReadsDays = 5;

struct PostgresReadsTest : PostgresTest {
  PostgresReadsTest() {
    const auto version = bring_postgres_schema_up(url, true);
    if (!version) throw std::runtime_error(version.error().message);
    sql("UPDATE installation SET retention_days = 1; SELECT make_partitions(" + std::to_string(unix_ms(kReadsBegin)) +
        ", " + std::to_string(kReadsDays) +
        "); INSERT INTO event_types (organization_id, name) VALUES (1, 'a'), (1, 'b');" +
        "INSERT INTO webhooks (id, organization_id, partition, ordered, spec, secret, updated_ms, version)"
        " SELECT i, 1, " +
        partition_sql("i") +
        ", false, '{\"url\":\"http://x\",\"event_types\":[\"*\"],\"tenant\":\"\",\"description\":\"\",\"headers\":[],"
        "\"ordered\":false,\"max_in_flight\":1,\"timeout_ms\":1,\"enabled\":true,\"retry\":{\"max_attempts\":1,"
        "\"initial_ms\":1,\"multiplier\":1,\"max_ms\":1}}', '\\x73', 0, i FROM generate_series(1, 2) i;"
        "UPDATE organizations SET version = 2 WHERE id = 1");
    connection = connect();
  }

  std::string sql(const std::string& text) { return server.sql(url, "SET search_path TO eventrelay; " + text); }
  PgRead read() { return {*connection, soon()}; }
  template <class T>
  T must(Awaitable<Result<T>> task) {
    auto result = loop.wait(std::move(task));
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
  }

  /// The first id of the n-th millisecond of a day.
  static std::int64_t id_at(int day, std::int64_t n = 0) {
    return first_id_at(kReadsBegin + std::chrono::hours(24 * day)) + (n << kIdSequenceBits);
  }
  /// Deliveries of webhooks 1 and 2 in turn, of types a and b, one id a millisecond of that day; each its own event
  /// that was before it.
  void add(int day, std::int64_t count, DeliveryState state, std::int64_t first = 0) {
    const std::string from = std::to_string(first);
    const std::string last = std::to_string(first + count - 1);
    const std::string id = std::to_string(id_at(day)) + " + (i << 22)";
    const std::string which = "1 + i % 2";
    const std::string number = std::to_string(static_cast<int>(state));
    sql("INSERT INTO events (id, organization_id, type_id, tenant_id, delivery_count, metadata, payload) SELECT " + id +
        ", 1, " + which + ", 0, 1, '', '{\"i\":' || i || '}' FROM generate_series(" + from + "::bigint, " + last +
        ") i; INSERT INTO deliveries (id, organization_id, event_id, webhook_id, partition, type_id, tenant_id, state,"
        " first_due_ms, due_ms, sort_at_ms, ended_id) SELECT " +
        id + " + 1, 1, " + id + ", " + which + ", " + partition_sql(which) + ", " + which + ", 0, " + number +
        ", 0, 0, i, CASE " + number + " WHEN 0 THEN NULL ELSE " + id + " + 2 END FROM generate_series(" + from +
        "::bigint, " + last + ") i");
  }

  std::unique_ptr<PgConnection> connection;

 private:
  static std::string partition_sql(const std::string& webhook) {
    return "CASE " + webhook + " WHEN 1 THEN " + std::to_string(partition_of(WebhookId{1})) + " ELSE " +
           std::to_string(partition_of(WebhookId{2})) + " END";
  }
};

}  // namespace eventrelay::test
