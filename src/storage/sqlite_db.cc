#include "storage/sqlite_db.h"

#include <cstdlib>

#include "base/log.h"
#include "storage/sqlite_log_buffer.h"

namespace eventrelay {

namespace {

/// Statements put together from filters: more texts than this are not kept.
constexpr std::size_t kTextStatementsMax = 64;

// Memory is bounded by these: a page cache a connection, in KiB (SQLite takes the negative number so).
constexpr const char* kWriterSettings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8192;"
    "PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF;";
constexpr const char* kReaderSettings =
    "PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;";

}  // namespace

void end_if_fatal(int code, const char* message) {
  if (code != SQLITE_IOERR && code != SQLITE_CORRUPT && code != SQLITE_NOTADB && code != SQLITE_READONLY) return;
  spdlog::critical("the database cannot be written: {}; ending, so that nothing is acknowledged that is not on disk",
                   message);
  spdlog::shutdown();
  std::_Exit(74);
}

SqliteStatement::~SqliteStatement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void SqliteStatement::check(int result) const {
  if (result == SQLITE_OK) return;
  throw SqliteError(result & 0xff, sqlite3_errmsg(sqlite3_db_handle(statement_)));
}

SqliteStatement& SqliteStatement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(std::string_view text) {
  // A null pointer would bind NULL, not the empty text.
  const char* data = text.data() ? text.data() : "";
  check(sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(std::string_view bytes) {
  const char* data = bytes.data() ? bytes.data() : "";
  check(sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

SqliteStatement& SqliteStatement::bind_null() {
  check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

bool SqliteStatement::step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  throw SqliteError(result & 0xff, sqlite3_errmsg(sqlite3_db_handle(statement_)));
}

void SqliteStatement::run() {
  while (step()) {
  }
  sqlite3_reset(statement_);
  bound_ = 0;
}

std::string_view SqliteStatement::text(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data ? std::string_view(static_cast<const char*>(data), size) : std::string_view();
}

std::optional<std::int64_t> SqliteStatement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

SqliteDb::SqliteDb(const std::string& path, Mode mode) {
  // Memory's statistics cost a lock an allocation. Refused, which does no harm, once SQLite has begun.
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(once);
  const int flags = (mode == Mode::kWriter ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const char* const vfs = mode == Mode::kWriter ? buffered_log_vfs() : nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle_, flags, vfs);
  if (result != SQLITE_OK) {
    const std::string message = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
    sqlite3_close_v2(handle_);
    throw SqliteError(result & 0xff, message);
  }
  sqlite3_busy_timeout(handle_, 5'000);
  execute(mode == Mode::kWriter ? kWriterSettings : kReaderSettings);
}

SqliteDb::~SqliteDb() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  for (const auto& [sql, statement] : text_statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

sqlite3_stmt* SqliteDb::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
  if (result != SQLITE_OK) throw SqliteError(result & 0xff, sqlite3_errmsg(handle_) + (": " + std::string(sql)));
  return statement;
}

SqliteStatement SqliteDb::use(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (!statement) statement = prepare(sql);
  return SqliteStatement(statement);
}

SqliteStatement SqliteDb::use_text(const std::string& sql) {
  if (const auto found = text_statements_.find(sql); found != text_statements_.end())
    return SqliteStatement(found->second);
  if (text_statements_.size() >= kTextStatementsMax) {
    for (const auto& [text, statement] : text_statements_) sqlite3_finalize(statement);
    text_statements_.clear();
  }
  return SqliteStatement(text_statements_[sql] = prepare(sql));
}

void SqliteDb::execute(const std::string& sql) {
  char* message = nullptr;
  const int result = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message);
  if (result == SQLITE_OK) return;
  const std::string text = message ? message : "unknown";
  sqlite3_free(message);
  throw SqliteError(result & 0xff, text);
}

}  // namespace eventrelay
