#include "storage/sqlite_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/embedded.h"
#include "base/log.h"

namespace eventrelay {

DataDirLock& DataDirLock::operator=(DataDirLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

DataDirLock::~DataDirLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<DataDirLock> lock_data_dir(const std::string& data_dir) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(data_dir, error);
  if (error) return unavailable("Cannot make the data directory " + data_dir + ": " + error.message());
  // Secrets and payloads are in it.
  if (made) std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, error);
  const std::string path = data_dir + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return unavailable("Cannot open " + path + ": " + std::strerror(errno));
  DataDirLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return unavailable("Another process uses the data directory " + data_dir);
  return lock;
}

std::string database_path(const std::string& data_dir) {
  return data_dir + "/eventrelay.db";
}

Result<int> bring_schema_up(SqliteDb& db, bool apply) {
  std::int64_t version = 0;
  {
    auto row = db.use("PRAGMA user_version");
    if (row.step()) version = row.integer(0);
  }
  const auto migrations = sqlite_migrations();
  const auto newest = static_cast<std::int64_t>(migrations.size());
  if (version > newest)
    return unavailable("The database has schema version " + std::to_string(version) + ", this program knows up to " +
                       std::to_string(newest) + ": it was used by a newer version");
  if (version < newest && !apply)
    return unavailable("The database has schema version " + std::to_string(version) + " of " + std::to_string(newest) +
                       ": run `eventrelay migrate`");
  for (; version < newest; ++version) {
    const EmbeddedFile& file = migrations[static_cast<std::size_t>(version)];
    db.execute("BEGIN IMMEDIATE;" + std::string(file.text) + ";PRAGMA user_version = " + std::to_string(version + 1) +
               ";COMMIT");
    spdlog::info("schema: applied {}", file.name);
  }
  return static_cast<int>(version);
}

}  // namespace eventrelay
