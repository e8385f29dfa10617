#include "tests/support/postgres_server.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "tests/support/child_process.h"

namespace eventrelay::test {
namespace fs = std::filesystem;
namespace {

using std::chrono::steady_clock;

constexpr auto kPostgresStartTime = std::chrono::seconds(60);

/// The programs' folder: EVENTRELAY_POSTGRES_BIN, else the newest that Debian has installed.
std::string program(const std::string& name) {
  if (const char* folder = getenv("EVENTRELAY_POSTGRES_BIN")) return std::string(folder) + "/" + name;
  int newest = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
    newest = std::max(newest, atoi(entry.path().filename().c_str()));
  }
  if (newest == 0) throw std::runtime_error("no PostgreSQL is installed: set EVENTRELAY_POSTGRES_BIN");
  return "/usr/lib/postgresql/" + std::to_string(newest) + "/bin/" + name;
}

std::vector<pid_t> children_of(pid_t pid) {
  const auto id = std::to_string(pid);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

}  // namespace

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer(std::vector<std::string> settings) : settings_(std::move(settings)) {
  make_files();
  start();
}

PostgresServer::~PostgresServer() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PostgresServer::make_files() {
  folder_ = make_server_folder("eventrelay_pg");
  const pid_t pid = start_process({program("initdb"), "--no-sync", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8",
                                   "-E", "UTF8", "-D", folder_ + "/data"},
                                  folder_);
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed: see " + folder_ + "/log");
}

void PostgresServer::start() {
  if (pid_ != 0) return;
  if (port_ == 0) port_ = free_port();
  std::vector<std::string> command{program("postgres"), "-D", folder_ + "/data", "-p", std::to_string(port_)};
  const auto set = [&](const std::string& setting) {
    command.push_back("-c");
    command.push_back(setting);
  };
  set("listen_addresses=127.0.0.1");
  set("unix_socket_directories=" + folder_);
  for (const char* setting : {"fsync=off", "shared_buffers=32MB", "max_connections=200", "max_wal_size=256MB",
                              "autovacuum_naptime=3600", "log_min_messages=fatal", "log_min_error_statement=panic"}) {
    set(setting);
  }
  for (const auto& setting : settings_) set(setting);

  // After kill() its processes may live for a moment and keep it from starting.
  const auto deadline = steady_clock::now() + kPostgresStartTime;
  for (pid_ = start_process(command, folder_); PQping(socket_url("postgres").c_str()) != PQPING_OK;) {
    if (steady_clock::now() > deadline) throw std::runtime_error("PostgreSQL does not start: see " + folder_ + "/log");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (has_ended(pid_)) pid_ = start_process(command, folder_);
  }
}

void PostgresServer::stop() {
  if (pid_ == 0) return;
  stop_process(pid_, SIGINT);
  pid_ = 0;
}

void PostgresServer::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGSTOP);  // it makes no more children
  for (const pid_t child : children_of(pid_)) ::kill(child, SIGKILL);
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void PostgresServer::pause() {
  ::kill(pid_, SIGSTOP);  // it makes no more children
  for (const pid_t child : children_of(pid_)) ::kill(child, SIGSTOP);
}

void PostgresServer::resume() {
  for (const pid_t child : children_of(pid_)) ::kill(child, SIGCONT);
  ::kill(pid_, SIGCONT);
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgres://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresServer::socket_url(const std::string& database) const {
  return "host=" + folder_ + " port=" + std::to_string(port_) + " user=postgres dbname=" + database;
}

std::string PostgresServer::make_database(const std::string& like) {
  const auto name = "test_" + std::to_string(++databases_);
  sql(socket_url("postgres"), "CREATE DATABASE " + name + " TEMPLATE " + like);
  return url(name);
}

std::string PostgresServer::sql(const std::string& url, const std::string& text) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> session(PQconnectdb(url.c_str()), &PQfinish);
  PQsetNoticeProcessor(
      session.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(session.get(), text.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error(PQerrorMessage(session.get()) + (" in: " + text));
  }
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

}  // namespace eventrelay::test
