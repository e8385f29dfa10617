// A real redis-server for one test: on a free loopback port, in a temporary directory, gone with this object and with
// the test's process. Calls block. Throws std::runtime_error where the server cannot be had.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/tls_certificates.h"

namespace eventrelay::test {

class RedisServer {
 public:
  using Words = std::vector<std::string>;

  /// settings: as on redis-server's command line.
  explicit RedisServer(Words settings = {});
  /// TLS alone, with a certificate for those names.
  RedisServer(const TestAuthority& authority, const ServerCertificate& certificate);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  void stop();     ///< by SIGTERM
  void kill();     ///< by SIGKILL
  void pause();    ///< SIGSTOP: its port is open, it does nothing
  void resume();   ///< after pause()
  void restart();  ///< after stop() or kill(); on the same port, empty
  void flush() { cli({"FLUSHALL"}); }
  /// redis-cli's output, without the last line break.
  std::string cli(Words words) const;

 private:
  void start();
  void end(int signal);

  std::string directory_;
  std::uint16_t port_ = 0;
  Words settings_;
  pid_t pid_ = -1;
};

/// Three masters.
class RedisCluster {
 public:
  RedisCluster();
  RedisServer& node(std::size_t index) { return *nodes_[index]; }
  std::string url() const { return nodes_[0]->url(); }
  std::size_t owner_of(int slot) const;
  /// With its keys, as redis-cli's reshard does it. `amid` runs while the keys have moved and the slot has not.
  template <class Amid>
  void move_slot(int slot, std::size_t to, const Amid& amid) {
    const std::size_t from = owner_of(slot);
    begin_move(slot, from, to);
    amid();
    end_move(slot, to);
  }

 private:
  std::string id_of(std::size_t index) const;
  void begin_move(int slot, std::size_t from, std::size_t to);
  void end_move(int slot, std::size_t to);

  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

}  // namespace eventrelay::test
