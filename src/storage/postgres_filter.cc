#include "storage/postgres_filter.h"

#include <algorithm>

#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay {

namespace {

/// Dead deliveries that one statement of a count looks at: between two looks at the clock.
constexpr std::int64_t kCountSliceRows = 50'000;

std::optional<std::int64_t> number_of(const std::optional<WebhookId>& id) {
  return id ? std::optional(id->value) : std::nullopt;
}
std::optional<std::int64_t> number_of(const std::optional<EventId>& id) {
  return id ? std::optional(id->value) : std::nullopt;
}

/// Deaths in ($2, $3] of the organization $1, or of the webhook $6.
std::string dead_candidates(bool of_webhook, bool newest_first, std::int64_t rows) {
  std::string sql = "SELECT d.*, d.ended_id AS place FROM deliveries d WHERE d.state = 2 AND ";
  sql += of_webhook ? "d.webhook_id = $6" : "d.organization_id = $1";
  sql += " AND d.ended_id > $2 AND d.ended_id <= $3 ORDER BY d.ended_id";
  if (newest_first) sql += " DESC";
  return sql + " LIMIT " + std::to_string(rows);
}

/// With the bounds of ids, $10 and $11.
std::string dead_filter() {
  std::string sql(kPgRowFilter);
  sql += " AND c.id >= $10 AND c.id < $11";
  return sql;
}

PgParams dead_params(OrganizationId org, const DeliveryFilter& filter, const NamedIds& names, const PgDeadScan& scan) {
  const IdRange ids = ids_made(filter.after, filter.before);
  PgParams params;
  // Nothing dies before it is made.
  params.add(org.value).add(std::max(scan.after, ids.from - 1)).add(scan.upto);
  params.add(static_cast<std::int64_t>(scan.limit) + 1);
  add_filter(params, filter, names);
  params.add(ids.from).add(ids.to);
  return params;
}

Awaitable<Result<std::int64_t>> read_dead_gauge(PgRead read, OrganizationId org) {
  PgStatement statement{"SELECT coalesce(sum(dead), 0)::bigint FROM gauges WHERE organization_id = $1", {}};
  statement.params.add(org.value);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return rows->integer(0, 0);
}

}  // namespace

Awaitable<Result<NamedIds>> find_names(PgRead read, OrganizationId org, std::string type, std::string tenant) {
  NamedIds names;
  if (type.empty() && tenant.empty()) co_return names;
  PgStatement statement{
      "SELECT (SELECT id FROM event_types WHERE organization_id = $1 AND name = $2),"
      " (SELECT id FROM tenants WHERE organization_id = $1 AND name = $3)",
      {}};
  statement.params.add(org.value).add_text(type).add_text(tenant);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  names.type = rows->optional_integer(0, 0);
  names.tenant = rows->optional_integer(0, 1);
  names.never_were = (!type.empty() && !names.type) || (!tenant.empty() && !names.tenant);
  co_return names;
}

void add_filter(PgParams& params, const DeliveryFilter& filter, const NamedIds& names) {
  const auto state = filter.state ? std::optional(static_cast<std::int64_t>(*filter.state)) : std::nullopt;
  params.add(state).add(number_of(filter.webhook)).add(number_of(filter.event)).add(names.type).add(names.tenant);
}

std::string page_sql(std::string_view candidates, std::size_t rows, bool descending, std::string_view row_filter,
                     std::string_view columns, std::string_view joins) {
  const std::string order = descending ? " DESC" : "";
  const std::string last = std::to_string(rows);
  std::string sql = "SELECT d.hit, d.place, d.n = " + last + ", ";
  sql.append(columns).append(" FROM (SELECT * FROM (SELECT c.*, ").append(row_filter).append(" AS hit,");
  sql.append(" row_number() OVER (ORDER BY c.place" + order + ") AS n FROM (").append(candidates);
  sql.append(") c) x WHERE x.hit OR x.n = ").append(last);
  sql.append(" ORDER BY x.place" + order + " LIMIT $4) d").append(joins).append(" ORDER BY d.place" + order);
  return sql;
}

PageEnd page_end(const PgRows& rows, std::size_t limit) {
  PageEnd end{rows.size(), 0};
  if (end.rows == 0) return end;
  const int last = end.rows - 1;
  if (static_cast<std::size_t>(end.rows) > limit) {
    end.rows = static_cast<int>(limit);
    end.next = rows.integer(end.rows - 1, 1);
  } else if (rows.integer(last, 2) != 0) {
    end.next = rows.integer(last, 1);
    if (rows.integer(last, 0) == 0) end.rows = last;
  }
  return end;
}

PgStatement scan_dead(OrganizationId org, const DeliveryFilter& filter, const NamedIds& names, PgDeadScan scan) {
  const bool of_webhook = filter.webhook.has_value();
  const auto make = [](bool webhooks, bool newest_first) {
    const std::size_t rows = newest_first ? kRowsExaminedMax : kDeadSliceExaminedMax;
    return page_sql(dead_candidates(webhooks, newest_first, static_cast<std::int64_t>(rows)), rows, newest_first,
                    dead_filter(), newest_first ? kPgDeliveryColumns : kPgPendingColumns,
                    newest_first ? kPgDeliveryJoins : "");
  };
  static const std::string kTexts[2][2] = {{make(false, false), make(false, true)},
                                           {make(true, false), make(true, true)}};
  return {kTexts[of_webhook][scan.newest_first].c_str(), dead_params(org, filter, names, scan)};
}

Awaitable<Result<DeadCount>> count_dead_rows(PgRead read, OrganizationId org, DeliveryFilter filter,
                                             std::int64_t upto) {
  if (selects_all_dead(filter)) {
    auto gauge = co_await read_dead_gauge(read, org);
    if (!gauge) co_return gauge.error();
    co_return DeadCount{*gauge, true};
  }
  static const auto make = [](bool of_webhook) {
    return "SELECT count(*) FILTER (WHERE " + dead_filter() + "), count(*), max(c.place) FROM (" +
           dead_candidates(of_webhook, false, kCountSliceRows) + ") c";
  };
  static const std::string kTexts[2] = {make(false), make(true)};
  const auto ends = std::chrono::steady_clock::now() + kCountTimeout;
  auto names = co_await find_names(read, org, filter.type, filter.tenant);
  if (!names) co_return names.error();
  DeadCount counted;
  PgDeadScan scan{.upto = upto, .limit = 1};
  while (!names->never_were) {
    if (std::chrono::steady_clock::now() > ends) co_return counted;
    PgStatement statement{kTexts[filter.webhook.has_value()].c_str(), dead_params(org, filter, *names, scan)};
    auto rows = co_await read_list(read, std::move(statement));
    if (!rows) co_return rows.error();
    counted.count += rows->integer(0, 0);
    if (rows->integer(0, 1) < kCountSliceRows) break;
    scan.after = rows->integer(0, 2);
  }
  counted.is_complete = true;
  co_return counted;
}

}  // namespace eventrelay
