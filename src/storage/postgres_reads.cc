#include "storage/postgres_reads.h"

namespace eventrelay {

namespace {

constexpr std::size_t kEngineConnections = 2;
constexpr std::size_t kPeopleConnections = 2;

/// What it writes may be lost: nothing waits for the disk.
constexpr const char* kActivitySetup =
    "SELECT set_config('jit', 'off', false), set_config('synchronous_commit', 'off', false)";
constexpr const char* kReadSetup = "SELECT set_config('jit', 'off', false)";
/// A stopped worker may hold its row: the wait for it ends before the call's deadline, so that its connections are
/// ended.
constexpr const char* kLeaseSetup =
    "SELECT set_config('jit', 'off', false), set_config('lock_timeout', '400ms', false)";

/// What nobody waits for any more ends.
PgConnectOptions with_end(PgConnectOptions connect) {
  connect.statement_timeout = 2 * std::chrono::milliseconds(kQueryTimeout);
  return connect;
}

}  // namespace

PgReads::PgReads(boost::asio::io_context& context, PgConnectOptions connect, const PgPulse& pulse)
    : context_(context),
      pulse_(pulse),
      engine_(context, with_end(connect), kEngineConnections, kReadSetup),
      people_(context, with_end(connect), kPeopleConnections),
      lease_(context, with_end(connect), 1, kLeaseSetup),
      activity_(context, with_end(connect), 1, kActivitySetup) {}

void PgReads::close() {
  for (PgPool* pool : {&engine_, &people_, &lease_, &activity_}) pool->close();
}

}  // namespace eventrelay
