// A layer under SQLite that makes its writes fail when a test says so: a full disk, a sync that fails. It becomes the
// process's default when it is first used, and passes everything on while no fault is set. Any thread.
#pragma once

namespace eventrelay {

enum class DiskFault {
  kNone,
  kFull,        ///< each write: no space
  kSyncOfLog,   ///< each sync of a write-ahead log: input/output error
  kSyncOfData,  ///< each sync of the database file, so of a checkpoint: input/output error
};

void install_fault_vfs();
void set_disk_fault(DiskFault fault);

}  // namespace eventrelay
