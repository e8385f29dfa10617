#include "storage/move_import.h"

#include <set>

#include "base/ids.h"
#include "storage/move_copy.h"
#include "storage/move_file.h"
#include "storage/postgres_blocking.h"
#include "storage/postgres_schema.h"

namespace eventrelay {

namespace {

// One transaction: its rows are sent as one COPY.
constexpr std::size_t kBatchRowsMax = 1'000;
constexpr std::size_t kBatchBytesMax = std::size_t{4} * 1024 * 1024;

constexpr std::int64_t kDayMs = 86'400'000;

/// Commits need not be on disk one by one: a crash of the server takes the position back with the rows, and the last
/// commit waits for all before it.
constexpr const char* kBegin = "BEGIN; SET LOCAL search_path TO eventrelay; SET LOCAL synchronous_commit TO off;";

constexpr const char* kImports =
    "BEGIN; SET LOCAL search_path TO eventrelay;"
    // kept_keys: API keys that were here before, which a first start of the server makes.
    "CREATE TABLE IF NOT EXISTS imports (file bytea PRIMARY KEY, position bigint NOT NULL, rows bigint NOT NULL DEFAULT"
    " 0, kept_keys bigint[] NOT NULL, started_at timestamptz NOT NULL DEFAULT now(), ended_at timestamptz);"
    "LOCK TABLE imports IN EXCLUSIVE MODE";

class Importer {
 public:
  Importer(PgBlocking& db, MoveReader& reader, const Sha256& file, const MoveReport& report)
      : db_(db), reader_(reader), file_(copy_text_of_bytes(as_bytes(file))), report_(report) {}

  /// Where the import is, or begins. False: it is done.
  bool begin() {
    db_.run(kImports);
    const std::string state =
        db_.one("SELECT CASE WHEN ended_at IS NULL THEN position ELSE -1 END FROM imports" + mine());
    if (state == "-1") {
      db_.run("ROLLBACK");
      return false;
    }
    if (state.empty()) {
      refuse_served_database();
      db_.run("DELETE FROM invitations WHERE email = ''");  // the first links that a first start of the server makes
      refuse_used_database();
      db_.run("INSERT INTO imports (file, position, kept_keys) VALUES ('" + file_ + "', " +
              std::to_string(reader_.position()) + ", ARRAY(SELECT id FROM api_keys))");
    } else {
      reader_.seek(std::stoll(state));
    }
    rows_ = db_.number("SELECT rows FROM imports" + mine());
    db_.run("COMMIT");
    refuse_served_database();  // from here on none can start
    return true;
  }

  void copy() {
    const std::int64_t total = total_of(reader_.header().rows);
    MoveRow row;
    std::int64_t position = reader_.position();
    for (bool more = reader_.next(row); more;) {
      CopyLines lines(row.table);
      std::set<std::int64_t> days;
      do {
        lines.add(row.values);
        if (is_by_time(row.table)) days.insert(unix_ms(time_of_id(row.values[0].integer)) / kDayMs);
        position = reader_.position();
        more = reader_.next(row);
      } while (more && row.table == lines.table() && lines.rows() < kBatchRowsMax && lines.bytes() < kBatchBytesMax);
      commit(lines, days, position);
      report_(move_table(lines.table()).name, rows_, total);
    }
  }

  /// Counts what is there now; where that is what the file has the import is done.
  MoveCounts finish() {
    report_("counting", rows_, total_of(reader_.header().rows));
    MoveCounts counts{};
    db_.run(std::string(kBegin) + "SET LOCAL synchronous_commit TO on");
    for (std::size_t i = 0; i < kMovedTables; ++i) {
      std::string select = "SELECT count(*) FROM " + std::string(move_tables()[i].name);
      if (Moved(i) == Moved::kApiKeys)
        select += " WHERE NOT id = ANY (ARRAY(SELECT unnest(kept_keys) FROM imports" + mine() + "))";
      counts[i] = db_.number(select);
    }
    if (counts == reader_.header().rows) {
      // New ids follow all that ever were.
      db_.run("SELECT setval('ids', greatest(last_value, " + std::to_string(reader_.header().last_id) + ")) FROM ids");
      for (const std::string table : {"event_types", "tenants"})
        db_.run("SELECT setval(pg_get_serial_sequence('" + table + "', 'id'), max(id)) FROM " + table +
                " HAVING max(id) > 0");
      db_.run("UPDATE organizations SET version = version + 1");
      db_.run("UPDATE imports SET ended_at = now()" + mine());
    }
    db_.run("COMMIT");
    // Lists would be planned for empty tables until the server comes to it.
    for (const char* table : {"events", "deliveries", "attempts"}) db_.run(std::string("ANALYZE eventrelay.") + table);
    return counts;
  }

 private:
  std::string mine() const { return " WHERE file = '" + file_ + "'"; }

  static bool is_by_time(Moved table) {
    return table == Moved::kEvents || table == Moved::kDeliveries || table == Moved::kAttempts;
  }

  /// The names of their sessions tell them.
  void refuse_served_database() {
    if (db_.one("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ "
                "'^eventrelay [0-9]+$'") != "0")
      throw MoveFault("An EventRelay process uses the database: stop it first");
  }

  void refuse_used_database() {
    if (db_.one("SELECT count(*) FROM imports WHERE ended_at IS NULL") != "0")
      throw MoveFault("An import of another file into this database has begun: use a new database");
    for (const MoveTable& table : move_tables()) {
      if (table.name == "organizations" || table.name == "api_keys") continue;
      if (db_.one("SELECT EXISTS (SELECT 1 FROM " + std::string(table.name) + ")") == "t")
        throw MoveFault("The database is in use, it has " + std::string(table.name) + ": use a new database");
    }
  }

  void commit(const CopyLines& lines, const std::set<std::int64_t>& days, std::int64_t position) {
    const auto rows = static_cast<std::int64_t>(lines.rows());
    // The row's lock comes first: of two imports at once the second finds another position.
    const std::string move_on = "UPDATE imports SET position = " + std::to_string(position) + ", rows = rows + " +
                                std::to_string(rows) + mine() + " AND rows = " + std::to_string(rows_) +
                                " AND ended_at IS NULL";
    if (db_.run(kBegin + move_on) != 1) throw MoveFault("Another import of this file is under way");
    for (const std::int64_t day : days)
      if (days_made_.insert(day).second) db_.run("SELECT make_partitions(" + std::to_string(day * kDayMs) + ", 1)");
    lines.send(db_);
    db_.run("COMMIT");
    rows_ += rows;
  }

  PgBlocking& db_;
  MoveReader& reader_;
  const std::string file_;
  const MoveReport& report_;
  std::int64_t rows_ = 0;
  std::set<std::int64_t> days_made_;
};

}  // namespace

Result<ImportSummary> import_postgres(const std::string& url, const std::string& file, const MoveReport& report) {
  try {
    MoveReader reader(file);
    const Sha256 hash = reader.check(report);
    if (auto schema = bring_postgres_schema_up(url, true, StartedImport::kGoOn); !schema) return schema.error();
    PgBlocking db(url, "eventrelay import");
    Importer importer(db, reader, hash, report);
    ImportSummary summary;
    summary.in_file = reader.header().rows;
    summary.was_done = !importer.begin();
    if (summary.was_done) return summary;
    importer.copy();
    summary.in_database = importer.finish();
    return summary;
  } catch (const MoveFault& fault) {
    return unavailable(fault.what());
  } catch (const PgBlockingFault& fault) {
    return unavailable(std::string(fault.what()) +
                       "\nWhat was imported stays: run the command again to go on from there");
  }
}

}  // namespace eventrelay
