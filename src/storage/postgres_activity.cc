#include "storage/postgres_activity.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/limits.h"
#include "storage/postgres_read.h"

namespace eventrelay {

namespace {

/// Of one answer; what is more is asked for again.
constexpr std::int64_t kBatchesReadMax = 1'000;

/// A process says each minute that it still has readers (kActivityWatchEvery).
constexpr std::int64_t kWatchedSeconds =
    std::chrono::duration_cast<std::chrono::seconds>(kActivityKept).count() + 2 * 60;

constexpr const char* kWatchSql = "SELECT watch_activity($1, $2, $3 * interval '1 second')";
constexpr const char* kAddSql = "SELECT add_activity($1, $2, $3, $4, $5 * interval '1 second')";
constexpr const char* kWatchedSql =
    "SELECT organization_id, epoch, last_number, (extract(epoch FROM clock_timestamp() - since) * 1000)::bigint"
    " FROM activity_watched WHERE until >= clock_timestamp()";
constexpr const char* kReadSql =
    "SELECT a.organization_id, a.epoch, a.number, (extract(epoch FROM clock_timestamp() - a.at) * 1000)::bigint, "
    "a.lines"
    " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r(id, epoch, number)"
    " JOIN activity_watched w ON w.organization_id = r.id"
    " JOIN activity a ON a.organization_id = r.id AND a.epoch = w.epoch"
    "  AND a.number > CASE WHEN r.epoch = w.epoch THEN r.number ELSE 0 END"
    " WHERE a.at > clock_timestamp() - $4 * interval '1 second'"
    " ORDER BY a.organization_id, a.number LIMIT $5";

std::string lines_of(const std::vector<ActivityRecord>& records) {
  std::string lines;
  for (const ActivityRecord& record : records) {
    if (!lines.empty()) lines += '\n';
    lines.append(record.kind).append("\t").append(record.data);
  }
  return lines;
}

std::vector<ActivityRecord> records_of(std::string_view lines) {
  std::vector<ActivityRecord> records;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const auto line = lines.substr(0, end);
    const auto tab = std::min(line.find('\t'), line.size());
    records.push_back({std::string(line.substr(0, tab)), std::string(line.substr(std::min(tab + 1, line.size())))});
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return records;
}

constexpr std::int64_t seconds_kept() {
  return std::chrono::duration_cast<std::chrono::seconds>(kActivityKept).count();
}

PgStatement watch_statement(const std::vector<OrganizationId>& organizations) {
  std::vector<std::int64_t> ids, epochs;
  for (const OrganizationId id : organizations) {
    ids.push_back(id.value);
    epochs.push_back(random_number());
  }
  PgStatement statement{kWatchSql, {}};
  statement.params.add_array(std::span<const std::int64_t>(ids)).add_array(std::span<const std::int64_t>(epochs));
  statement.params.add(kWatchedSeconds);
  return statement;
}

PgStatement add_statement(OrganizationId organization, const std::vector<ActivityRecord>& records) {
  PgStatement statement{kAddSql, {}};
  statement.params.add(organization.value).add_int(static_cast<std::int32_t>(records.size()));
  statement.params.add_text(lines_of(records)).add_int(static_cast<std::int32_t>(kActivityRecordsKept));
  statement.params.add(seconds_kept());
  return statement;
}

PgStatement read_statement(const std::vector<std::pair<OrganizationId, ActivityPlace>>& after) {
  std::vector<std::int64_t> ids, epochs, numbers;
  for (const auto& [id, place] : after) {
    ids.push_back(id.value);
    epochs.push_back(place.epoch);
    numbers.push_back(place.number);
  }
  PgStatement statement{kReadSql, {}};
  statement.params.add_array(std::span<const std::int64_t>(ids)).add_array(std::span<const std::int64_t>(epochs));
  statement.params.add_array(std::span<const std::int64_t>(numbers)).add(seconds_kept()).add(kBatchesReadMax);
  return statement;
}

SharedActivity::Answer answer_of(const PgRows& watched, const PgRows& batches) {
  SharedActivity::Answer answer;
  for (int i = 0; i < watched.size(); ++i) {
    answer.watched.push_back({OrganizationId{watched.integer(i, 0)},
                              {watched.integer(i, 1), watched.integer(i, 2)},
                              milliseconds(watched.integer(i, 3))});
  }
  for (int i = 0; i < batches.size(); ++i) {
    ActivityBatch batch;
    batch.first = {batches.integer(i, 1), batches.integer(i, 2)};
    batch.age = std::max(milliseconds(0), milliseconds(batches.integer(i, 3)));
    batch.records = records_of(batches.text(i, 4));
    answer.batches.emplace_back(OrganizationId{batches.integer(i, 0)}, std::move(batch));
  }
  answer.more = batches.size() == kBatchesReadMax;
  return answer;
}

}  // namespace

// Who watches is written first, in a transaction of its own: then no transaction locks rows in two orders.
Awaitable<Result<SharedActivity::Answer>> exchange_activity(PgRead read, SharedActivity::Question question) {
  if (!question.watch.empty()) {
    auto watching = read_rows(read, watch_statement(question.watch));
    const auto watched = co_await std::move(watching);
    if (!watched) co_return watched.error();
  }
  std::vector<PgStatement> statements;
  for (const auto& [id, records] : question.add) statements.push_back(add_statement(id, records));
  statements.push_back({kWatchedSql, {}});
  statements.push_back(read_statement(question.after));
  auto asking = read.db.run(std::move(statements), read.deadline);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return read_error(rows.error(), read.deadline);
  co_return answer_of((*rows)[rows->size() - 2], rows->back());
}

}  // namespace eventrelay
