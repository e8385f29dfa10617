// The commit log: what other processes committed, and what that left.
#include <algorithm>

#include "domain/event_type.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay::postgres_queries {

namespace {

/// Of one read of news.
constexpr int kNewsRowsMax = 1'000;
constexpr std::int64_t kNewsPayloadBytesMax = 4 * 1024 * 1024;

}  // namespace

Awaitable<Result<CommitPage>> read_commits(PgRead read, ReadPoint since) {
  // What `since` did not see: all from its xmax on, and below that what was in progress. Between its xmin and xmax
  // there may be any number that it saw, where one transaction stays open: they are not to be passed again and again.
  PgStatement statement{
      "SELECT s.seen, d.seen, d.moved, c.xid, c.partitions FROM (SELECT pg_current_snapshot()::text AS seen) s"
      " LEFT JOIN (SELECT seen::text, moved FROM commits_dropped) d ON true LEFT JOIN LATERAL ("
      "(SELECT c.xid, c.partitions FROM commits c WHERE $1 > 0 AND c.xid >= $1::text::xid8 ORDER BY c.xid LIMIT $3)"
      " UNION ALL SELECT c.xid, c.partitions FROM unnest($2) x CROSS JOIN LATERAL ("
      "SELECT * FROM commits c WHERE c.xid = x::text::xid8 LIMIT 1) c) c ON true ORDER BY c.xid",
      {}};
  const std::vector<std::int64_t> in_progress(since.in_progress.begin(), since.in_progress.end());
  statement.params.add(static_cast<std::int64_t>(since.xmax)).add_array(std::span<const std::int64_t>(in_progress));
  statement.params.add(static_cast<std::int64_t>(kCommitNotesMax) + 1);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  CommitPage page;
  page.seen = read_point_of(rows->text(0, 0));
  if (since.xmax == 0) co_return page;
  page.overflow = static_cast<std::size_t>(rows->size()) > kCommitNotesMax ||
                  !since.covers(read_point_of(rows->text(0, 1))) ||
                  !since.sees(static_cast<std::uint64_t>(rows->optional_integer(0, 2).value_or(0)));
  for (int row = 0; row < rows->size() && !page.overflow; ++row) {
    if (rows->is_null(row, 3)) break;
    page.notes.push_back({static_cast<std::uint64_t>(rows->integer(row, 3)), partitions_of_bytes(rows->text(row, 4))});
  }
  co_return page;
}

// ---- News --------------------------------------------------------------------------------------------------------

namespace {

/// $1 commits, $2 partitions, $3 one more than the rows, $4 bytes. Rows of the commits in their order: what an ingest
/// made, in the order of ids, and what was changed. Payloads come while their sum is within the bytes.
std::string news_sql() {
  return std::string("SELECT d.xid, d.state, d.known_version, d.type, d.payload, d.replay_of, ") + kPgPendingColumns +
         " FROM (SELECT r.*, m.type, CASE WHEN sum(octet_length(m.payload)) OVER (ORDER BY r.xid, r.id"
         " ROWS UNBOUNDED PRECEDING) <= $4 THEN m.payload END AS payload,"
         " (SELECT o.version FROM organizations o WHERE o.id = r.organization_id) AS known_version FROM ("
         "SELECT c.xid, d.* FROM (SELECT * FROM commits WHERE xid = ANY (SELECT x::text::xid8 FROM unnest($1) x)"
         " ORDER BY xid) c CROSS JOIN LATERAL ("
         "(SELECT d.* FROM deliveries d WHERE d.id BETWEEN c.first_id AND c.last_id AND d.partition = ANY ($2)"
         " AND d.state = 0 ORDER BY d.id LIMIT $3)"
         " UNION ALL SELECT d.* FROM unnest(c.ids) i(id) CROSS JOIN LATERAL (SELECT * FROM deliveries d"
         " WHERE d.id = i.id AND d.partition = ANY ($2) AND d.state IN (0, 3) LIMIT 1) d) d ORDER BY c.xid LIMIT $3) r"
         " LEFT JOIN LATERAL (SELECT t.name AS type, e.payload FROM events e JOIN event_types t ON t.id = e.type_id"
         " WHERE r.state = 0 AND e.id = r.event_id LIMIT 1) m ON true) d ORDER BY d.xid, d.id";
}
constexpr int kNewsWidth = 6;

/// The partitions of the commits from this one on.
PartitionSet partitions_from(const PgRows& notes, std::int64_t commit) {
  PartitionSet partitions;
  for (int row = 0; row < notes.size(); ++row)
    if (notes.integer(row, 0) >= commit) partitions |= partitions_of_bytes(notes.text(row, 1));
  return partitions;
}

void add_mark(std::vector<CatalogMark>& marks, OrganizationId organization, std::uint64_t version) {
  const auto is_it = [&](const CatalogMark& mark) { return mark.organization == organization; };
  if (std::none_of(marks.begin(), marks.end(), is_it)) marks.push_back({organization, version});
}

void add_row(News& news, const PgRows& rows, int row) {
  PendingDelivery delivery = pending_from_row(rows, row, kNewsWidth);
  if (rows.integer(row, 1) != static_cast<std::int64_t>(DeliveryState::kPending)) {
    news.cancelled.push_back({delivery.webhook, delivery.id});
    return;
  }
  delivery.commit = static_cast<std::uint64_t>(rows.integer(row, 0));
  add_mark(news.catalog, delivery.organization, static_cast<std::uint64_t>(rows.optional_integer(row, 2).value_or(0)));
  // What was just made, no replay. Who sent it the tables do not say: any event of that type counts as a test here.
  delivery.is_test = !rows.is_null(row, 3) && rows.text(row, 3) == kTestEventType && rows.is_null(row, 5) &&
                     delivery.attempts == 0 && !delivery.manual;
  if (!rows.is_null(row, 4)) delivery.message = make_message(delivery.event, rows.text(row, 3), rows.text(row, 4));
  news.pending.push_back(std::move(delivery));
}

}  // namespace

Awaitable<Result<CommitNews>> read_news(PgRead read, std::vector<std::uint64_t> commits, PartitionSet partitions) {
  static const std::string kSelect = news_sql();
  const std::vector<std::int64_t> numbers(commits.begin(), commits.end());
  const std::vector<std::int16_t> wanted = partition_numbers(partitions);
  std::vector<PgStatement> statements(4);
  statements[0].sql = kSelect.c_str();
  statements[0]
      .params.add_array(std::span<const std::int64_t>(numbers))
      .add_array(std::span<const std::int16_t>(wanted));
  statements[0].params.add(std::int64_t{kNewsRowsMax} + 1).add(kNewsPayloadBytesMax);
  statements[1].sql = "SELECT xid, partitions FROM commits WHERE xid = ANY (SELECT x::text::xid8 FROM unnest($1) x)";
  statements[1].params.add_array(std::span<const std::int64_t>(numbers));
  statements[2].sql = "SELECT id FROM jobs WHERE state < 2 ORDER BY id";
  statements[3].sql = "SELECT last_value FROM ids";
  auto answer = co_await read_snapshot(read, std::move(statements));
  if (!answer) co_return answer.error();

  CommitNews out;
  out.news.at = time_of_id(answer->at(3).integer(0, 0));
  const PgRows& rows = answer->at(0);
  const PgRows& notes = answer->at(1);
  for (int row = 0; row < std::min(rows.size(), kNewsRowsMax); ++row) add_row(out.news, rows, row);
  if (rows.size() > kNewsRowsMax) out.overflow |= partitions_from(notes, rows.integer(kNewsRowsMax, 0));
  // A note that is gone may have been of any partition.
  if (static_cast<std::size_t>(notes.size()) < commits.size()) out.overflow.set();
  out.overflow &= partitions;
  if (partitions.test(0))
    for (int row = 0; row < answer->at(2).size(); ++row) out.news.jobs.push_back(JobId{answer->at(2).integer(row, 0)});
  co_return out;
}

}  // namespace eventrelay::postgres_queries
