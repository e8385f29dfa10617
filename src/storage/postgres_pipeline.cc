#include "storage/postgres_pipeline.h"

#include <openssl/ssl.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <utility>

#include "storage/postgres_fault.h"

namespace eventrelay {
namespace asio = boost::asio;
namespace {

using Name = std::array<char, 16>;

Name name_of(unsigned number) {
  Name name{};
  std::snprintf(name.data(), name.size(), "s%u", number);
  return name;
}

bool is_commit(const char* sql) {
  return strncasecmp(sql, "COMMIT", 6) == 0;
}

constexpr int kBinary = 1;

}  // namespace

PgConnection::Impl::Impl(asio::io_context& loop, PgHandle handle)
    : context(loop),
      session(std::move(handle)),
      backend_pid(PQbackendPID(session.get())),
      server_version(PQserverVersion(session.get())),
      socket(loop),
      timer(loop) {}

void PgConnection::Impl::start() {
  boost::system::error_code error;
  socket.assign(PQsocket(session.get()), error);
  if (error || PQsetnonblocking(session.get(), 1) != 0 || PQenterPipelineMode(session.get()) != 1) {
    end("the connection cannot be pipelined");
    return;
  }
  wait_readable();
}

// ---- Sending ---------------------------------------------------------------------------------------------------

void PgConnection::Impl::run(std::vector<PgStatement> statements, Deadline deadline, Done done) {
  if (!open) return fail_later(std::move(done), {{ErrorCode::kUnavailable, end_reason, {}}, ""});
  if (end_by != nullptr) deadline = std::min(deadline, *end_by);
  if (deadline <= std::chrono::steady_clock::now()) {
    return fail_later(std::move(done), {{ErrorCode::kUnavailable, "no time is left for PostgreSQL", {}}, ""});
  }
  // Boost 1.81 cannot assign completions, only construct them.
  batches.push_back({.deadline = deadline, .done = std::move(done)});
  auto& batch = batches.back();
  batch.steps.reserve(statements.size());
  batch.rows.reserve(statements.size());
  const bool sent =
      std::all_of(statements.begin(), statements.end(), [&](const auto& statement) { return send(batch, statement); });
  if (round_trips != nullptr) round_trips->Increment();
  if (!sent || PQpipelineSync(session.get()) != 1) return end(pg_one_line(PQerrorMessage(session.get())));
  arm(deadline);
  flush();
  // libpq may have read answers while it could not write: no event of the socket tells of those.
  if (open && !PQisBusy(session.get())) {
    asio::post(context, [self = shared_from_this()] { self->take_results(); });
  }
}

bool PgConnection::Impl::send(Batch& batch, const PgStatement& statement) {
  types.clear();
  values.clear();
  lengths.clear();
  formats.clear();
  for (const auto& value : statement.params.values_) {
    types.push_back(value.type);
    values.push_back(value.is_null ? nullptr : value.bytes.data());
    lengths.push_back(static_cast<int>(value.bytes.size()));
    formats.push_back(kBinary);
  }
  const int count = static_cast<int>(values.size());
  Step step{statement.sql, 0, false, is_commit(statement.sql)};
  int sent = 0;
  if (statement.once) {
    sent = PQsendQueryParams(session.get(), statement.sql, count, types.data(), values.data(), lengths.data(),
                             formats.data(), kBinary);
  } else {
    step.kept = names.contains(statement.sql);
    const unsigned number = prepared(batch, statement);
    if (number == 0) return false;
    sent = PQsendQueryPrepared(session.get(), name_of(number).data(), count, values.data(), lengths.data(),
                               formats.data(), kBinary);
  }
  batch.steps.push_back(step);
  return sent == 1;
}

unsigned PgConnection::Impl::prepared(Batch& batch, const PgStatement& statement) {
  if (const auto found = names.find(statement.sql); found != names.end()) return found->second;
  for (const auto& step : batch.steps) {
    if (step.prepares != 0 && step.sql == statement.sql) return step.prepares;
  }
  const unsigned number = ++names_made;
  batch.steps.push_back({statement.sql, number, false, false});
  const int sent =
      PQsendPrepare(session.get(), name_of(number).data(), statement.sql, static_cast<int>(types.size()), types.data());
  return sent == 1 ? number : 0;
}

void PgConnection::Impl::roll_back(Deadline deadline) {
  rolls_back = true;
  std::vector<PgStatement> statements(1);
  statements[0].sql = "ROLLBACK";
  run(std::move(statements), deadline, [self = weak_from_this()](const PgResult<Rows>&) {
    if (const auto impl = self.lock()) impl->rolls_back = false;
  });
}

void PgConnection::Impl::flush() {
  const int left = PQflush(session.get());
  if (left < 0) return end(pg_one_line(PQerrorMessage(session.get())));
  if (left > 0 && !waits_to_write) wait_writable();
}

void PgConnection::Impl::wait_writable() {
  waits_to_write = true;
  socket.async_wait(asio::posix::stream_descriptor::wait_write,
                    [self = shared_from_this()](const boost::system::error_code&) {
                      self->waits_to_write = false;
                      if (!self->open) return;
                      self->flush();
                      self->take_results();
                    });
}

// ---- Receiving -------------------------------------------------------------------------------------------------

void PgConnection::Impl::wait_readable() {
  socket.async_wait(asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](const boost::system::error_code&) {
                      if (self->open) self->on_readable();
                    });
}

void PgConnection::Impl::on_readable() {
  receive();
  if (open) flush();
  if (open) wait_readable();
}

void PgConnection::Impl::receive() {
  bool alive = PQconsumeInput(session.get()) == 1;
  // What TLS has decrypted already makes no socket readable.
  auto* tls = static_cast<SSL*>(PQsslStruct(session.get(), "OpenSSL"));
  while (alive && tls != nullptr && SSL_pending(tls) > 0) alive = PQconsumeInput(session.get()) == 1;
  const std::string why = alive ? std::string() : pg_one_line(PQerrorMessage(session.get()));
  take_results();
  if (!open) return;
  while (PGnotify* note = PQnotifies(session.get())) PQfreemem(note);  // nobody listens; it takes in other news, too
  if (!alive || PQstatus(session.get()) == CONNECTION_BAD) end(why);
}

void PgConnection::Impl::take_results() {
  while (open && !batches.empty() && !PQisBusy(session.get())) {
    PGresult* result = PQgetResult(session.get());
    on_result(batches.front(), PgRows(result), result);
  }
}

void PgConnection::Impl::on_result(Batch& batch, PgRows rows, PGresult* result) {
  const bool at_sync = batch.answered == batch.steps.size();
  if (result == nullptr) {  // ends a step; after an error at the sync the sync is still to come
    if (!std::exchange(batch.has_result, false)) return end("PostgreSQL's answers are out of step");
    if (!at_sync) ++batch.answered;
    return;
  }
  const auto status = PQresultStatus(result);
  if (status == PGRES_PIPELINE_SYNC) {
    if (!at_sync) return end("PostgreSQL's answers are out of step");
    return finish_batch();
  }
  batch.has_result = true;
  if (status == PGRES_PIPELINE_ABORTED) return;
  if (status == PGRES_FATAL_ERROR) return on_fault(batch, result);
  if (at_sync || (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)) {
    return end("PostgreSQL answered what is not understood");
  }
  const auto& step = batch.steps[batch.answered];
  if (step.prepares != 0) {
    names.try_emplace(step.sql, step.prepares);
    return;
  }
  on_command(batch, step, PQcmdStatus(result));
  batch.rows.push_back(std::move(rows));
}

void PgConnection::Impl::on_command(Batch& batch, const Step& step, std::string_view tag) {
  if (tag == "BEGIN" || tag == "START TRANSACTION") in_transaction = true;
  if (tag == "COMMIT" || tag == "ROLLBACK") in_transaction = false;
  if (tag == "COMMIT") batch.committed = true;
  // That is how PostgreSQL answers the COMMIT of a transaction that failed in an earlier batch.
  if (tag == "ROLLBACK" && step.commits && !batch.fault) {
    batch.fault = {{ErrorCode::kUnavailable, "the transaction had failed and was rolled back", {}}, "25P02"};
  }
}

void PgConnection::Impl::on_fault(Batch& batch, const PGresult* result) {
  if (batch.fault) return;
  auto fault = pg_fault(result);
  if (fault.sqlstate.empty()) return end(fault.error.message);  // libpq's own: the connection is lost
  const bool at_sync = batch.answered == batch.steps.size();
  const Step* step = at_sync ? nullptr : &batch.steps[batch.answered];
  // The session was ended from outside. Where a commit was under way nobody knows whether it was in time.
  if (pg_is_fatal(result) && (at_sync || step->commits || batch.committed)) fault.error.code = ErrorCode::kUnknown;
  if (step != nullptr && step->kept && (fault.sqlstate == "26000" || fault.sqlstate == "0A000")) {
    // Dropped, or its columns' types have changed since: the next use prepares it again.
    names.erase(step->sql);
    fault.error.code = ErrorCode::kUnavailable;
  }
  batch.fault = std::move(fault);
}

void PgConnection::Impl::finish_batch() {
  Batch batch = std::move(batches.front());
  batches.pop_front();
  if (heard != nullptr) *heard = std::chrono::steady_clock::now();
  // Before anything that `done` sends.
  if (batch.fault && batch.fault->sqlstate == pg_state::kReadOnly) end("the server takes no writes");
  if (batch.fault && open && in_transaction && !rolls_back) roll_back(std::chrono::steady_clock::now() + kRollbackTime);
  if (batch.fault) {
    std::move(batch.done)(std::move(*batch.fault));
  } else {
    std::move(batch.done)(std::move(batch.rows));
  }
}

// ---- The end ---------------------------------------------------------------------------------------------------

void PgConnection::Impl::end(const std::string& why) {
  if (!open) return;
  open = false;
  end_reason = "the connection to PostgreSQL has ended: " + why;
  timer.cancel();
  socket.release();
  session.reset();
  for (auto& batch : std::exchange(batches, {})) {
    PgFault lost{{ErrorCode::kUnknown, end_reason, {}}, ""};
    fail_later(std::move(batch.done), batch.fault ? std::move(*batch.fault) : std::move(lost));
  }
}

void PgConnection::Impl::abandon() {
  if (open) {
    open = false;
    timer.cancel();
    socket.release();
    session.reset();
  }
  // Destroying a handler may run anything.
  const auto batches_left = std::exchange(batches, {});
  const auto ended_left = std::exchange(ended, {});
}

void PgConnection::Impl::fail_later(Done done, PgFault fault) {
  ended.push_back({std::move(done), std::move(fault)});
  asio::post(context, [self = shared_from_this()] {
    if (self->ended.empty()) return;
    auto [handler, reason] = std::move(self->ended.front());
    self->ended.pop_front();
    std::move(handler)(std::move(reason));
  });
}

void PgConnection::Impl::arm(Deadline deadline) {
  if (deadline >= timer_at) return;
  timer_at = deadline;
  timer.expires_at(deadline);
  timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->open) self->on_deadline();
  });
}

void PgConnection::Impl::on_deadline() {
  timer_at = Deadline::max();
  const auto next_deadline = [this] {
    auto next = Deadline::max();
    for (const auto& batch : batches) next = std::min(next, batch.deadline);
    return next;
  };
  const auto now = std::chrono::steady_clock::now();
  if (next_deadline() <= now) receive();  // perhaps it was this loop that was late
  if (!open) return;
  const auto next = next_deadline();
  if (next <= now) return end("no answer in time");
  arm(next);
}

}  // namespace eventrelay
