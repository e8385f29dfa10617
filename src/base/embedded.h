// Files that the build puts into the binary. Immutable; any thread.
#pragma once
#include <span>
#include <string_view>

namespace eventrelay {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

/// A file of the dashboard, as it is and compressed.
struct DashboardFile {
  std::string_view path;  ///< "/assets/index-B7AIiocP.js"
  std::string_view content_type;
  std::string_view hash;  ///< of its content
  std::string_view plain;
  std::string_view gzip;    ///< empty where it would not be smaller
  std::string_view brotli;  ///< the same
};

std::span<const EmbeddedFile> sqlite_migrations();    ///< 0001_….sql, in order
std::span<const EmbeddedFile> postgres_migrations();  ///< the same for PostgreSQL
std::span<const EmbeddedFile> api_description();      ///< openapi.json
std::span<const DashboardFile> dashboard_files();     ///< sorted by path

}  // namespace eventrelay
