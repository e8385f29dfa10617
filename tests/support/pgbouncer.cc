#include "tests/support/pgbouncer.h"

#include <libpq-fe.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/support/child_process.h"

namespace eventrelay::test {
namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";
constexpr auto kStartTime = std::chrono::seconds(30);

}  // namespace

Pgbouncer::Pgbouncer(std::uint16_t postgres_port, const std::string& mode) {
  if (!std::filesystem::exists(kProgram)) return;
  folder_ = make_server_folder("eventrelay_pgbouncer");
  port_ = free_port();
  std::ofstream(folder_ + "/pgbouncer.ini")
      << "[databases]\n* = host=127.0.0.1 port=" << postgres_port
      << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
      << "\nunix_socket_dir =\nauth_type = trust\nauth_file = users.txt\npool_mode = " << mode << "\n";
  std::ofstream(folder_ + "/users.txt") << "\"postgres\" \"\"\n";
  pid_ = start_process({kProgram, folder_ + "/pgbouncer.ini"}, folder_);
  const auto deadline = std::chrono::steady_clock::now() + kStartTime;
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("pgbouncer does not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Pgbouncer::~Pgbouncer() {
  if (pid_ == 0) return;
  stop_process(pid_, SIGTERM);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string Pgbouncer::url(const std::string& database) const {
  return "postgres://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

}  // namespace eventrelay::test
