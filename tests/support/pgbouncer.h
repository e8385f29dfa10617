// A pooler between a test and its PostgreSQL, on a free loopback port.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace eventrelay::test {

class Pgbouncer {
 public:
  /// mode: "session", "transaction" or "statement".
  Pgbouncer(std::uint16_t postgres_port, const std::string& mode);
  ~Pgbouncer();
  Pgbouncer(const Pgbouncer&) = delete;
  Pgbouncer& operator=(const Pgbouncer&) = delete;

  bool is_there() const { return pid_ != 0; }  ///< false where it is not installed
  std::string url(const std::string& database) const;

 private:
  std::string folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace eventrelay::test
