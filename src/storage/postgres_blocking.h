// A connection to PostgreSQL that blocks: for what runs while nothing else does yet. One thread. Faults are
// PgBlockingFault.
#pragma once
#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace eventrelay {

/// What the server or libpq said, without the end of its line.
class PgBlockingFault : public std::runtime_error {
 public:
  explicit PgBlockingFault(std::string message);
};

class PgBlocking {
 public:
  /// name: what the server's list of sessions shows. Throws where it cannot connect, or reaches a pooler.
  PgBlocking(const std::string& url, const char* name);

  /// One or several statements; returns the rows that the last one changed.
  std::int64_t run(const std::string& sql);
  /// The first value of the last statement's result, or an empty text.
  std::string one(const std::string& sql);
  std::int64_t number(const std::string& sql);
  /// statement: COPY … FROM STDIN. lines: in COPY's text format.
  void copy(const std::string& statement, std::string_view lines);

 private:
  struct End {
    void operator()(PGconn* handle) const { PQfinish(handle); }
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Answer = std::unique_ptr<PGresult, End>;
  Answer ask(const std::string& sql);
  [[noreturn]] void fail() const;

  std::unique_ptr<PGconn, End> handle_;
};

}  // namespace eventrelay
