// A connection to PostgreSQL on an event loop: libpq, never blocking, in pipeline mode, prepared statements, binary
// values. Belongs to the thread that runs its context. Source: PostgreSQL's manual, "libpq - C Library", "Pipeline
// Mode".
#pragma once
#include <prometheus/counter.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/completion.h"
#include "base/result.h"

typedef struct pg_result PGresult;

namespace eventrelay {

inline constexpr std::uint32_t kPgBytea = 17;  ///< pg_type's oid
/// What the rollback of a failed transaction may take, apart from the transaction's own time.
inline constexpr auto kRollbackTime = std::chrono::seconds(5);

/// Values of a statement's $1, $2, … in the order of the calls, in PostgreSQL's binary formats. Copies what it is
/// given.
class PgParams {
 public:
  PgParams& add(std::int64_t value);      ///< bigint
  PgParams& add_int(std::int32_t value);  ///< integer
  PgParams& add_bool(bool value);
  PgParams& add_text(std::string_view text);
  PgParams& add_bytes(std::string_view bytes);  ///< bytea
  PgParams& add(std::optional<std::int64_t> value);
  PgParams& add_null(std::uint32_t type);  ///< type: an oid of pg_type
  // Arrays of one dimension; an empty one is '{}'.
  PgParams& add_array(std::span<const std::int64_t> values);            ///< bigint[]
  PgParams& add_array(std::span<const std::int32_t> values);            ///< integer[]
  PgParams& add_array(std::span<const std::int16_t> values);            ///< smallint[]
  PgParams& add_array(std::span<const std::string_view> texts);         ///< text[]
  PgParams& add_bytes_array(std::span<const std::string_view> values);  ///< bytea[]
  std::size_t bytes() const { return bytes_; }

 private:
  friend class PgConnection;
  struct Value {
    std::uint32_t type = 0;
    std::string bytes;
    bool is_null = false;
  };
  PgParams& put(std::uint32_t type, std::string bytes);
  std::vector<Value> values_;
  std::size_t bytes_ = 0;
};

/// sql: a literal or otherwise a text that lives as long as the connection: statements are prepared once a connection
/// and kept by its address. Parameters' types come from the params.
struct PgStatement {
  const char* sql = nullptr;
  PgParams params;
  bool once = false;  ///< not kept: a text made while the program runs, which may go when run() has returned
};

/// Rows of one statement, in binary format. A value; views last as long as it does.
class PgRows {
 public:
  PgRows() = default;
  explicit PgRows(PGresult* result);
  int size() const;  ///< rows
  bool empty() const { return size() == 0; }
  std::int64_t affected() const;  ///< rows that an INSERT, UPDATE or DELETE changed
  bool is_null(int row, int column) const;
  /// smallint, integer, bigint, xid8, boolean (0, 1), oid: by the value's length.
  std::int64_t integer(int row, int column) const;
  std::optional<std::int64_t> optional_integer(int row, int column) const;
  std::string_view text(int row, int column) const;  ///< text, bytea, name
  double real(int row, int column) const;            ///< double precision
  std::vector<std::int64_t> integers(int row,
                                     int column) const;  ///< smallint[], integer[], bigint[], xid8[]; NULL: empty
  std::vector<std::string_view> texts(int row, int column) const;  ///< text[], bytea[]

 private:
  struct Clear {
    void operator()(PGresult* result) const;
  };
  std::unique_ptr<PGresult, Clear> result_;
};

/// What went wrong with a statement, beside Error's code: PostgreSQL's five characters; empty when it was the
/// connection.
struct PgFault {
  Error error;
  std::string sqlstate;
};
template <class T>
using PgResult = boost::system::result<T, PgFault>;
[[noreturn]] void throw_exception_from_error(const PgFault& fault, const boost::source_location& where);

/// The faults that callers tell apart.
namespace pg_state {
inline constexpr std::string_view kUniqueViolation = "23505";
inline constexpr std::string_view kNoPartition = "23514";  ///< check_violation: no partition for the row
inline constexpr std::string_view kDeadlock = "40P01";
inline constexpr std::string_view kLockTimeout = "55P03";
inline constexpr std::string_view kCanceled = "57014";
inline constexpr std::string_view kUndefinedTable = "42P01";
inline constexpr std::string_view kReadOnly = "25006";  ///< a standby, or a server that was made to take no writes
inline constexpr std::string_view kFenced = "ER001";    ///< this program's own, of its functions
}  // namespace pg_state

struct PgConnectOptions {
  std::string url;          ///< as libpq takes them: postgres://… or key=value
  std::string application;  ///< application_name
  std::chrono::milliseconds connect_timeout{5'000};
  /// Of each statement, on the server.
  std::chrono::milliseconds statement_timeout{0};
  /// Counts the batches that are sent; outlives the connection. nullptr: nobody does.
  prometheus::Counter* round_trips = nullptr;
  /// Is set to when the server last answered a batch; outlives the connection. nullptr: to nothing.
  std::chrono::steady_clock::time_point* heard = nullptr;
  /// No deadline is later: of the connecting, and of what is run from then on; outlives the connection. nullptr: none.
  const std::chrono::steady_clock::time_point* end_by = nullptr;
};

class PgConnection {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// Connects, tries each host of the URL, then sets the session up: search_path eventrelay, UTF-8, keep-alives of
  /// seconds, statement_timeout, idle_in_transaction_session_timeout, synchronous_commit on where it is off.
  /// Errors: kUnavailable with a sentence for the operator (the server's own words in it, never the password);
  /// kInvalid when the URL cannot be read, something between multiplexes transactions (PQbackendPID differs from
  /// pg_backend_pid()), the server is older than 13, or the database is not UTF-8.
  static boost::asio::awaitable<Result<std::unique_ptr<PgConnection>>> connect(boost::asio::io_context& context,
                                                                               PgConnectOptions options);
  ~PgConnection();
  PgConnection(const PgConnection&) = delete;
  PgConnection& operator=(const PgConnection&) = delete;

  /// Runs the statements in order in one round trip, up to one sync: without BEGIN among them they are one transaction
  /// of their own. Batches may be sent while others are under way; they answer in order. On a fault of a statement
  /// those after it in the batch are not run and a transaction of their own is rolled back; so is one that a BEGIN
  /// began, before anything that `done` sends: batches of it that were sent before fail with kUnavailable, a COMMIT
  /// too. A server that takes no writes is left: after that fault the connection is closed. Faults of a statement:
  /// kUnavailable (nothing was done, it may succeed later: deadlock, lock or statement timeout, shutdown, …), kUnknown
  /// (the session was ended during a commit), kInvalid (all others) with the server's words. A deadline that has passed
  /// already: kUnavailable, nothing is sent. Past the deadline the connection is closed. After the end of the
  /// connection every open batch has the fault kUnknown, and later ones kUnavailable. done: on the loop, never before
  /// run() has returned, exactly once, or destroyed with the connection.
  using Rows = std::vector<PgRows>;  ///< one a statement
  void run(std::vector<PgStatement> statements, Deadline deadline, Completion<PgResult<Rows>> done);
  boost::asio::awaitable<PgResult<Rows>> run(std::vector<PgStatement> statements, Deadline deadline);
  /// One statement.
  boost::asio::awaitable<PgResult<PgRows>> query(const char* sql, PgParams params, Deadline deadline);

  bool is_open() const;
  int backend_pid() const;
  int server_version() const;  ///< 150004 for 15.4
  /// Batches sent and not answered.
  std::size_t under_way() const;
  /// Ends the connection; open batches fail as above.
  void close();

 private:
  struct Impl;
  explicit PgConnection(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  ///< handlers that are still queued keep it
};

}  // namespace eventrelay
