#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <thread>

#include "tests/support/child_process.h"

namespace eventrelay::test {
namespace {

using namespace std::chrono_literals;
constexpr auto kPatience = 20s;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool accepts(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool ok = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return ok;
}

void wait_until(const char* what, const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(std::string("waited in vain: ") + what);
    std::this_thread::sleep_for(2ms);
  }
}

/// output: where stdout goes; -1: nowhere.
pid_t spawn(const std::vector<std::string>& words, int output) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(nowhere, STDIN_FILENO);
    ::dup2(output >= 0 ? output : nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(nowhere);
  if (pid < 0) throw std::runtime_error("cannot start " + words[0]);
  return pid;
}

}  // namespace

RedisServer::RedisServer(Words settings) : port_(free_port()), settings_(std::move(settings)) {
  settings_.insert(settings_.begin(), {"--port", std::to_string(port_)});
  start();
}

RedisServer::RedisServer(const TestAuthority& authority, const ServerCertificate& certificate) : port_(free_port()) {
  const SslContext context = authority.make_server(certificate);
  char name[] = "/tmp/eventrelay-test-tls-XXXXXX";
  std::FILE* file = ::fdopen(::mkstemp(name), "w");
  PEM_write_X509(file, SSL_CTX_get0_certificate(context.get()));
  PEM_write_PrivateKey(file, SSL_CTX_get0_privatekey(context.get()), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  settings_ = {"--port",         "0",  "--tls-port",         std::to_string(port_), "--tls-cert-file",    name,
               "--tls-key-file", name, "--tls-ca-cert-file", authority.file(),      "--tls-auth-clients", "no"};
  start();
  ::unlink(name);
}

RedisServer::~RedisServer() {
  kill();
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

void RedisServer::start() {
  if (directory_.empty()) {
    char name[] = "/tmp/eventrelay-test-redis-XXXXXX";
    if (!::mkdtemp(name)) throw std::runtime_error("no temporary directory");
    directory_ = name;
  }
  Words words{"redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory_};
  words.insert(words.end(), settings_.begin(), settings_.end());
  pid_ = spawn(words, -1);
  wait_until("redis-server", [this] {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) throw std::runtime_error("redis-server has ended");
    return accepts(port_);
  });
}

void RedisServer::end(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  if (signal == SIGKILL) ::kill(pid_, SIGCONT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::stop() {
  end(SIGTERM);
}
void RedisServer::kill() {
  end(SIGKILL);
}
void RedisServer::pause() {
  ::kill(pid_, SIGSTOP);
}
void RedisServer::resume() {
  ::kill(pid_, SIGCONT);
}
void RedisServer::restart() {
  start();
}

std::string RedisServer::cli(Words words) const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  Words all{"redis-cli", "-h", "127.0.0.1", "-p", std::to_string(port_), "--raw"};
  all.insert(all.end(), words.begin(), words.end());
  const pid_t pid = spawn(all, ends[1]);
  ::close(ends[1]);
  std::string output;
  char buffer[4096];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    output.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

RedisCluster::RedisCluster() {
  constexpr std::size_t kNodes = 3;
  constexpr int kSlots = 16'384;
  for (std::size_t i = 0; i < kNodes; ++i) {
    nodes_.push_back(std::make_unique<RedisServer>(
        RedisServer::Words{"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout",
                           "2000", "--cluster-port", std::to_string(free_port())}));
    const auto first = static_cast<int>(i) * kSlots / static_cast<int>(kNodes);
    const auto end = static_cast<int>(i + 1) * kSlots / static_cast<int>(kNodes);
    nodes_[i]->cli({"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(end - 1)});
    nodes_[i]->cli({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (std::size_t i = 1; i < kNodes; ++i) {
    const std::string myself = nodes_[i]->cli({"CLUSTER", "NODES"});  // ID 127.0.0.1:PORT@BUS …; no host before MEET
    const auto at = myself.find('@');
    const std::string bus = myself.substr(at + 1, myself.find_first_of(" ,", at) - at - 1);
    nodes_[0]->cli({"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes_[i]->port()), bus});
  }
  for (const auto& node : nodes_) {
    wait_until("the cluster", [&] {
      return node->cli({"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos &&
             node->cli({"CLUSTER", "INFO"}).find("cluster_known_nodes:3") != std::string::npos;
    });
  }
}

std::string RedisCluster::id_of(std::size_t index) const {
  return nodes_[index]->cli({"CLUSTER", "MYID"});
}

std::size_t RedisCluster::owner_of(int slot) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::string nodes = nodes_[i]->cli({"CLUSTER", "NODES"});
    const auto myself = nodes.find("myself");
    std::string line = nodes.substr(nodes.rfind('\n', myself) + 1);
    line = line.substr(0, line.find('\n'));
    // … connected 0-5460 7000 [moving]
    for (auto at = line.find("connected "); at != std::string::npos && at < line.size();) {
      at = line.find(' ', at);
      if (at == std::string::npos || ++at >= line.size() || line[at] == '[') break;
      const int first = std::stoi(line.substr(at));
      const auto dash = line.find_first_of("- ", at);
      const int last = dash != std::string::npos && line[dash] == '-' ? std::stoi(line.substr(dash + 1)) : first;
      if (slot >= first && slot <= last) return i;
    }
  }
  throw std::runtime_error("nobody has the slot");
}

void RedisCluster::begin_move(int slot, std::size_t from, std::size_t to) {
  const std::string number = std::to_string(slot);
  nodes_[to]->cli({"CLUSTER", "SETSLOT", number, "IMPORTING", id_of(from)});
  nodes_[from]->cli({"CLUSTER", "SETSLOT", number, "MIGRATING", id_of(to)});
  const std::string keys = nodes_[from]->cli({"CLUSTER", "GETKEYSINSLOT", number, "1000"});
  for (std::size_t at = 0; at < keys.size();) {
    const auto end = std::min(keys.find('\n', at), keys.size());
    nodes_[from]->cli(
        {"MIGRATE", "127.0.0.1", std::to_string(nodes_[to]->port()), keys.substr(at, end - at), "0", "5000"});
    at = end + 1;
  }
}

void RedisCluster::end_move(int slot, std::size_t to) {
  const std::string id = id_of(to);
  nodes_[to]->cli({"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id});
  for (const auto& node : nodes_) node->cli({"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", id});
}

}  // namespace eventrelay::test
