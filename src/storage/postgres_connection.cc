#include "storage/postgres_connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <utility>

#include "storage/postgres_dial.h"
#include "storage/postgres_pipeline.h"

namespace eventrelay {
namespace asio = boost::asio;
namespace {

constexpr int kServerVersionMin = 130'000;

// The pid first: behind a pooler nothing may be set, it would stay with a session that others use.
constexpr const char* kLook = "SELECT pg_backend_pid(), current_setting('server_encoding')";
constexpr const char* kSetUp =
    "SELECT set_config('search_path', 'eventrelay', false),"
    " set_config('statement_timeout', $2, false),"
    " set_config('idle_in_transaction_session_timeout', '10s', false),"
    " set_config('default_transaction_isolation', 'read committed', false),"
    " set_config('tcp_keepalives_idle', '5', false),"
    " set_config('tcp_keepalives_interval', '2', false),"
    " set_config('tcp_keepalives_count', '3', false),"
    " set_config('tcp_user_timeout', '15s', false),"
    // What is answered is on disk. Where somebody chose what else it waits for, or does not, that stays.
    " CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END"
    " WHERE pg_backend_pid() = $1";

std::vector<PgStatement> set_up(const PGconn* session, const PgConnectOptions& options) {
  std::vector<PgStatement> statements(2);
  statements[0].sql = kLook;
  statements[1].sql = kSetUp;
  statements[1].params.add_int(PQbackendPID(session)).add_text(std::to_string(options.statement_timeout.count()));
  return statements;
}

Error refused(std::string message) {
  return {ErrorCode::kInvalid, std::move(message), {}};
}

}  // namespace

PgConnection::PgConnection(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

PgConnection::~PgConnection() {
  impl_->abandon();
}

asio::awaitable<Result<std::unique_ptr<PgConnection>>> PgConnection::connect(asio::io_context& context,
                                                                             PgConnectOptions options) {
  Deadline deadline = std::chrono::steady_clock::now() + options.connect_timeout;
  if (options.end_by != nullptr) deadline = std::min(deadline, *options.end_by);
  Result<PgHandle> session = co_await pg_dial(context, options, deadline);
  if (!session) co_return session.error();
  const int version = PQserverVersion(session->get());
  if (version < kServerVersionMin) {
    co_return refused("PostgreSQL " + std::to_string(version / 10'000) + " is too old: 13 or later is needed");
  }
  auto statements = set_up(session->get(), options);
  std::unique_ptr<PgConnection> connection(new PgConnection(std::make_shared<Impl>(context, std::move(*session))));
  connection->impl_->round_trips = options.round_trips;
  connection->impl_->heard = options.heard;
  connection->impl_->end_by = options.end_by;
  connection->impl_->start();
  PgResult<Rows> answer = co_await connection->run(std::move(statements), deadline);
  if (!answer) {
    const Error error = answer.error().error;
    co_return Error{error.code == ErrorCode::kInvalid ? ErrorCode::kInvalid : ErrorCode::kUnavailable,
                    "PostgreSQL's session cannot be set up: " + error.message,
                    {}};
  }
  if ((*answer)[1].empty()) {
    co_return refused(
        "between this program and PostgreSQL is a pooler, which may give each transaction another session: connect to "
        "PostgreSQL itself");
  }
  if (const auto encoding = (*answer)[0].text(0, 1); encoding != "UTF8") {
    co_return refused("the database's encoding is " + std::string(encoding) + ": UTF8 is needed");
  }
  co_return std::move(connection);
}

void PgConnection::run(std::vector<PgStatement> statements, Deadline deadline, Completion<PgResult<Rows>> done) {
  impl_->run(std::move(statements), deadline, std::move(done));
}

asio::awaitable<PgResult<PgConnection::Rows>> PgConnection::run(std::vector<PgStatement> statements,
                                                                Deadline deadline) {
  PgResult<Rows> rows = co_await completion_of<PgResult<Rows>>(
      [&](auto done) { impl_->run(std::move(statements), deadline, std::move(done)); });
  co_return std::move(rows);
}

asio::awaitable<PgResult<PgRows>> PgConnection::query(const char* sql, PgParams params, Deadline deadline) {
  std::vector<PgStatement> statements(1);
  statements[0].sql = sql;
  statements[0].params = std::move(params);
  PgResult<Rows> rows = co_await run(std::move(statements), deadline);
  if (!rows) co_return rows.error();
  co_return std::move(rows->front());
}

bool PgConnection::is_open() const {
  return impl_->open;
}
int PgConnection::backend_pid() const {
  return impl_->backend_pid;
}
int PgConnection::server_version() const {
  return impl_->server_version;
}
std::size_t PgConnection::under_way() const {
  return impl_->batches.size();
}
void PgConnection::close() {
  impl_->end("it was closed");
}

}  // namespace eventrelay
