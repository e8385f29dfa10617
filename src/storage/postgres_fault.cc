#include "storage/postgres_fault.h"

#include <stdexcept>

namespace eventrelay {
namespace {

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

/// kUnavailable: nothing was done, and the same statement may succeed later, or on another connection.
ErrorCode code_of(std::string_view state) {
  if (state.empty() || state == "40003") return ErrorCode::kUnknown;
  if (state.starts_with("40")) return ErrorCode::kUnavailable;  // serialization, deadlock
  if (state.starts_with("53")) return ErrorCode::kUnavailable;  // too many connections, disk full, out of memory
  if (state.starts_with("57")) return ErrorCode::kUnavailable;  // cancelled, shutdown, starting up
  if (state.starts_with("58")) return ErrorCode::kUnavailable;  // input and output
  if (state == pg_state::kLockTimeout) return ErrorCode::kUnavailable;
  if (state == "25P02") return ErrorCode::kUnavailable;              // the transaction failed before
  if (state == "25P03") return ErrorCode::kUnavailable;              // the transaction was idle for too long
  if (state == pg_state::kReadOnly) return ErrorCode::kUnavailable;  // the server has become a standby
  if (state == "26000") return ErrorCode::kUnavailable;              // somebody dropped the prepared statement
  return ErrorCode::kInvalid;
}

}  // namespace

void throw_exception_from_error(const PgFault& fault, const boost::source_location& where) {
  throw_exception_from_error(fault.error, where);
}

PgFault pg_fault(const PGresult* result) {
  auto state = field(result, PG_DIAG_SQLSTATE);
  auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = pg_one_line(PQresultErrorMessage(result));
  const auto code = code_of(state);
  return {{code, std::move(message), {}}, std::move(state)};
}

bool pg_is_fatal(const PGresult* result) {
  const auto severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

std::string pg_one_line(std::string_view message) {
  std::string line;
  for (const char c : message) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace eventrelay
