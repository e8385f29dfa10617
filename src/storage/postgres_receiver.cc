#include "storage/postgres_receiver.h"

#include "storage/codec.h"
#include "storage/postgres_read.h"
#include "storage/postgres_store_impl.h"

namespace eventrelay {

namespace postgres_queries {

namespace {

constexpr std::int64_t kReceiverKeptMs = milliseconds(kReceiverKept).count();

PgStatement use_statement(std::optional<std::int64_t> at_ms, const ReceiverKey& key, std::optional<int> status) {
  PgStatement statement{"SELECT use_receiver($1, $2, $3::smallint, $4::smallint, coalesce($5, now_ms()), $6, $7, $8)",
                        {}};
  statement.params.add(key.organization.value).add_text(key.id).add(std::optional<std::int64_t>(status));
  statement.params.add(std::int64_t{kReceiverStatus}).add(at_ms).add(kReceiverKeptMs);
  statement.params.add(std::int64_t{kReceiversOfOrganizationMax}).add(std::int64_t{kReceiversMax});
  return statement;
}

/// One transaction: the first statement says what is answered, and has the receiver to itself until the end.
Awaitable<Result<int>> run_use(PgRead read, std::vector<PgStatement> statements) {
  auto rows = co_await read.db.run(std::move(statements), read.deadline);
  if (!rows) co_return read_error(rows.error(), read.deadline);
  co_return static_cast<int>(rows->front().integer(0, 0));
}

}  // namespace

Awaitable<Result<int>> take_request(PgRead read, std::optional<std::int64_t> at_ms, ReceiverKey key,
                                    ReceivedRequest request) {
  std::vector<PgStatement> statements;
  statements.push_back(use_statement(at_ms, key, std::nullopt));
  PgStatement& insert = statements.emplace_back(
      PgStatement{"INSERT INTO received (organization_id, receiver, at_ms, delivery_id, headers, body, truncated)"
                  " VALUES ($1, $2, coalesce($3, now_ms()), $4, $5, $6, $7)",
                  {}});
  insert.params.add(key.organization.value).add_text(key.id).add(at_ms).add(request.delivery.value);
  insert.params.add_text(encode_headers(request.headers)).add_text(request.body).add_bool(request.truncated);
  PgStatement& trim = statements.emplace_back(PgStatement{
      "DELETE FROM received WHERE organization_id = $1 AND receiver = $2 AND (at_ms <= coalesce($3, now_ms())"
      " - $4 OR id <= (SELECT id FROM received WHERE organization_id = $1 AND receiver = $2"
      " ORDER BY id DESC OFFSET $5 LIMIT 1))",
      {}});
  trim.params.add(key.organization.value).add_text(key.id).add(at_ms).add(kReceiverKeptMs);
  trim.params.add(std::int64_t{kReceiverRequestsKept});
  auto used = run_use(read, std::move(statements));
  co_return co_await std::move(used);
}

Awaitable<Result<int>> set_answer(PgRead read, std::optional<std::int64_t> at_ms, ReceiverKey key, int status) {
  std::vector<PgStatement> statements;
  statements.push_back(use_statement(at_ms, key, status));
  auto used = run_use(read, std::move(statements));
  co_return co_await std::move(used);
}

Awaitable<Result<std::vector<ReceivedRequest>>> list_requests(PgRead read, std::optional<std::int64_t> at_ms,
                                                              ReceiverKey key) {
  PgStatement statement{
      "SELECT id, at_ms, delivery_id, headers, body, truncated FROM received"
      " WHERE organization_id = $1 AND receiver = $2 AND at_ms > coalesce($3, now_ms()) - $4 ORDER BY id DESC LIMIT $5",
      {}};
  statement.params.add(key.organization.value).add_text(key.id).add(at_ms).add(kReceiverKeptMs);
  statement.params.add(std::int64_t{kReceiverRequestsKept});
  auto reading = read_rows(read, std::move(statement));
  const auto rows = co_await std::move(reading);
  if (!rows) co_return rows.error();
  std::vector<ReceivedRequest> requests;
  requests.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) {
    requests.push_back({ReceivedId{rows->integer(row, 0)}, from_unix_ms(rows->integer(row, 1)),
                        DeliveryId{rows->integer(row, 2)}, decode_headers(rows->text(row, 3)),
                        std::string(rows->text(row, 4)), rows->integer(row, 5) != 0});
  }
  co_return requests;
}

}  // namespace postgres_queries

void PostgresStore::take_request(EventLoop& loop, ReceiverKey key, ReceivedRequest request,
                                 Completion<Result<int>> done) {
  impl_->reads().change_for_people<int>(
      loop,
      [at_ms = impl_->at_ms(), key = std::move(key), request = std::move(request)](PgRead read) {
        return postgres_queries::take_request(read, at_ms, key, request);
      },
      std::move(done));
}

void PostgresStore::list_requests(EventLoop& loop, ReceiverKey key,
                                  Completion<Result<std::vector<ReceivedRequest>>> done) {
  impl_->reads().change_for_people<std::vector<ReceivedRequest>>(
      loop,
      [at_ms = impl_->at_ms(), key = std::move(key)](PgRead read) {
        return postgres_queries::list_requests(read, at_ms, key);
      },
      std::move(done));
}

void PostgresStore::set_answer(EventLoop& loop, ReceiverKey key, int status, Completion<Result<int>> done) {
  impl_->reads().change_for_people<int>(
      loop,
      [at_ms = impl_->at_ms(), key = std::move(key), status](PgRead read) {
        return postgres_queries::set_answer(read, at_ms, key, status);
      },
      std::move(done));
}

}  // namespace eventrelay
