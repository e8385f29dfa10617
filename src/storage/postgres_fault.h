// What PostgreSQL's errors mean to the callers of a store. For the connection's own files.
#pragma once
#include <libpq-fe.h>

#include <string>

#include "storage/postgres_connection.h"

namespace eventrelay {

/// Of a result that is an error.
PgFault pg_fault(const PGresult* result);
/// The server ended the session with it: FATAL or PANIC.
bool pg_is_fatal(const PGresult* result);
/// A message of libpq for a log: one line.
std::string pg_one_line(std::string_view message);

}  // namespace eventrelay
