// Files that the build puts into the binary. Immutable; any thread.
#pragma once
#include <span>
#include <string_view>

namespace eventrelay {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

std::span<const EmbeddedFile> sqlite_migrations();    ///< 0001_….sql, in order
std::span<const EmbeddedFile> postgres_migrations();  ///< the same for PostgreSQL
std::span<const EmbeddedFile> api_description();      ///< openapi.json

}  // namespace eventrelay
