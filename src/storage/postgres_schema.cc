#include "storage/postgres_schema.h"

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <thread>

#include "base/embedded.h"
#include "base/log.h"

namespace eventrelay {

namespace {

constexpr const char* kConnectTimeoutSeconds = "5";
/// Until another process's migration has ended.
constexpr auto kWaitForOther = std::chrono::seconds(60);
constexpr auto kPollEvery = std::chrono::milliseconds(100);

struct Fault {
  std::string message;
};

/// A connection that blocks: nothing else runs yet.
class Connection {
 public:
  explicit Connection(const std::string& url) {
    const char* keywords[] = {"dbname", "connect_timeout", "application_name", "client_encoding", nullptr};
    const char* values[] = {url.c_str(), kConnectTimeoutSeconds, "eventrelay migrate", "UTF8", nullptr};
    handle_.reset(PQconnectdbParams(keywords, values, 1));
    if (PQstatus(handle_.get()) != CONNECTION_OK)
      throw Fault{std::string("Cannot connect to PostgreSQL: ") + PQerrorMessage(handle_.get())};
    // Before anything is set that would stay on a session which others share.
    if (one("SELECT pg_backend_pid()") != std::to_string(PQbackendPID(handle_.get())))
      throw Fault{
          "between this program and PostgreSQL is a pooler, which may give each transaction another session: "
          "connect to PostgreSQL itself"};
    PQsetNoticeProcessor(
        handle_.get(), [](void*, const char*) {}, nullptr);
  }
  void run(const std::string& sql) { ask(sql); }
  std::string one(const std::string& sql) {
    const auto result = ask(sql);
    return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
  }

 private:
  struct End {
    void operator()(PGconn* handle) const { PQfinish(handle); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, End> ask(const std::string& sql) {
    std::unique_ptr<PGresult, End> result(PQexec(handle_.get(), sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw Fault{PQerrorMessage(handle_.get())};
    return result;
  }
  std::unique_ptr<PGconn, End> handle_;
};

/// Waiting inside pg_advisory_lock would hold a snapshot against what another migration waits for: it is polled.
void lock_migrations(Connection& db) {
  const auto until = std::chrono::steady_clock::now() + kWaitForOther;
  while (db.one("SELECT pg_try_advisory_lock(7305, 4)") != "t") {
    if (std::chrono::steady_clock::now() > until) throw Fault{"Another process's migration takes too long"};
    std::this_thread::sleep_for(kPollEvery);
  }
}

int migrate(const std::string& url, bool apply) {
  Connection db(url);
  if (std::stoi(db.one("SHOW server_version_num")) < 130'000) throw Fault{"PostgreSQL 13 or newer is needed"};
  if (db.one("SHOW server_encoding") != "UTF8") throw Fault{"The database must be encoded in UTF8"};
  const auto files = postgres_migrations();
  const int newest = static_cast<int>(files.size());
  const auto version_of = [&db] {
    if (db.one("SELECT to_regclass('eventrelay.schema_versions')").empty()) return 0;
    return std::stoi(db.one("SELECT coalesce(max(version), 0) FROM eventrelay.schema_versions"));
  };
  int version = version_of();
  if (version < newest && !apply)
    throw Fault{"The database has schema version " + std::to_string(version) + " of " + std::to_string(newest) +
                ": run `eventrelay migrate`"};
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
    throw Fault{"The database has schema version " + std::to_string(version) + ", this program knows up to " +
                std::to_string(newest) + ": it was used by a newer version"};
  db.run("SET search_path TO eventrelay");
  db.run("SELECT make_partitions(now_ms() - 86400000, 4)");
  return version;
}

}  // namespace

Result<int> bring_postgres_schema_up(const std::string& url, bool apply) {
  try {
    return migrate(url, apply);
  } catch (const Fault& fault) {
    std::string message = fault.message;
    while (!message.empty() && message.back() == '\n') message.pop_back();
    return Error{ErrorCode::kUnavailable, std::move(message), {}};
  }
}

}  // namespace eventrelay
