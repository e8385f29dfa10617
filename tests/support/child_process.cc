#include "tests/support/child_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <thread>

namespace eventrelay::test {
namespace {

using std::chrono::steady_clock;

/// Whom servers run as: PostgreSQL refuses to be root.
const passwd* other_user() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("as root the tests need a user named postgres");
  return user;
}

}  // namespace

std::string make_server_folder(const std::string& name) {
  std::string folder = (std::filesystem::temp_directory_path() / (name + "_XXXXXX")).string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  give_to_servers(folder);
  return folder;
}

void give_to_servers(const std::string& path) {
  const bool is_folder = std::filesystem::is_directory(path);
  const passwd* user = other_user();
  if (chmod(path.c_str(), is_folder ? 0700 : 0600) != 0 ||
      (user != nullptr && chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)) {
    throw std::runtime_error("cannot give away " + path);
  }
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

pid_t start_process(const std::vector<std::string>& command, const std::string& folder) {
  // Between fork and exec only what a program with threads may do there.
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const passwd* user = other_user();
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid > 0) return pid;
  if (user != nullptr && (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  setpgid(0, 0);  // Ctrl-C is for the tests, which stop it
  if (getppid() != parent || chdir(folder.c_str()) != 0) _exit(126);
  dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
  const int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0644);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

bool has_ended(pid_t pid) {
  return waitpid(pid, nullptr, WNOHANG) == pid;
}

void stop_process(pid_t pid, int signal, std::chrono::milliseconds time) {
  kill(pid, signal);
  const auto deadline = steady_clock::now() + time;
  while (!has_ended(pid)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (steady_clock::now() < deadline) continue;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return;
  }
}

}  // namespace eventrelay::test
