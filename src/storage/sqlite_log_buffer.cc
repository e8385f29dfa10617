#include "storage/sqlite_log_buffer.h"

#include <sqlite3.h>

#include <new>
#include <string>

namespace eventrelay {
namespace {

/// What is held back. SQLite's layer for Unix takes less than 128 KiB a call: "seekAndWriteFd" in its os_unix.c.
constexpr std::size_t kHeldBytesMax = 124 * 1024;

sqlite3_vfs* below() {
  static sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  return vfs;
}

/// SQLite hands out one block: this, then the file of the layer below.
struct LogFile {
  sqlite3_file base;
  std::string* held;  ///< written here, not yet below
  sqlite3_int64 held_at;
};
LogFile& log_of(sqlite3_file* file) {
  return *reinterpret_cast<LogFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<LogFile*>(file) + 1);
}
const sqlite3_io_methods& methods(sqlite3_file* file) {
  return *real(file)->pMethods;
}

/// What could not be written is forgotten: SQLite rolls the commit back and writes over its place.
int write_held(sqlite3_file* file) {
  LogFile& log = log_of(file);
  if (log.held->empty()) return SQLITE_OK;
  const int size = static_cast<int>(log.held->size());
  const int result = methods(file).xWrite(real(file), log.held->data(), size, log.held_at);
  log.held->clear();
  return result;
}

int close_file(sqlite3_file* file) {
  const int written = write_held(file);
  delete log_of(file).held;
  const int closed = methods(file).xClose(real(file));
  return written != SQLITE_OK ? written : closed;
}

int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  const int written = write_held(file);
  return written != SQLITE_OK ? written : methods(file).xRead(real(file), to, size, at);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  LogFile& log = log_of(file);
  const auto bytes = static_cast<std::size_t>(size);
  const bool follows = at == log.held_at + static_cast<sqlite3_int64>(log.held->size());
  if (!follows || log.held->size() + bytes > kHeldBytesMax) {
    if (const int written = write_held(file); written != SQLITE_OK) return written;
  }
  if (log.held->empty()) log.held_at = at;
  log.held->append(static_cast<const char*>(from), bytes);
  return SQLITE_OK;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const int written = write_held(file);
  return written != SQLITE_OK ? written : methods(file).xTruncate(real(file), size);
}

int sync_file(sqlite3_file* file, int flags) {
  const int written = write_held(file);
  return written != SQLITE_OK ? written : methods(file).xSync(real(file), flags);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const int written = write_held(file);
  return written != SQLITE_OK ? written : methods(file).xFileSize(real(file), size);
}

int lock_file(sqlite3_file* file, int level) {
  return methods(file).xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return methods(file).xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* out) {
  return methods(file).xCheckReservedLock(real(file), out);
}
int control(sqlite3_file* file, int op, void* arg) {
  return methods(file).xFileControl(real(file), op, arg);
}
int sector_size(sqlite3_file* file) {
  return methods(file).xSectorSize(real(file));
}
int characteristics(sqlite3_file* file) {
  return methods(file).xDeviceCharacteristics(real(file));
}

/// Version 1: a log is neither mapped nor shared memory; those belong to the database's file.
const sqlite3_io_methods kMethods{1,         close_file,  read_file,       write_file,  truncate_file,
                                  sync_file, file_size,   lock_file,       unlock_file, check_lock,
                                  control,   sector_size, characteristics, nullptr,     nullptr,
                                  nullptr,   nullptr,     nullptr,         nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  if ((flags & SQLITE_OPEN_WAL) == 0) return below()->xOpen(below(), name, file, flags, out_flags);
  LogFile& log = *new (file) LogFile{};
  const int result = below()->xOpen(below(), name, real(file), flags, out_flags);
  if (result == SQLITE_OK) {
    log.held = new std::string();
    log.base.pMethods = &kMethods;
  } else if (real(file)->pMethods) {
    methods(file).xClose(real(file));
  }
  return result;
}

}  // namespace

const char* buffered_log_vfs() {
  static const sqlite3_vfs* const layer = [] {
    static sqlite3_vfs vfs = *below();
    vfs.pNext = nullptr;
    vfs.zName = "eventrelay-buffered-log";
    vfs.szOsFile = static_cast<int>(sizeof(LogFile)) + below()->szOsFile;
    vfs.xOpen = open_file;
    sqlite3_vfs_register(&vfs, 0);
    return &vfs;
  }();
  return layer->zName;
}

}  // namespace eventrelay
