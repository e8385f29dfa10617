#include "storage/postgres_finish.h"

#include <map>

namespace eventrelay {

namespace asio = boost::asio;

namespace {

constexpr const char* kFinishSql =
    "SELECT fenced, states, orgs, versions FROM finish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
    "$15,"
    " $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)";

}  // namespace

PgFinish::PgFinish(asio::io_context& context, PgConnectOptions connect, std::int64_t writer,
                   std::function<WallTime()> clock, Hooks hooks, Metrics& metrics)
    : lane_(context, std::move(connect), kFinishInterval, "attempts", metrics),
      writer_(writer),
      clock_(std::move(clock)),
      hooks_(std::move(hooks)),
      metrics_(metrics) {}

asio::awaitable<void> PgFinish::run() {
  return lane_.run([this](Items items) { return commit_all(std::move(items)); });
}

// A worker that lost its lease and joined again has ends of both times in the queue for a moment.
asio::awaitable<void> PgFinish::commit_all(Items items) {
  while (!items.empty()) {
    const WorkerToken token = items.front().token;
    Items same, rest;
    for (PgFinishItem& item : items) (item.token == token ? same : rest).push_back(std::move(item));
    items = std::move(rest);
    auto committing = commit(std::move(same));
    co_await std::move(committing);
  }
}

void PgFinish::fail(Items items, const Error& error) {
  for (PgFinishItem& item : items) lane_.answers.add(*item.loop, std::move(item.done), error);
}

asio::awaitable<PgResult<PgRows>> PgFinish::send(PgConnection& db, const Items& items) {
  std::vector<std::int64_t> org, delivery, due, started, duration, dns, connect, tls, first_byte;
  std::vector<std::int32_t> number, position;
  std::vector<std::int16_t> manual, truncated, state, bucket, status, error;
  std::vector<std::string_view> reason, message, request_headers, response_headers, body, remote;
  for (const PgFinishItem& item : items) {
    const FinishAttempt& intent = *item.attempt.intent;
    const AttemptOutcome& outcome = intent.outcome;
    org.push_back(intent.organization.value);
    delivery.push_back(intent.delivery.value);
    number.push_back(static_cast<std::int32_t>(intent.number));
    manual.push_back(intent.manual);
    state.push_back(static_cast<std::int16_t>(intent.state));
    position.push_back(static_cast<std::int32_t>(intent.position));
    due.push_back(unix_ms(intent.due));
    reason.push_back(intent.reason);
    bucket.push_back(static_cast<std::int16_t>(LatencyHistogram::bucket_of(intent.latency)));
    started.push_back(unix_ms(outcome.started_at));
    duration.push_back(outcome.duration.count());
    status.push_back(static_cast<std::int16_t>(outcome.status_code));
    error.push_back(static_cast<std::int16_t>(outcome.error));
    message.push_back(outcome.error_message);
    request_headers.push_back(item.attempt.request_headers);
    response_headers.push_back(item.attempt.response_headers);
    body.push_back(outcome.response_body);
    truncated.push_back(outcome.response_truncated);
    remote.push_back(outcome.remote_address);
    dns.push_back(outcome.timings.dns_us);
    connect.push_back(outcome.timings.connect_us);
    tls.push_back(outcome.timings.tls_us);
    first_byte.push_back(outcome.timings.first_byte_us);
  }
  const WorkerToken token = items.front().token;
  PgParams params;
  params.add(writer_).add(token.worker).add(token.epoch);
  params.add(clock_ ? std::optional(unix_ms(clock_())) : std::nullopt);
  params.add_array(org).add_array(delivery).add_array(number).add_array(manual).add_array(state).add_array(position);
  params.add_array(due).add_array(reason).add_array(bucket).add_array(started).add_array(duration).add_array(status);
  params.add_array(error).add_array(message).add_array(request_headers).add_array(response_headers);
  params.add_bytes_array(body).add_array(truncated).add_array(remote);
  params.add_array(dns).add_array(connect).add_array(tls).add_array(first_byte);
  auto asking = db.query(kFinishSql, std::move(params), std::chrono::steady_clock::now() + kCommitTimeout);
  co_return co_await std::move(asking);
}

asio::awaitable<void> PgFinish::commit(Items items) {
  const auto begun = std::chrono::steady_clock::now();
  // Of one delivery's attempts one a statement; a repeated one follows in the next. Their rows are locked in the order
  // of ids, as whoever locks several does it.
  std::map<DeliveryId, std::size_t> places;
  Items once, twice;
  for (std::size_t i = 0; i < items.size(); ++i)
    if (!places.emplace(items[i].attempt.intent->delivery, i).second) twice.push_back(std::move(items[i]));
  for (const auto& [delivery, i] : places) once.push_back(std::move(items[i]));
  if (!twice.empty()) lane_.queue.put_back(std::move(twice));
  auto getting = lane_.link.get();
  auto db = co_await std::move(getting);
  if (!db) {
    lane_.note_fault(db.error());
    fail(std::move(once), store_unavailable());
    co_return;
  }
  auto sending = send(**db, once);
  const auto rows = co_await std::move(sending);
  if (!rows) {
    const PgFault& fault = rows.error();
    lane_.link.settle(fault);
    if (is_of_an_item(fault) && once.size() > 1) {
      auto committing = lane_.run_each_alone(once, [this](Items alone) { return commit(std::move(alone)); });
      co_await std::move(committing);
      co_return;
    }
    lane_.note_fault(fault.error);
    fail(std::move(once), fault.error.code == ErrorCode::kUnknown ? outcome_unknown() : store_unavailable());
    co_return;
  }
  lane_.note_commit(once.size(), begun);
  take_result(std::move(once), *rows);
}

void PgFinish::take_result(Items items, const PgRows& rows) {
  if (rows.integer(0, 0) != 0)
    return fail(std::move(items), Error{ErrorCode::kNotOwner, "The worker's lease was taken over", {}});
  const auto states = rows.integers(0, 1);
  for (std::size_t i = 0; i < items.size(); ++i) {
    PgFinishItem& item = items[i];
    const FinishAttempt& intent = *item.attempt.intent;
    if (i >= states.size() || states[i] < 0) {
      lane_.answers.add(*item.loop, std::move(item.done), no_such("delivery"));
      continue;
    }
    const auto state = static_cast<DeliveryState>(states[i]);
    (intent.state == DeliveryState::kSucceeded ? metrics_.attempts_succeeded : metrics_.attempts_failed).Increment();
    if (state == intent.state && state == DeliveryState::kSucceeded) metrics_.deliveries_succeeded.Increment();
    if (state == intent.state && state == DeliveryState::kDead) metrics_.deliveries_dead.Increment();
    if (intent.health != HealthChange::kNone) {
      hooks_.health(std::move(item), FinishResult{state});
    } else {
      lane_.answers.add(*item.loop, std::move(item.done), FinishResult{state});
    }
  }
  const auto orgs = rows.integers(0, 2);
  const auto versions = rows.integers(0, 3);
  std::vector<CatalogMark> marks;
  for (std::size_t i = 0; i < orgs.size() && i < versions.size(); ++i)
    marks.push_back({OrganizationId{orgs[i]}, static_cast<std::uint64_t>(versions[i])});
  hooks_.versions(std::move(marks));
}

}  // namespace eventrelay
