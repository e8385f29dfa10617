// A layer under the writer's connection that gathers the pages of a commit and writes them to the write-ahead log in
// one call, right before the log is synced; SQLite alone makes two calls a page. Source: SQLite's "OS Interface (VFS)".
// REQUIRES: PRAGMA synchronous = FULL: readers look at a commit's pages only after the sync.
// A file belongs to its connection's thread.
#pragma once

namespace eventrelay {

/// The layer's name, for sqlite3_open_v2; registered when first asked for. Any thread.
const char* buffered_log_vfs();

}  // namespace eventrelay
