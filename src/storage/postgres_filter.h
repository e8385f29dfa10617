// Lists' filters over PostgreSQL's deliveries, and the walk over the dead ones. Belongs to its connection's loop.
#pragma once
#include <optional>
#include <string>

#include "storage/list_rules.h"
#include "storage/postgres_queries.h"

namespace eventrelay {

/// What a filter's names are as ids. Unset: any.
struct NamedIds {
  std::optional<std::int64_t> type;
  std::optional<std::int64_t> tenant;
  bool never_were = false;  ///< one of them: nothing matches
};
/// No round trip where there are no names.
Awaitable<Result<NamedIds>> find_names(PgRead read, OrganizationId org, std::string type, std::string tenant);

/// The rest of a filter, checked row by row on the alias `c`; $1 is the organization, $5 to $9 are add_filter's.
inline constexpr const char* kPgRowFilter =
    "c.organization_id = $1 AND ($5 IS NULL OR c.state = $5) AND ($6 IS NULL OR c.webhook_id = $6)"
    " AND ($7 IS NULL OR c.event_id = $7) AND ($8 IS NULL OR c.type_id = $8) AND ($9 IS NULL OR c.tenant_id = $9)";
void add_filter(PgParams& params, const DeliveryFilter& filter, const NamedIds& names);

/// The text of a list's statement: of up to `rows` candidates in their order of `place` the first $4 that match, one
/// more than the page holds, and the last that was looked at. Columns: whether it matches, place, whether it is that
/// last, then `columns` of the alias `d` with `joins`.
std::string page_sql(std::string_view candidates, std::size_t rows, bool descending, std::string_view row_filter,
                     std::string_view columns, std::string_view joins);
inline constexpr int kPgPageWidth = 3;
/// Where a page of page_sql ends: its rows, and the place to go on behind; 0: no more.
struct PageEnd {
  int rows = 0;
  std::int64_t next = 0;
};
PageEnd page_end(const PgRows& rows, std::size_t limit);

/// Dead deliveries of an organization, or of the filter's webhook, in the order of their death.
struct PgDeadScan {
  std::int64_t after = 0;  ///< deaths in (after, upto]
  std::int64_t upto = kIdMax;
  std::size_t limit = 0;      ///< 1..
  bool newest_first = false;  ///< for lists; their rows are the columns of kPgDeliveryColumns, else
                              ///< kPgPendingColumns
};
/// Rows as page_sql's, the place is the death. Newest first looks at kRowsExaminedMax, else at kDeadSliceExaminedMax.
PgStatement scan_dead(OrganizationId org, const DeliveryFilter& filter, const NamedIds& names, PgDeadScan scan);
/// Dead deliveries that one slice of a job looks at: what a narrow filter costs the commit that it runs in.
inline constexpr std::size_t kDeadSliceExaminedMax = 2'000;

/// Matching deaths up to and with `upto`. Without a filter, `upto` is taken for the last of all.
Awaitable<Result<DeadCount>> count_dead_rows(PgRead read, OrganizationId org, DeliveryFilter filter, std::int64_t upto);

}  // namespace eventrelay
