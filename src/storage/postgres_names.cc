#include "storage/postgres_names.h"

namespace eventrelay {

namespace {

/// Names that are kept in memory; past it the cache starts anew.
constexpr std::size_t kNamesCachedMax = 100'000;

std::string key_of(std::int64_t organization, std::string_view name) {
  return std::to_string(organization).append("/").append(name);
}

}  // namespace

std::optional<std::int64_t> PgNames::find(Kind kind, OrganizationId organization, std::string_view name) {
  if (name.empty()) return 0;
  const auto i = static_cast<std::size_t>(kind);
  const auto found = known_[i].find(key_of(organization.value, name));
  if (found != known_[i].end()) return found->second;
  missing_[i].emplace_back(organization.value, name);
  return std::nullopt;
}

boost::asio::awaitable<PgResult<void>> PgNames::resolve(PgConnection& db, PgConnection::Deadline deadline) {
  for (std::size_t i = 0; i < 2; ++i) {
    const Names missing = std::exchange(missing_[i], {});
    if (missing.empty()) continue;
    std::vector<std::int64_t> organizations;
    std::vector<std::string_view> names;
    for (const auto& [organization, name] : missing) {
      organizations.push_back(organization);
      names.push_back(name);
    }
    PgParams params;
    params.add_text(i == 0 ? "event_types" : "tenants").add_array(organizations).add_array(names);
    auto asking = db.query("SELECT ids FROM name_ids($1, $2, $3)", std::move(params), deadline);
    const auto rows = co_await std::move(asking);
    if (!rows) co_return rows.error();
    const auto ids = rows->integers(0, 0);
    if (known_[i].size() + ids.size() > kNamesCachedMax) known_[i].clear();
    for (std::size_t n = 0; n < ids.size() && n < missing.size(); ++n)
      known_[i][key_of(missing[n].first, missing[n].second)] = ids[n];
  }
  co_return PgResult<void>();
}

}  // namespace eventrelay
