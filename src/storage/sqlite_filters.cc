#include "storage/sqlite_filters.h"

namespace eventrelay {
namespace {

std::optional<std::int64_t> first_integer(Query& query) {
  if (!query.step()) return std::nullopt;
  return query.integer(0);
}

}  // namespace

IdRange id_range(std::optional<WallTime> after, std::optional<WallTime> before) {
  IdRange range;
  if (after) range.from = first_id_at(*after);
  if (before) range.below = first_id_at(*before);
  return range;
}

std::optional<std::int64_t> find_event_type(Database& db, OrganizationId organization, const std::string& name) {
  Query query = db.query("SELECT id FROM event_types WHERE organization_id = ? AND name = ?");
  query.bind(organization, name);
  return first_integer(query);
}

std::optional<std::int64_t> find_tenant(Database& db, OrganizationId organization, const std::string& name) {
  Query query = db.query("SELECT id FROM tenants WHERE organization_id = ? AND name = ?");
  query.bind(organization, name);
  return first_integer(query);
}

std::optional<ResolvedFilter> resolve_filter(Database& db, OrganizationId organization, const DeliveryFilter& filter) {
  ResolvedFilter resolved;
  resolved.organization = organization;
  resolved.ids = id_range(filter.after, filter.before);
  if (filter.webhook) resolved.webhook = filter.webhook->value;
  if (filter.event) resolved.event = filter.event->value;
  if (!filter.type.empty()) {
    resolved.type = find_event_type(db, organization, filter.type);
    if (!resolved.type) return std::nullopt;
  }
  if (!filter.tenant.empty()) {
    resolved.tenant = find_tenant(db, organization, filter.tenant);
    if (!resolved.tenant) return std::nullopt;
  }
  return resolved;
}

bool ResolvedFilter::fits(std::int64_t id, std::int64_t webhook_id, std::int64_t event_id, std::int64_t type_id,
                          std::int64_t tenant_id) const {
  return ids.holds(id) && (!webhook || *webhook == webhook_id) && (!event || *event == event_id) &&
         (!type || *type == type_id) && (!tenant || *tenant == tenant_id);
}

bool ResolvedFilter::any() const {
  return !webhook && !event && !type && !tenant && ids.from == 0 && ids.below == IdRange{}.below;
}

std::string ResolvedFilter::conditions(const std::string& id_column) const {
  std::string sql = "organization_id = " + std::to_string(organization.value);
  const auto add = [&](const char* what, std::int64_t value) { sql += what + std::to_string(value); };
  if (webhook) add(" AND webhook_id = ", *webhook);
  if (event) add(" AND event_id = ", *event);
  if (type) add(" AND type_id = ", *type);
  if (tenant) add(" AND tenant_id = ", *tenant);
  if (ids.from != 0) add((" AND " + id_column + " >= ").c_str(), ids.from);
  if (ids.below != IdRange{}.below) add((" AND " + id_column + " < ").c_str(), ids.below);
  return sql;
}

}  // namespace eventrelay
