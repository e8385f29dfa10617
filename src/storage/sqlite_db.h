// A connection to SQLite with its prepared statements. One thread at a time.
// Faults are SqliteError exceptions; they end where the store's port begins.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

namespace eventrelay {

class SqliteError : public std::runtime_error {
 public:
  SqliteError(int result_code, const std::string& message) : std::runtime_error(message), code(result_code) {}
  const int code;  ///< SQLite's primary result code
};

/// Ends the process, with the reason in the log, after a fault of a write or a sync that leaves unknown what is on
/// disk: only a restart, which reads it, is safe. Returns for all other codes.
void end_if_fatal(int code, const char* message);

/// A prepared statement in use; given back, reset, when it goes out of scope.
/// Text that is bound must outlive the statement's use.
class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  /// Values take the places ?1, ?2, … in the order of the calls.
  SqliteStatement& bind(std::int64_t value);
  SqliteStatement& bind(std::string_view text);
  SqliteStatement& bind_blob(std::string_view bytes);
  SqliteStatement& bind_null();
  SqliteStatement& bind(std::optional<std::int64_t> value) { return value ? bind(*value) : bind_null(); }

  /// True: there is a row. Throws SqliteError.
  bool step();
  /// Steps to the end, then resets, so that it can be bound and run again.
  void run();

  // Columns of the row, from 0. Views last until the next step.
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string_view text(int column) const;
  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::optional<std::int64_t> optional_integer(int column) const;

 private:
  void check(int result) const;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

class SqliteDb {
 public:
  enum class Mode { kWriter, kReader };
  /// Throws SqliteError.
  SqliteDb(const std::string& path, Mode mode);
  ~SqliteDb();
  SqliteDb(const SqliteDb&) = delete;
  SqliteDb& operator=(const SqliteDb&) = delete;

  /// sql: a literal: statements are kept by its address. Only one use of it at a time.
  SqliteStatement use(const char* sql);
  /// For SQL that is put together; kept by its text.
  SqliteStatement use_text(const std::string& sql);
  /// Any number of statements, without results.
  void execute(const std::string& sql);
  /// Rows that the last statement changed.
  std::int64_t changes() const { return sqlite3_changes64(handle_); }
  sqlite3* handle() const { return handle_; }

 private:
  sqlite3_stmt* prepare(std::string_view sql);
  sqlite3* handle_ = nullptr;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
  std::unordered_map<std::string, sqlite3_stmt*> text_statements_;
};

}  // namespace eventrelay
