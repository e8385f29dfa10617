// Reaches a PostgreSQL server: from an URL to a session that has passed authentication. For the connection's own files.
#pragma once
#include <libpq-fe.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "storage/postgres_connection.h"

namespace eventrelay {

struct PgSessionEnd {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
/// Its socket is libpq's: whoever waits for it lets go of it before this ends.
using PgHandle = std::unique_ptr<PGconn, PgSessionEnd>;

/// Tries each host of the URL, each with its share of the time that is left, so that one which does not answer hides
/// no other. Names are looked up by the context's PgResolver.
/// Errors: kInvalid (an URL that cannot be read), kUnavailable (what each host said).
boost::asio::awaitable<Result<PgHandle>> pg_dial(boost::asio::io_context& context, const PgConnectOptions& options,
                                                 PgConnection::Deadline deadline);

}  // namespace eventrelay
