// One transaction on PostgreSQL that somebody asked for: gathers statements, sends them in few round trips, writes the
// audit's row before it commits. Faults of the connection or the server are ChangeFault exceptions, which end in
// postgres_changes.cc and postgres_people.cc. Belongs to the store's loop.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ports/store_queries.h"
#include "storage/postgres_connection.h"

namespace eventrelay {

struct ChangeContext {
  std::int64_t writer = 0;            ///< whose counters it adds to
  std::optional<std::int64_t> at_ms;  ///< the time to take for the server's; unset: the server's
  PgConnection::Deadline deadline;
  std::optional<AuditEntry> audit{};  ///< committed with it
};

struct ChangeFault {
  PgFault fault;
};

/// The value, or a ChangeFault: of reads, after which nothing is done.
template <class T>
T read_or_fault(Result<T> read) {
  if (!read) throw ChangeFault{{{ErrorCode::kUnavailable, std::move(read.error().message), {}}, ""}};
  return std::move(*read);
}

class PgTransaction {
 public:
  PgTransaction(PgConnection& db, const ChangeContext& context) : db_(db), context_(context) {}

  /// Does nothing where it is committed, or was never begun.
  Awaitable<void> roll_back();

 protected:
  using Rows = PgConnection::Rows;

  /// In the next batch; next_id() then gives that many.
  void draw_ids(std::size_t count);
  /// Puts a statement into the next batch; its place among the batch's rows.
  std::size_t add(PgStatement statement);
  std::size_t add(const char* sql, PgParams params = {});
  Awaitable<Rows> run();
  /// What the audit names where its entry does not.
  void note_made(std::string made, OrganizationId where = {});
  /// Sends the rest with the audit's row and the COMMIT.
  Awaitable<Rows> commit();

  std::int64_t next_id() { return next_id_++; }
  /// The transaction's: of the ids that it drew, which never step back.
  WallTime time() const { return time_; }

  PgConnection& db_;
  const ChangeContext context_;
  std::int64_t next_id_ = 0;
  WallTime time_{};

 private:
  Awaitable<Rows> send();

  std::vector<PgStatement> batch_;
  std::optional<std::size_t> draws_;  ///< its place in the batch
  bool is_open_ = false;
  OrganizationId where_;
  std::string made_;
};

}  // namespace eventrelay
