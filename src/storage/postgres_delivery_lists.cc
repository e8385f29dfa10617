// Lists and single views of deliveries and of the dead letter queue.
#include <algorithm>
#include <array>

#include "storage/codec.h"
#include "storage/postgres_filter.h"
#include "storage/postgres_read.h"
#include "storage/postgres_records.h"

namespace eventrelay::postgres_queries {

namespace {

/// Where a list's candidates come from: by the index that narrows most. $1 organization, $2 below, $3 from, $5 to $9 as
/// kPgRowFilter has them, $10 the webhook's partition, $11 the event's last own delivery.
enum class Source { kAll, kOfWebhook, kOfEvent, kDead, kCancelled, kFewPending, kFewOfLane, kFewDeadOfWebhook };
constexpr std::size_t kSources = 8;

constexpr const char* kInRange = " AND d.id < $2 AND d.id >= $3";
constexpr const char* kColumns = "SELECT d.*, d.id AS place FROM deliveries d WHERE ";

/// An index that holds just the rows of a state, in another order than the list's.
std::string few_rows(Source source) {
  switch (source) {
    case Source::kFewPending:
      return " FROM deliveries d WHERE d.organization_id = $1 AND d.state = 0";
    case Source::kFewOfLane:
      return " FROM deliveries d WHERE d.partition = $10 AND d.webhook_id = $6 AND d.state = 0";
    default:
      return " FROM deliveries d WHERE d.webhook_id = $6 AND d.state = 2";
  }
}

/// The index's own order: the planner has no reason to read the rows on another way.
std::string few_order(Source source) {
  if (source == Source::kFewPending) return " ORDER BY d.event_id";
  return source == Source::kFewOfLane ? " ORDER BY d.sort_at_ms, d.id" : " ORDER BY d.ended_id";
}

/// Twice what was counted: rows come between the count and the list.
std::string few_candidates(Source source) {
  return "SELECT f.*, f.id AS place FROM (SELECT d.*" + few_rows(source) + kInRange + few_order(source) + " LIMIT " +
         std::to_string(2 * kRowsExaminedMax) + ") f ORDER BY f.id";
}

std::string candidates_of(Source source) {
  switch (source) {
    case Source::kAll:
      // The organization is not asked for here: of others no more rows are looked at than of its own.
      return std::string(kColumns) + "d.id < $2 AND d.id >= $3 ORDER BY d.id";
    case Source::kOfWebhook:
      return std::string(kColumns) + "d.webhook_id = $6" + kInRange + " ORDER BY d.id";
    case Source::kOfEvent:
      // The event's own are the ids that follow it; replays have an index.
      return std::string(kColumns) + "d.id > $7 AND d.id <= $11 AND d.event_id = $7" + kInRange + " UNION ALL " +
             kColumns + "d.event_id = $7 AND d.replay_of IS NOT NULL AND d.id > $7" + kInRange + " ORDER BY place";
    case Source::kDead:
      return std::string(kColumns) + "d.organization_id = $1 AND d.state = 2" + kInRange + " ORDER BY d.id";
    case Source::kCancelled:
      return std::string(kColumns) + "d.organization_id = $1 AND d.state = 3" + kInRange + " ORDER BY d.id";
    case Source::kFewPending:
    case Source::kFewOfLane:
    case Source::kFewDeadOfWebhook:
      return few_candidates(source);
  }
  return {};
}

const char* list_text(Source source) {
  static const auto kTexts = [] {
    std::array<std::string, kSources> texts;
    for (std::size_t i = 0; i < kSources; ++i)
      texts[i] = page_sql(candidates_of(static_cast<Source>(i)) + " DESC LIMIT " + std::to_string(kRowsExaminedMax),
                          kRowsExaminedMax, true, kPgRowFilter, kPgDeliveryColumns, kPgDeliveryJoins);
    return texts;
  }();
  return kTexts[static_cast<std::size_t>(source)].c_str();
}

const char* count_text(Source source) {
  static const auto make = [](Source of) {
    return "SELECT count(*) FROM (SELECT" + few_rows(of) + few_order(of) + " LIMIT " +
           std::to_string(kRowsExaminedMax) + ") f";
  };
  static const std::string kPending = make(Source::kFewPending);
  static const std::string kLane = make(Source::kFewOfLane);
  static const std::string kDead = make(Source::kFewDeadOfWebhook);
  if (source == Source::kFewPending) return kPending.c_str();
  return source == Source::kFewOfLane ? kLane.c_str() : kDead.c_str();
}

/// Where few rows are to be put in order, if they are few; nullopt where the list's order is at hand.
std::optional<Source> few_source(const DeliveryFilter& filter) {
  if (filter.event) return std::nullopt;
  if (filter.state == DeliveryState::kPending) return filter.webhook ? Source::kFewOfLane : Source::kFewPending;
  if (filter.state == DeliveryState::kDead && filter.webhook) return Source::kFewDeadOfWebhook;
  return std::nullopt;
}

Source source_of(const DeliveryFilter& filter) {
  if (filter.event) return Source::kOfEvent;
  if (filter.state == DeliveryState::kDead) return Source::kDead;
  if (filter.state == DeliveryState::kCancelled) return Source::kCancelled;
  return filter.webhook ? Source::kOfWebhook : Source::kAll;
}

PgParams list_params(OrganizationId org, const DeliveryFilter& filter, const NamedIds& names, PageRequest page,
                     std::int64_t last_own) {
  const IdRange ids = ids_made(filter.after, filter.before);
  PgParams params;
  params.add(org.value).add(std::min(below(page), ids.to)).add(ids.from);
  params.add(static_cast<std::int64_t>(page.limit) + 1);
  add_filter(params, filter, names);
  params.add(std::int64_t{filter.webhook ? partition_of(*filter.webhook) : 0}).add(last_own);
  return params;
}

/// The greatest id of the deliveries that were made with the event; 0: no such event.
Awaitable<Result<std::int64_t>> find_last_own(PgRead read, OrganizationId org, EventId event) {
  PgStatement statement{"SELECT id + delivery_count FROM events WHERE id = $1 AND organization_id = $2", {}};
  statement.params.add(event.value).add(org.value);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return rows->empty() ? 0 : rows->integer(0, 0);
}

Page<DeliveryRow> page_of(const PgRows& rows, std::size_t limit) {
  const PageEnd end = page_end(rows, limit);
  Page<DeliveryRow> page;
  page.next = end.next;
  WebhookUrls urls;
  for (int row = 0; row < end.rows; ++row) page.rows.push_back(delivery_from_row(rows, row, kPgPageWidth, urls));
  return page;
}

AttemptRow attempt_from_row(const PgRows& rows, int row) {
  AttemptRow attempt;
  attempt.number = static_cast<std::uint32_t>(rows.integer(row, 0));
  attempt.manual = rows.integer(row, 1) != 0;
  AttemptOutcome& outcome = attempt.outcome;
  outcome.started_at = from_unix_ms(rows.integer(row, 2));
  outcome.duration = milliseconds(rows.integer(row, 3));
  outcome.status_code = static_cast<std::uint16_t>(rows.integer(row, 4));
  outcome.error = static_cast<AttemptError>(rows.integer(row, 5));
  outcome.error_message = rows.text(row, 6);
  outcome.request_headers = decode_headers(rows.text(row, 7));
  outcome.response_headers = decode_headers(rows.text(row, 8));
  outcome.response_body = rows.text(row, 9);
  outcome.response_truncated = rows.integer(row, 10) != 0;
  outcome.remote_address = rows.text(row, 11);
  outcome.timings = {rows.integer(row, 12), rows.integer(row, 13), rows.integer(row, 14), rows.integer(row, 15)};
  return attempt;
}

}  // namespace

Awaitable<Result<Page<DeliveryRow>>> list_deliveries(PgRead read, OrganizationId org, DeliveryFilter filter,
                                                     PageRequest page) {
  auto names = co_await find_names(read, org, filter.type, filter.tenant);
  if (!names) co_return names.error();
  if (names->never_were) co_return Page<DeliveryRow>{};
  std::int64_t last_own = 0;
  if (filter.event) {
    auto last = co_await find_last_own(read, org, *filter.event);
    if (!last) co_return last.error();
    if (*last == 0) co_return Page<DeliveryRow>{};
    last_own = *last;
  }
  Source source = source_of(filter);
  if (const auto few = few_source(filter)) {
    // Many are soon found on another way.
    PgStatement count{count_text(*few), list_params(org, filter, *names, page, last_own)};
    auto counted = co_await read_list(read, std::move(count));
    if (!counted) co_return counted.error();
    if (counted->integer(0, 0) < std::int64_t{kRowsExaminedMax}) source = *few;
  }
  PgStatement list{list_text(source), list_params(org, filter, *names, page, last_own)};
  auto rows = co_await read_list(read, std::move(list));
  if (!rows) co_return rows.error();
  co_return page_of(*rows, page.limit);
}

Awaitable<Result<DeliveryDetail>> get_delivery(PgRead read, OrganizationId org, DeliveryId id) {
  PgStatement attempts{
      "SELECT number, manual, started_ms, duration_ms, status, error, error_message, request_headers, response_headers,"
      " response_body, response_truncated, remote_address, dns_us, connect_us, tls_us, first_byte_us FROM attempts"
      " WHERE delivery_id = $1 ORDER BY number DESC LIMIT $2",
      {}};
  attempts.params.add(id.value).add(std::int64_t{kPageMax});
  std::vector<PgStatement> statements;
  statements.push_back(select_delivery(org, id));
  statements.push_back(std::move(attempts));
  auto rows = co_await read_snapshot(read, std::move(statements));
  if (!rows) co_return rows.error();
  auto delivery = selected_delivery(rows->at(0));
  if (!delivery) co_return no_such("delivery");
  DeliveryDetail detail;
  detail.delivery = std::move(*delivery);
  const PgRows& read_attempts = rows->at(1);
  for (int row = read_attempts.size() - 1; row >= 0; --row)
    detail.attempts.push_back(attempt_from_row(read_attempts, row));
  co_return detail;
}

Awaitable<Result<Page<DeliveryRow>>> list_dead(PgRead read, OrganizationId org, DeliveryFilter filter,
                                               PageRequest page) {
  auto names = co_await find_names(read, org, filter.type, filter.tenant);
  if (!names) co_return names.error();
  if (names->never_were) co_return Page<DeliveryRow>{};
  const PgDeadScan scan{.upto = page.cursor ? page.cursor - 1 : kIdMax, .limit = page.limit, .newest_first = true};
  PgStatement statement = scan_dead(org, filter, *names, scan);
  auto rows = co_await read_list(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return page_of(*rows, page.limit);
}

Awaitable<Result<std::int64_t>> count_dead(PgRead read, OrganizationId org, DeliveryFilter filter) {
  auto counted = co_await count_dead_rows(read, org, std::move(filter), kIdMax);
  if (!counted) co_return counted.error();
  if (!counted->is_complete) co_return count_took_too_long();
  co_return counted->count;
}

}  // namespace eventrelay::postgres_queries
