#include "storage/postgres_names.h"

namespace eventrelay {

namespace {

std::string key_of(std::int64_t organization, std::string_view name) {
  return std::to_string(organization).append("/").append(name);
}

}  // namespace

bool PgNames::make_room(const Missing& missing) {
  bool forgot = false;
  for (std::size_t i = 0; i < missing.names_.size(); ++i) {
    const std::size_t more = missing.names_[i].size();
    if (more == 0 || known_[i].empty() || known_[i].size() + more <= cached_max_) continue;
    known_[i].clear();
    forgot = true;
  }
  return forgot;
}

std::optional<std::int64_t> PgNames::find(Kind kind, OrganizationId organization, std::string_view name,
                                          Missing& missing) {
  if (name.empty()) return 0;
  const auto i = static_cast<std::size_t>(kind);
  const auto found = known_[i].find(key_of(organization.value, name));
  if (found != known_[i].end()) return found->second;
  missing.names_[i].emplace_back(organization.value, name);
  return std::nullopt;
}

boost::asio::awaitable<PgResult<void>> PgNames::resolve(PgConnection& db, Missing missing,
                                                        PgConnection::Deadline deadline) {
  for (std::size_t i = 0; i < missing.names_.size(); ++i) {
    if (missing.names_[i].empty()) continue;
    std::vector<std::int64_t> organizations;
    std::vector<std::string_view> names;
    for (const auto& [organization, name] : missing.names_[i]) {
      organizations.push_back(organization);
      names.push_back(name);
    }
    PgParams params;
    params.add_text(i == 0 ? "event_types" : "tenants").add_array(organizations).add_array(names);
    auto asking = db.query("SELECT ids FROM name_ids($1, $2, $3)", std::move(params), deadline);
    const auto rows = co_await std::move(asking);
    if (!rows) co_return rows.error();
    const auto ids = rows->integers(0, 0);
    for (std::size_t n = 0; n < ids.size() && n < names.size(); ++n)
      known_[i][key_of(organizations[n], names[n])] = ids[n];
  }
  co_return PgResult<void>();
}

}  // namespace eventrelay
