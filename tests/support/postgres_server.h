// A PostgreSQL server of the test program's own: started at the first use, in a temporary directory, on a free loopback
// port; ended with the program. Blocking; for the tests' own thread.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace eventrelay::test {

class PostgresServer {
 public:
  /// The one that all tests of a program share. Who stops it starts it again.
  static PostgresServer& shared();

  /// settings: more of postgresql.conf's, as "name=value".
  explicit PostgresServer(std::vector<std::string> settings = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The URL of a new database, a copy of `like`: the name of one that nobody is connected to.
  std::string make_database(const std::string& like = "template1");
  std::string url(const std::string& database) const;         ///< over TCP
  std::string socket_url(const std::string& database) const;  ///< over the local socket
  std::uint16_t port() const { return port_; }

  /// Runs the text on a connection of its own and returns the first value of its last result. Throws on a fault.
  std::string sql(const std::string& url, const std::string& text) const;

  void start();
  void stop();   ///< ends sessions, then the server
  void kill();   ///< as a power cut would: every process at once
  void pause();  ///< its connections stand and its port is open, it does nothing
  void resume();

 private:
  void make_files();

  std::vector<std::string> settings_;
  std::string folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;  ///< 0: not running
  int databases_ = 0;
};

}  // namespace eventrelay::test
