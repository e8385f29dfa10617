// A name server on a loopback port of its own that answers from a table, never, or late. One thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace eventrelay::test {

class RawDnsServer {
 public:
  RawDnsServer();
  ~RawDnsServer();
  RawDnsServer(const RawDnsServer&) = delete;
  RawDnsServer& operator=(const RawDnsServer&) = delete;

  /// Literals of both families. A name that was never set does not exist.
  void set(const std::string& name, std::vector<std::string> addresses);
  void set_silent(bool silent) { silent_ = silent; }
  /// Names whose questions of that type (1: A, 28: AAAA) get a server failure.
  void fail(const std::string& name, int type);

  std::string address() const;  ///< "127.0.0.1:PORT"
  int questions() const { return questions_; }

 private:
  void run();
  std::string answer(const std::string& question);

  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ends_{false};
  std::atomic<bool> silent_{false};
  std::atomic<int> questions_{0};
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> names_;
  std::map<std::string, int> failing_;
  std::thread thread_;
};

}  // namespace eventrelay::test
