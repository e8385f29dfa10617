// A database of the test's own on the program's PostgreSQL, and connections to it.
#pragma once
#include <gtest/gtest.h>

#include "storage/postgres_connection.h"
#include "tests/support/postgres_server.h"
#include "tests/support/test_loop.h"

namespace eventrelay::test {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Rows = PgConnection::Rows;

/// SQL: what rollups.latency has, "bucket:count" and a space between two, by the bucket.
inline constexpr const char* kLatencyPairs =
    "(SELECT string_agg(get_byte(latency, i) || ':' || get_byte(latency, i + 1) + get_byte(latency, i + 2) * 256"
    " + get_byte(latency, i + 3) * 65536, ' ' ORDER BY get_byte(latency, i))"
    " FROM generate_series(0, length(latency) - 5, 5) i)";

struct PostgresTest : ::testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string url = server.make_database();
  TestLoop loop;

  static PgConnection::Deadline soon() { return steady_clock::now() + seconds(30); }

  Result<std::unique_ptr<PgConnection>> try_connect(PgConnectOptions options) {
    return loop.wait(PgConnection::connect(loop.context(), std::move(options)));
  }
  std::unique_ptr<PgConnection> connect() { return try_connect({url, "test"}).value(); }

  PgResult<PgRows> query(PgConnection& connection, const char* sql, PgParams params = {}) {
    return loop.wait(connection.query(sql, std::move(params), soon()));
  }
  PgResult<Rows> run(PgConnection& connection, std::vector<PgStatement> statements) {
    return loop.wait(connection.run(std::move(statements), soon()));
  }
  /// Sends and does not wait; the answer is at the place that was returned.
  std::shared_ptr<std::optional<PgResult<Rows>>> send(PgConnection& connection, std::vector<PgStatement> statements,
                                                      PgConnection::Deadline deadline = soon()) {
    auto answer = std::make_shared<std::optional<PgResult<Rows>>>();
    connection.run(std::move(statements), deadline,
                   [answer](PgResult<Rows> rows) { answer->emplace(std::move(rows)); });
    return answer;
  }
  static ErrorCode code(const std::optional<PgResult<Rows>>& answer) { return answer.value().error().error.code; }
  static std::string state(const std::optional<PgResult<Rows>>& answer) { return answer.value().error().sqlstate; }
};

}  // namespace eventrelay::test
