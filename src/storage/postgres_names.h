// The numbers of event types and tenants. Belongs to the store's loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "storage/postgres_connection.h"

namespace eventrelay {

class PgNames {
 public:
  enum class Kind { kEventType, kTenant };

  /// 0 for an empty name; nullopt: not known yet, and asked for by the next resolve().
  std::optional<std::int64_t> find(Kind kind, OrganizationId organization, std::string_view name);
  bool has_missing() const { return !missing_[0].empty() || !missing_[1].empty(); }
  /// Gives what find() missed a number, in a transaction of its own.
  boost::asio::awaitable<PgResult<void>> resolve(PgConnection& db, PgConnection::Deadline deadline);

 private:
  using Names = std::vector<std::pair<std::int64_t, std::string>>;
  std::unordered_map<std::string, std::int64_t> known_[2];
  Names missing_[2];
};

}  // namespace eventrelay
