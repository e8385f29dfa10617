#include "storage/postgres_blocking.h"

#include <cstdlib>

namespace eventrelay {

namespace {

constexpr const char* kConnectTimeoutSeconds = "5";
/// libpq takes an int.
constexpr std::size_t kCopyPieceBytes = std::size_t{1024} * 1024;

std::string without_line_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

PgBlockingFault::PgBlockingFault(std::string message) : std::runtime_error(without_line_end(std::move(message))) {}

PgBlocking::PgBlocking(const std::string& url, const char* name) {
  const char* keywords[] = {"dbname", "connect_timeout", "application_name", "client_encoding", nullptr};
  const char* values[] = {url.c_str(), kConnectTimeoutSeconds, name, "UTF8", nullptr};
  handle_.reset(PQconnectdbParams(keywords, values, 1));
  if (PQstatus(handle_.get()) != CONNECTION_OK)
    throw PgBlockingFault(std::string("Cannot connect to PostgreSQL: ") + PQerrorMessage(handle_.get()));
  // Before anything is set that would stay on a session which others share.
  if (one("SELECT pg_backend_pid()") != std::to_string(PQbackendPID(handle_.get())))
    throw PgBlockingFault(
        "between this program and PostgreSQL is a pooler, which may give each transaction another session: "
        "connect to PostgreSQL itself");
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);
}

void PgBlocking::fail() const {
  throw PgBlockingFault(PQerrorMessage(handle_.get()));
}

PgBlocking::Answer PgBlocking::ask(const std::string& sql) {
  Answer result(PQexec(handle_.get(), sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail();
  return result;
}

std::int64_t PgBlocking::run(const std::string& sql) {
  const Answer result = ask(sql);
  return std::atoll(PQcmdTuples(result.get()));
}

std::string PgBlocking::one(const std::string& sql) {
  const Answer result = ask(sql);
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

std::int64_t PgBlocking::number(const std::string& sql) {
  return std::atoll(one(sql).c_str());
}

void PgBlocking::copy(const std::string& statement, std::string_view lines) {
  if (PQresultStatus(Answer(PQexec(handle_.get(), statement.c_str())).get()) != PGRES_COPY_IN) fail();
  for (; !lines.empty(); lines.remove_prefix(std::min(lines.size(), kCopyPieceBytes)))
    if (PQputCopyData(handle_.get(), lines.data(), static_cast<int>(std::min(lines.size(), kCopyPieceBytes))) != 1)
      fail();
  if (PQputCopyEnd(handle_.get(), nullptr) != 1) fail();
  bool is_done = true;
  while (const Answer result{PQgetResult(handle_.get())})
    is_done = is_done && PQresultStatus(result.get()) == PGRES_COMMAND_OK;
  if (!is_done) fail();
}

}  // namespace eventrelay
