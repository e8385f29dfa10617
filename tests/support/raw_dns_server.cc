#include "tests/support/raw_dns_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace eventrelay::test {
namespace {

constexpr std::size_t kHeadBytes = 12;
constexpr int kTypeA = 1;
constexpr int kTypeAaaa = 28;

std::string u16(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xFF)};
}

}  // namespace

RawDnsServer::RawDnsServer() {
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

RawDnsServer::~RawDnsServer() {
  ends_ = true;
  thread_.join();
  ::close(socket_);
}

std::string RawDnsServer::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void RawDnsServer::set(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard lock(mutex_);
  names_[name] = std::move(addresses);
}

void RawDnsServer::fail(const std::string& name, int type) {
  const std::lock_guard lock(mutex_);
  failing_[name] = type;
}

void RawDnsServer::run() {
  while (!ends_) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 20) <= 0) continue;
    char block[2048];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto count = ::recvfrom(socket_, block, sizeof block, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < static_cast<long>(kHeadBytes)) continue;
    ++questions_;
    if (silent_) continue;
    const std::string reply = answer({block, static_cast<std::size_t>(count)});
    ::sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
}

std::string RawDnsServer::answer(const std::string& question) {
  std::string name;
  std::size_t at = kHeadBytes;
  while (at < question.size() && question[at] != 0) {
    const auto length = static_cast<std::size_t>(question[at]);
    name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
    at += length + 1;
  }
  const int type = static_cast<unsigned char>(question[at + 2]);
  const std::string asked = question.substr(kHeadBytes, at + 5 - kHeadBytes);

  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  const auto failing = failing_.find(name);
  int code = found == names_.end() ? 3 : 0;
  if (failing != failing_.end() && failing->second == type) code = 2;
  std::string records;
  int count = 0;
  for (const std::string& text : code == 0 ? found->second : std::vector<std::string>{}) {
    char bytes[16];
    const bool v6 = text.find(':') != std::string::npos;
    if (type != (v6 ? kTypeAaaa : kTypeA)) continue;
    ::inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes);
    const int length = v6 ? 16 : 4;
    records += std::string("\xC0\x0C", 2) + u16(type) + u16(1) + u16(0) + u16(60) + u16(length);
    records.append(bytes, static_cast<std::size_t>(length));
    ++count;
  }
  return question.substr(0, 2) + u16(0x8180 | code) + u16(1) + u16(count) + u16(0) + u16(0) + asked + records;
}

}  // namespace eventrelay::test
