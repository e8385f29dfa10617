#include "tests/support/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>

namespace eventrelay::test {
namespace fs = std::filesystem;
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kStartTime = std::chrono::seconds(60);
constexpr auto kStopTime = std::chrono::seconds(20);

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

/// PostgreSQL refuses to run as root.
const passwd* other_user() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("as root the tests need a user named postgres");
  return user;
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
  close(fd);
  if (!found) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

std::vector<pid_t> children_of(pid_t pid) {
  const auto id = std::to_string(pid);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; list >> child;) children.push_back(child);
  return children;
}

bool ended(pid_t pid) {
  return waitpid(pid, nullptr, WNOHANG) == pid;
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
  std::string name = (fs::temp_directory_path() / "eventrelay_pg_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  folder_ = name;
  if (const passwd* user = other_user()) {
    if (chown(name.c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("chown of " + name);
  }
  const pid_t pid = spawn({program("initdb"), "--no-sync", "--no-instructions", "-A", "trust", "-U", "postgres",
                           "--locale=C.UTF-8", "-E", "UTF8", "-D", folder_ + "/data"});
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed: see " + folder_ + "/log");
}

pid_t PostgresServer::spawn(const std::vector<std::string>& command) const {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const passwd* user = other_user();
  const std::string log = folder_ + "/log";
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid > 0) return pid;
  if (user != nullptr && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a test program that crashes leaves no server
  if (getppid() != parent) _exit(126);
  setpgid(0, 0);  // Ctrl-C at the tests: they stop it
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(open("/dev/null", O_RDONLY), 0);
  dup2(out, 1);
  dup2(out, 2);
  if (chdir(folder_.c_str()) != 0) _exit(126);
  execv(arguments[0], arguments.data());
  _exit(127);
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
  const auto deadline = steady_clock::now() + kStartTime;
  for (pid_ = spawn(command); PQping(socket_url("postgres").c_str()) != PQPING_OK;) {
    if (steady_clock::now() > deadline) throw std::runtime_error("PostgreSQL does not start: see " + folder_ + "/log");
    std::this_thread::sleep_for(milliseconds(10));
    if (ended(pid_)) pid_ = spawn(command);
  }
}

void PostgresServer::stop() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGINT);
  const auto deadline = steady_clock::now() + kStopTime;
  while (!ended(pid_)) {
    std::this_thread::sleep_for(milliseconds(5));
    if (steady_clock::now() > deadline) return kill();
  }
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
