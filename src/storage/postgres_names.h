// The numbers of event types and tenants. Belongs to the store's loop.
#pragma once
#include <array>
#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "storage/postgres_connection.h"

namespace eventrelay {

class PgNames {
 public:
  enum class Kind { kEventType, kTenant };
  /// Names of each kind that have no number yet: the caller's, who has them resolved.
  class Missing {
   public:
    bool empty() const { return names_[0].empty() && names_[1].empty(); }

   private:
    friend class PgNames;
    std::array<std::vector<std::pair<std::int64_t, std::string>>, 2> names_;  ///< of organizations
  };

  explicit PgNames(std::size_t cached_max = kNamesCachedMax) : cached_max_(cached_max) {}

  /// Before a resolution. True: there was no room for what is missing, and all is forgotten: look again for all names.
  bool make_room(const Missing& missing);
  /// 0 for an empty name; nullopt: not known, and now among the missing.
  std::optional<std::int64_t> find(Kind kind, OrganizationId organization, std::string_view name, Missing& missing);
  /// Gives what is missing a number, in a transaction of its own. Another's make_room() may forget it meanwhile.
  boost::asio::awaitable<PgResult<void>> resolve(PgConnection& db, Missing missing, PgConnection::Deadline deadline);

 private:
  const std::size_t cached_max_;
  std::unordered_map<std::string, std::int64_t> known_[2];
};

}  // namespace eventrelay
