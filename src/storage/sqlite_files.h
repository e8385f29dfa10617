// The data directory: its lock, its file, its schema's version. Used while the store is opened, by one thread.
#pragma once
#include <string>

#include "base/result.h"
#include "storage/sqlite_db.h"

namespace eventrelay {

/// Holds `lock` in the directory for as long as it lives: one process at a time.
class DataDirLock {
 public:
  DataDirLock() = default;
  explicit DataDirLock(int descriptor) : descriptor_(descriptor) {}
  DataDirLock(DataDirLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  DataDirLock& operator=(DataDirLock&& other) noexcept;
  ~DataDirLock();

 private:
  int descriptor_ = -1;
};

/// Makes the directory where it does not exist (mode 0700) and locks it.
Result<DataDirLock> lock_data_dir(const std::string& data_dir);

std::string database_path(const std::string& data_dir);

/// The schema's version after it; migrates one file of sqlite_migrations() a transaction. apply false: refuses an older
/// schema. A newer one than this program knows is always refused.
Result<int> bring_schema_up(SqliteDb& db, bool apply);

}  // namespace eventrelay
