#include "tests/storage/fault_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <string_view>

namespace eventrelay {
namespace {

std::atomic<DiskFault> fault{DiskFault::kNone};
sqlite3_vfs* below = nullptr;

/// SQLite hands out one block: this, then the file of the layer below.
struct FaultFile {
  sqlite3_file base;
  bool is_log;
};
FaultFile* ours(sqlite3_file* file) {
  return reinterpret_cast<FaultFile*>(file);
}
sqlite3_file* real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(ours(file) + 1);
}
const sqlite3_io_methods& methods(sqlite3_file* file) {
  return *real(file)->pMethods;
}

int close_file(sqlite3_file* f) {
  return methods(f).xClose(real(f));
}
int read_file(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  return methods(f).xRead(real(f), to, size, at);
}
int write_file(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  if (fault == DiskFault::kFull) return SQLITE_FULL;
  return methods(f).xWrite(real(f), from, size, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  return methods(f).xTruncate(real(f), size);
}
int sync_file(sqlite3_file* f, int flags) {
  const DiskFault now = fault;
  if (now == DiskFault::kSyncOfLog && ours(f)->is_log) return SQLITE_IOERR_FSYNC;
  if (now == DiskFault::kSyncOfData && !ours(f)->is_log) return SQLITE_IOERR_FSYNC;
  return methods(f).xSync(real(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  return methods(f).xFileSize(real(f), size);
}
int lock_file(sqlite3_file* f, int level) {
  return methods(f).xLock(real(f), level);
}
int unlock_file(sqlite3_file* f, int level) {
  return methods(f).xUnlock(real(f), level);
}
int check_lock(sqlite3_file* f, int* out) {
  return methods(f).xCheckReservedLock(real(f), out);
}
int control(sqlite3_file* f, int op, void* arg) {
  return methods(f).xFileControl(real(f), op, arg);
}
int sector_size(sqlite3_file* f) {
  return methods(f).xSectorSize(real(f));
}
int characteristics(sqlite3_file* f) {
  return methods(f).xDeviceCharacteristics(real(f));
}
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return methods(f).xShmMap(real(f), page, size, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return methods(f).xShmLock(real(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) {
  methods(f).xShmBarrier(real(f));
}
int shm_unmap(sqlite3_file* f, int remove) {
  return methods(f).xShmUnmap(real(f), remove);
}

const sqlite3_io_methods kMethods{2,           close_file,  read_file,       write_file,  truncate_file,
                                  sync_file,   file_size,   lock_file,       unlock_file, check_lock,
                                  control,     sector_size, characteristics, shm_map,     shm_lock,
                                  shm_barrier, shm_unmap,   nullptr,         nullptr};

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int result = below->xOpen(below, name, real(file), flags, out_flags);
  ours(file)->is_log = name && std::string_view(name).ends_with("-wal");
  file->pMethods = real(file)->pMethods ? &kMethods : nullptr;
  return result;
}

}  // namespace

void install_fault_vfs() {
  static sqlite3_vfs layer;
  if (below) return;
  below = sqlite3_vfs_find(nullptr);
  std::memcpy(&layer, below, sizeof layer);
  layer.pNext = nullptr;
  layer.zName = "faulty";
  layer.szOsFile = static_cast<int>(sizeof(FaultFile)) + below->szOsFile;
  layer.xOpen = open_file;
  sqlite3_vfs_register(&layer, 1);
}

void set_disk_fault(DiskFault next) {
  fault = next;
}

}  // namespace eventrelay
