#include "storage/move_export.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "storage/codec.h"
#include "storage/move_file.h"
#include "storage/rollup.h"
#include "storage/sqlite_files.h"

namespace eventrelay {

namespace {

/// A row as PostgreSQL will have it. Its bytes are the statement's, or those kept for the column.
struct Row {
  explicit Row(std::size_t columns) : values(columns), kept(columns) {}
  std::vector<MoveValue> values;
  std::vector<std::string> kept;

  MoveValue& operator[](std::size_t column) { return values[column]; }
};

/// How a table is read. columns: in the order of its MoveTable. adapt: fills in what SQLite does not have.
struct Source {
  Moved table{};
  std::string columns;
  std::string order;
  void (*adapt)(Row&) = nullptr;
};

std::int64_t partition(std::int64_t webhook) {
  return partition_of(WebhookId{webhook});
}

void adapt_webhook(Row& row) {
  row[3].integer = partition(row[0].integer);
  row[4].integer = decode_spec(row[5].bytes).ordered ? 1 : 0;
}

void adapt_delivery(Row& row) {
  row[4].integer = partition(row[3].integer);
}

/// Entries of 8 and 4 bytes, in this machine's order there, big-endian in PostgreSQL.
void adapt_answer(Row& row) {
  std::string& answer = row.kept[4];
  answer = row[4].bytes;
  if constexpr (std::endian::native == std::endian::little) {
    for (auto at = answer.begin(); answer.end() - at >= 12; at += 12) {
      std::reverse(at, at + 8);
      std::reverse(at + 8, at + 12);
    }
  }
  row[4].bytes = answer;
}

std::vector<Source> sources() {
  std::vector<Source> sources{
      {.table = Moved::kWebhooks,
       .columns = "id, organization_id, deleted, 0, 0, spec, secret, old_secret, old_secret_until_ms, disabled_reason,"
                  " failing_since_ms, updated_ms",
       .order = "id",
       .adapt = adapt_webhook},
      {.table = Moved::kIdempotencyKeys, .order = "organization_id, route, key", .adapt = adapt_answer},
      {.table = Moved::kDeliveries,
       .columns = "id, organization_id, event_id, webhook_id, 0, type_id, tenant_id, state, attempts, position, manual,"
                  " first_due_ms, due_ms, sort_at_ms, reason, ended_id, last_status, last_error, replay_of",
       .order = "id",
       .adapt = adapt_delivery},
      {.table = Moved::kAttempts, .order = "delivery_id, number"},
      {.table = Moved::kRollups},  // with the notes in them: see each_rollup
      {.table = Moved::kGauges, .order = "organization_id"},
      {.table = Moved::kMemberships, .order = "organization_id, user_id"},
      {.table = Moved::kSettings, .order = "name"},
  };
  for (const Moved table : {Moved::kOrganizations, Moved::kEventTypes, Moved::kTenants, Moved::kApiKeys, Moved::kJobs,
                            Moved::kEvents, Moved::kUsers, Moved::kInvitations, Moved::kAudit})
    sources.push_back({.table = table, .order = "id"});
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.table < b.table; });
  for (Source& source : sources) {
    if (!source.columns.empty()) continue;
    for (const MoveColumn& column : move_table(source.table).columns)
      source.columns.append(source.columns.empty() ? "" : ", ").append(column.name);
  }
  return sources;
}

/// Of a rollup: span, minute, organization, webhook.
using RollupKey = std::array<std::int64_t, 4>;

/// Where `text` is not what PostgreSQL takes for text (UTF-8 without NUL), which an error's message may not be, it
/// becomes so: U+FFFD stands for what is not.
void make_valid(MoveValue& value, std::string& kept) {
  if (std::all_of(value.bytes.begin(), value.bytes.end(), [](unsigned char c) { return c != 0 && c < 0x80; })) return;
  std::string text(value.bytes);
  for (std::size_t at = 0; (at = text.find('\0', at)) != std::string::npos;) text.replace(at, 1, "\xEF\xBF\xBD");
  kept = nlohmann::json::parse(
             nlohmann::json(std::move(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
             .get<std::string>();
  if (kept != value.bytes) value.bytes = kept;
}

class Exporter {
 public:
  Exporter(SqliteDb& db, const MoveReport& report) : db_(db), report_(report) {}

  MoveCounts run(int descriptor) {
    db_.execute("BEGIN");
    MoveHeader header;
    header.version = EVENTRELAY_VERSION;
    header.exported_at_ms = unix_ms(std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
    header.last_id = number("SELECT value FROM meta WHERE key = 'last_id'");
    for (const Source& source : sources()) header.rows[static_cast<std::size_t>(source.table)] = count(source);
    total_ = total_of(header.rows);
    MoveWriter writer(descriptor, header);
    for (const Source& source : sources()) write(writer, source);
    writer.end();
    db_.execute("COMMIT");
    return header.rows;
  }

 private:
  std::int64_t number(const std::string& sql) {
    auto row = db_.use_text(sql);
    return row.step() ? row.integer(0) : 0;
  }

  std::int64_t count(const Source& source) {
    if (source.table != Moved::kRollups)
      return number("SELECT count(*) FROM " + std::string(move_table(source.table).name));
    std::int64_t rollups = 0;
    each_rollup([&](const RollupKey&, const Rollup&) { ++rollups; });
    return rollups;
  }

  /// What commits counted and is not folded yet.
  std::map<RollupKey, Rollup> read_notes() {
    std::map<RollupKey, Rollup> noted;
    auto notes = db_.use("SELECT minute, organization_id, counts FROM count_notes");
    while (notes.step()) {
      CountNote::each(notes.text(2), [&](WebhookId webhook, CountKind kind, std::int64_t count) {
        for (const std::int64_t span : {kMinuteSpan, kHourSpan}) {
          const std::int64_t minute = notes.integer(0) / span * span;
          noted[{span, minute, notes.integer(1), 0}].add(kind, count);
          if (webhook != kWholeOrganization) noted[{span, minute, notes.integer(1), webhook.value}].add(kind, count);
        }
      });
    }
    return noted;
  }

  template <class Take>
  void each_rollup(const Take& take) {
    std::map<RollupKey, Rollup> noted = read_notes();
    auto rows = db_.use("SELECT * FROM rollups ORDER BY span, minute, organization_id, webhook_id");
    while (rows.step()) {
      const RollupKey key{rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3)};
      Rollup rollup;
      for (int i = 0; i < kCounterColumns; ++i)
        rollup.counters.*kCounters[static_cast<std::size_t>(i)] = rows.integer(4 + i);
      rollup.latency = LatencyHistogram::decode(rows.text(4 + kCounterColumns));
      if (const auto more = noted.extract(key)) rollup.add(more.mapped());
      take(key, rollup);
    }
    for (const auto& [key, rollup] : noted) take(key, rollup);
  }

  void write(MoveWriter& writer, const Source& source) {
    const MoveTable& table = move_table(source.table);
    const auto wrote_one = [&] {
      if (++done_ % kReportEveryRows == 0) report_(table.name, done_, total_);
    };
    if (source.table == Moved::kRollups) {
      return each_rollup([&](const RollupKey& key, const Rollup& rollup) {
        std::vector<MoveValue> values;
        for (const std::int64_t part : key) values.push_back({MoveKind::kInteger, part, {}});
        for (const auto counter : kCounters) values.push_back({MoveKind::kInteger, rollup.counters.*counter, {}});
        const std::string latency = rollup.latency.encode();
        values.push_back({MoveKind::kBytes, 0, latency});
        writer.add(source.table, values);
        wrote_one();
      });
    }
    auto rows =
        db_.use_text("SELECT " + source.columns + " FROM " + std::string(table.name) + " ORDER BY " + source.order);
    Row row(table.columns.size());
    for (; rows.step(); wrote_one()) {
      for (std::size_t i = 0; i < row.values.size(); ++i) {
        const int column = static_cast<int>(i);
        const MoveKind kind = rows.is_null(column) ? MoveKind::kNull : table.columns[i].kind;
        row[i] = {kind, kind == MoveKind::kInteger ? rows.integer(column) : 0, {}};
        if (kind == MoveKind::kText || kind == MoveKind::kBytes) row[i].bytes = rows.text(column);
      }
      if (source.adapt) source.adapt(row);
      for (std::size_t i = 0; i < row.values.size(); ++i)
        if (row[i].kind == MoveKind::kText) make_valid(row[i], row.kept[i]);
      writer.add(source.table, row.values);
    }
  }

  SqliteDb& db_;
  const MoveReport& report_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
};

std::string system_fault(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

/// The file under another name until it is whole.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
    if (std::filesystem::exists(path_)) throw MoveFault(path_ + " exists already: it is not written over");
    descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor_ < 0) throw MoveFault(system_fault("Cannot make " + part_));
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    ::close(descriptor_);
    if (!is_whole_) ::unlink(part_.c_str());
  }
  int descriptor() const { return descriptor_; }

  /// On disk, and under its name.
  void keep() {
    if (::fsync(descriptor_) != 0 || ::rename(part_.c_str(), path_.c_str()) != 0)
      throw MoveFault(system_fault("Cannot write " + path_));
    is_whole_ = true;
    const std::string folder = std::filesystem::absolute(path_).parent_path().string();
    const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return;
    ::fsync(directory);
    ::close(directory);
  }

 private:
  std::string path_;
  std::string part_;
  int descriptor_ = -1;
  bool is_whole_ = false;
};

}  // namespace

Result<MoveCounts> export_sqlite(const std::string& data_dir, const std::string& file, const MoveReport& report) {
  // The lock would make the directory.
  if (!std::filesystem::exists(database_path(data_dir))) return unavailable("There is no " + database_path(data_dir));
  auto lock = lock_data_dir(data_dir);
  if (!lock)
    return unavailable(lock.error().message + ": stop it first, so that nothing is made that the export lacks");
  try {
    SqliteDb db(database_path(data_dir), SqliteDb::Mode::kReader);
    if (auto schema = bring_schema_up(db, false); !schema) return schema.error();
    Exporter exporter(db, report);
    if (file == "-") return exporter.run(STDOUT_FILENO);
    NewFile out(file);
    const MoveCounts counts = exporter.run(out.descriptor());
    out.keep();
    return counts;
  } catch (const MoveFault& fault) {
    return unavailable(fault.what());
  } catch (const SqliteError& error) {
    return unavailable(std::string("The database cannot be read: ") + error.what());
  }
}

}  // namespace eventrelay
