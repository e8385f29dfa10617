#include "storage/postgres_leases.h"

namespace eventrelay::postgres_leases {

using boost::asio::awaitable;

namespace {

Error error_of(const PgFault& fault) {
  if (fault.sqlstate == pg_state::kFenced) return Error{ErrorCode::kNotOwner, "The worker's lease was taken over", {}};
  Error error = fault.error;
  if (error.code == ErrorCode::kInvalid) error.code = ErrorCode::kUnavailable;
  return error;
}

std::vector<std::int16_t> numbers_of(const PartitionSet& partitions) {
  std::vector<std::int16_t> numbers;
  for (std::size_t p = 0; p < partitions.size(); ++p)
    if (partitions.test(p)) numbers.push_back(static_cast<std::int16_t>(p));
  return numbers;
}

PgParams token_params(WorkerToken token) {
  PgParams params;
  params.add(token.worker).add(token.epoch);
  return params;
}

awaitable<Result<void>> call_for_nothing(PgRead call, const char* sql, PgParams params) {
  auto asking = call.db.query(sql, std::move(params), call.deadline);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return error_of(rows.error());
  co_return Result<void>();
}

}  // namespace

awaitable<Result<WorkerToken>> join(PgRead call, WorkerId process, std::string name) {
  PgParams params;
  params.add(process).add_text(name).add_text(EVENTRELAY_VERSION);
  auto asking = call.db.query("SELECT join_worker($1, $2, $3)", std::move(params), call.deadline);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return error_of(rows.error());
  co_return WorkerToken{process, rows->integer(0, 0)};
}

awaitable<Result<LeaseView>> renew(PgRead call, WorkerToken token) {
  auto asking = call.db.query(
      "SELECT at_ms, workers, counters, draining, owners, h_webhook, h_delivery, h_until, h_number FROM "
      "renew_lease($1, $2)",
      token_params(token), call.deadline);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return error_of(rows.error());
  LeaseView view;
  view.at = from_unix_ms(rows->integer(0, 0));
  const auto workers = rows->integers(0, 1);
  const auto counters = rows->integers(0, 2);
  const auto draining = rows->integers(0, 3);
  for (std::size_t i = 0; i < workers.size(); ++i)
    view.workers.push_back({workers[i], static_cast<std::uint64_t>(counters[i]), draining[i] != 0});
  const auto owners = rows->integers(0, 4);
  for (std::size_t p = 0; p < view.owners.size() && p < owners.size(); ++p) view.owners[p] = owners[p];
  const auto webhooks = rows->integers(0, 5);
  const auto deliveries = rows->integers(0, 6);
  const auto until = rows->integers(0, 7);
  const auto numbers = rows->integers(0, 8);
  for (std::size_t i = 0; i < deliveries.size(); ++i)
    view.handed.push_back({.webhook = WebhookId{webhooks[i]},
                           .delivery = DeliveryId{deliveries[i]},
                           .until = from_unix_ms(until[i]),
                           .number = static_cast<std::uint32_t>(numbers[i])});
  co_return view;
}

awaitable<Result<bool>> fence(PgRead call, WorkerToken token, WorkerId worker, std::uint64_t counter) {
  PgParams end;
  end.add(worker);
  for (int tries = 0; tries < 2; ++tries) {
    PgParams params = token_params(token);
    params.add(worker).add(static_cast<std::int64_t>(counter));
    auto asking = call.db.query("SELECT fence_worker($1, $2, $3, $4)", std::move(params), call.deadline);
    const auto rows = co_await std::move(asking);
    const bool blocked = !rows && rows.error().sqlstate == pg_state::kLockTimeout;
    if (!rows && !blocked) co_return error_of(rows.error());
    const bool fenced = rows && rows->integer(0, 0) != 0;
    if (rows && !fenced) co_return false;
    // What a stopped process has half sent holds its locks until its connection ends.
    auto ending = call.db.query("SELECT end_connections($1)", end, call.deadline);
    const auto ended = co_await std::move(ending);
    if (!ended) co_return error_of(ended.error());
    if (fenced) co_return true;
  }
  co_return unavailable("The worker's row stays locked");
}

awaitable<Result<PartitionSet>> claim(PgRead call, WorkerToken token, PartitionSet wanted) {
  PgParams params = token_params(token);
  params.add_array(numbers_of(wanted));
  auto asking = call.db.query("SELECT claim_partitions($1, $2, $3)", std::move(params), call.deadline);
  const auto rows = co_await std::move(asking);
  if (!rows) co_return error_of(rows.error());
  PartitionSet got;
  for (const std::int64_t p : rows->integers(0, 0)) got.set(static_cast<std::size_t>(p));
  co_return got;
}

awaitable<Result<void>> release(PgRead call, WorkerToken token, PartitionSet partitions,
                                std::vector<HandedDelivery> handed) {
  std::vector<std::int64_t> webhooks, deliveries, until;
  std::vector<std::int16_t> of;
  std::vector<std::int32_t> numbers;
  for (const HandedDelivery& one : handed) {
    webhooks.push_back(one.webhook.value);
    of.push_back(static_cast<std::int16_t>(partition_of(one.webhook)));
    deliveries.push_back(one.delivery.value);
    numbers.push_back(static_cast<std::int32_t>(one.number));
    until.push_back(unix_ms(one.until));
  }
  PgParams params = token_params(token);
  params.add_array(numbers_of(partitions)).add_array(webhooks).add_array(of).add_array(deliveries);
  params.add_array(numbers).add_array(until);
  return call_for_nothing(call, "SELECT release_partitions($1, $2, $3, $4, $5, $6, $7, $8)", std::move(params));
}

awaitable<Result<void>> set_draining(PgRead call, WorkerToken token) {
  return call_for_nothing(call, "SELECT set_draining($1, $2)", token_params(token));
}

awaitable<Result<void>> leave(PgRead call, WorkerToken token) {
  return call_for_nothing(call, "SELECT leave_worker($1, $2)", token_params(token));
}

}  // namespace eventrelay::postgres_leases
