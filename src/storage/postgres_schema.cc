#include "storage/postgres_schema.h"

#include <chrono>
#include <thread>

#include "base/embedded.h"
#include "base/log.h"
#include "storage/postgres_blocking.h"

namespace eventrelay {

namespace {

/// Until another process's migration has ended.
constexpr auto kWaitForOther = std::chrono::seconds(60);
constexpr auto kPollEvery = std::chrono::milliseconds(100);
/// That the sessions of one process hold when all of them plan at once: a table and each of its indexes are one; of the
/// ten sessions five plan for deliveries and events (13), one for deliveries and attempts (11), the others for few.
constexpr std::int64_t kLocksPerPartition = 80;

/// Waiting inside pg_advisory_lock would hold a snapshot against what another migration waits for: it is polled.
void lock_migrations(PgBlocking& db) {
  const auto until = std::chrono::steady_clock::now() + kWaitForOther;
  while (db.one("SELECT pg_try_advisory_lock(7305, 4)") != "t") {
    if (std::chrono::steady_clock::now() > until) throw PgBlockingFault("Another process's migration takes too long");
    std::this_thread::sleep_for(kPollEvery);
  }
}

/// What half an installation holds must not be delivered.
bool has_started_import(PgBlocking& db) {
  if (db.one("SELECT to_regclass('eventrelay.imports')").empty()) return false;
  return db.one("SELECT count(*) FROM eventrelay.imports WHERE ended_at IS NULL") != "0";
}

/// What is short ends as "out of shared memory", now and then, in any statement.
void warn_of_few_locks(PgBlocking& db) {
  const std::int64_t partitions = db.number("SELECT count(*) FROM time_partitions()");
  const std::int64_t room = db.number(
      "SELECT current_setting('max_locks_per_transaction')::bigint * current_setting('max_connections')::bigint");
  if (partitions * kLocksPerPartition <= room) return;
  spdlog::warn(
      "PostgreSQL has room for {} locks; for {} partitions by time each process may need {}: raise "
      "max_locks_per_transaction",
      room, partitions, partitions * kLocksPerPartition);
}

void make_partitions(PgBlocking& db, int retention_days) {
  const std::string days = std::to_string(retention_days);
  db.run("UPDATE installation SET retention_days = " + days + " WHERE retention_days <> " + days);
  db.run("SELECT make_partitions(now_ms() - 86400000, 4)");
  warn_of_few_locks(db);
}

int migrate(const std::string& url, bool apply, StartedImport import, std::optional<int> retention_days) {
  PgBlocking db(url, "eventrelay migrate");
  if (std::stoi(db.one("SHOW server_version_num")) < 130'000) throw PgBlockingFault("PostgreSQL 13 or newer is needed");
  if (db.one("SHOW server_encoding") != "UTF8") throw PgBlockingFault("The database must be encoded in UTF8");
  const auto files = postgres_migrations();
  const int newest = static_cast<int>(files.size());
  const auto version_of = [&db] {
    if (db.one("SELECT to_regclass('eventrelay.schema_versions')").empty()) return 0;
    return std::stoi(db.one("SELECT coalesce(max(version), 0) FROM eventrelay.schema_versions"));
  };
  int version = version_of();
  if (version < newest && !apply)
    throw PgBlockingFault("The database has schema version " + std::to_string(version) + " of " +
                          std::to_string(newest) + ": run `eventrelay migrate`");
  if (version < newest) {
    lock_migrations(db);
    db.run("CREATE SCHEMA IF NOT EXISTS eventrelay");
    db.run("SET search_path TO eventrelay");
    // usable_from: the oldest program, by the newest schema it knows, that may still run on this one.
    db.run(
        "CREATE TABLE IF NOT EXISTS schema_versions (version integer PRIMARY KEY, usable_from integer NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())");
    for (version = version_of(); version < newest; ++version) {
      const EmbeddedFile& file = files[static_cast<std::size_t>(version)];
      const std::string number = std::to_string(version + 1);
      db.run("BEGIN;" + std::string(file.text) + ";INSERT INTO schema_versions VALUES (" + number + ", " + number +
             ");COMMIT");
      spdlog::info("schema: applied {}", file.name);
    }
  }
  const std::string usable_from =
      db.one("SELECT usable_from FROM eventrelay.schema_versions ORDER BY version DESC LIMIT 1");
  if (std::stoi(usable_from) > newest)
    throw PgBlockingFault("The database has schema version " + std::to_string(version) + ", this program knows up to " +
                          std::to_string(newest) + ": it was used by a newer version");
  if (import == StartedImport::kRefuse && has_started_import(db))
    throw PgBlockingFault("An import into this database has not ended: run `eventrelay import` with its file again");
  db.run("SET search_path TO eventrelay");
  if (retention_days) make_partitions(db, *retention_days);
  return version;
}

}  // namespace

Result<int> bring_postgres_schema_up(const std::string& url, bool apply, StartedImport import,
                                     std::optional<int> retention_days) {
  try {
    return migrate(url, apply, import, retention_days);
  } catch (const PgBlockingFault& fault) {
    return unavailable(fault.what());
  }
}

}  // namespace eventrelay
