// The inside of PgConnection: the batches under way on one session, and libpq between them and the socket.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/postgres_connection.h"
#include "storage/postgres_dial.h"

namespace eventrelay {

/// Handlers that are queued on the loop share it; it ends with `over`.
struct PgConnection::Impl : std::enable_shared_from_this<Impl> {
  using Done = Completion<PgResult<Rows>>;

  /// What the server answers one by one: a statement prepared, or run.
  struct Step {
    const char* sql = nullptr;
    unsigned prepares = 0;  ///< the name's number; 0: runs it
    bool kept = false;      ///< runs a statement that an earlier batch prepared
    bool commits = false;
  };
  struct Batch {
    std::vector<Step> steps;
    std::size_t answered = 0;  ///< steps; then the sync
    bool has_result = false;   ///< of the step at hand
    bool committed = false;    ///< a COMMIT of it was answered
    Rows rows;
    std::optional<PgFault> fault;  ///< the first
    Deadline deadline;
    Done done;
  };
  struct Ended {
    Done done;
    PgFault fault;
  };

  Impl(boost::asio::io_context& context, PgHandle handle);

  // As PgConnectOptions.
  prometheus::Counter* round_trips = nullptr;
  std::chrono::steady_clock::time_point* heard = nullptr;
  const Deadline* end_by = nullptr;

  /// Watches the socket from here on.
  void start();
  void run(std::vector<PgStatement> statements, Deadline deadline, Done done);
  /// Fails what is open, later on the loop.
  void end(const std::string& why);
  /// The connection is being destroyed: nothing is called any more.
  void abandon();

  // Sending.
  bool send(Batch& batch, const PgStatement& statement);
  /// The name's number, of this text; 0 past a failure to send. Prepares it where that was not done.
  unsigned prepared(Batch& batch, const PgStatement& statement);
  void roll_back(Deadline deadline);
  void flush();

  // Receiving.
  void wait_readable();
  void wait_writable();
  void on_readable();
  void receive();
  void take_results();
  void on_result(Batch& batch, PgRows rows, PGresult* result);
  void on_command(Batch& batch, const Step& step, std::string_view tag);
  void on_fault(Batch& batch, const PGresult* result);
  void finish_batch();

  void fail_later(Done done, PgFault fault);
  void arm(Deadline deadline);
  void on_deadline();

  boost::asio::io_context& context;
  PgHandle session;
  const int backend_pid;
  const int server_version;
  boost::asio::posix::stream_descriptor socket;
  boost::asio::steady_timer timer;
  Deadline timer_at = Deadline::max();

  std::deque<Batch> batches;  ///< sent, in order
  std::deque<Ended> ended;    ///< answers that are posted
  bool open = true;
  bool waits_to_write = false;
  bool in_transaction = false;  ///< an explicit one, after what was answered
  bool rolls_back = false;      ///< a ROLLBACK of ours is under way
  std::string end_reason;

  /// Texts that are prepared, as the server has answered. One whose answer is still out is prepared again by the next
  /// batch, under another name: that batch must not depend on the fate of the first.
  std::unordered_map<const char*, unsigned> names;
  unsigned names_made = 0;

  // Of one statement, while it is sent.
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

}  // namespace eventrelay
