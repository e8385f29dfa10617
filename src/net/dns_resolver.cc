#include "net/dns_resolver.h"

#include <netinet/in.h>

#include <algorithm>
#include <list>
#include <unordered_map>
#include <utility>

#include "net/ares_channel.h"

namespace eventrelay {
namespace {

using Clock = std::chrono::steady_clock;

/// Then resolv.conf is read anew, for it may have changed.
constexpr std::chrono::seconds kChannelAge{30};

std::string fault_of(int status, const std::string& host) {
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
      return "the name " + host + " has no address";
    case ARES_ETIMEOUT:
      return "the name servers do not answer for " + host;
    case ARES_ECONNREFUSED:
      return "the name servers cannot be reached for " + host;
    case ARES_EBADNAME:
      return "the name " + host + " is not valid";
    default:
      return "the name " + host + " cannot be looked up: " + ares_strerror(status);
  }
}

std::vector<IpAddress> addresses_of(const ares_addrinfo& found) {
  std::vector<IpAddress> addresses;
  for (const ares_addrinfo_node* node = found.nodes; node; node = node->ai_next) {
    IpAddress address;
    if (node->ai_family == AF_INET) {
      std::array<std::uint8_t, 4> bytes;
      const auto& v4 = *reinterpret_cast<const sockaddr_in*>(node->ai_addr);
      std::copy_n(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4, bytes.begin());
      address = IpAddress::v4(bytes);
    } else if (node->ai_family == AF_INET6) {
      const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
      std::copy_n(v6.sin6_addr.s6_addr, 16, address.bytes.begin());
    } else {
      continue;
    }
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

class DnsResolver::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(boost::asio::io_context& loop, DnsLimits limits) : loop_(loop), limits_(std::move(limits)) {}

  void resolve(const std::string& host, Done done) {
    if (const auto kept = kept_.find(host); kept != kept_.end()) {
      if (Clock::now() < kept->second.until) return done(kept->second.answer);
      forget(kept);
    }
    auto& waiting = waiting_[host];
    waiting.push_back(std::move(done));
    if (waiting.size() == 1) ask(host);
  }

  void close() {
    closed_ = true;
    waiting_.clear();
    if (channel_) channel_->close();
  }

 private:
  struct Kept {
    DnsAnswer answer;
    Clock::time_point until;
    std::list<std::string>::iterator age;
  };
  struct Question {
    std::shared_ptr<Core> core;
    std::string host;
  };
  using KeptMap = std::unordered_map<std::string, Kept>;

  void ask(const std::string& host) {
    refresh_channel();
    auto question = std::make_unique<Question>(Question{shared_from_this(), host});
    if (!channel_->handle()) return answer(host, {{}, "the name server client does not start"});
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;
    ++open_;
    const auto channel = channel_;
    ares_getaddrinfo(channel->handle(), host.c_str(), nullptr, &hints, on_answer, question.release());
    channel->set_timer();
  }

  void refresh_channel() {
    const auto now = Clock::now();
    if (channel_ && (open_ > 0 || now < channel_until_)) return;
    channel_ = std::make_shared<AresChannel>(loop_, limits_.servers);
    channel_until_ = now + kChannelAge;
  }

  static void on_answer(void* argument, int status, int, ares_addrinfo* found) {
    const std::unique_ptr<Question> question(static_cast<Question*>(argument));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(found, ares_freeaddrinfo);
    Core& core = *question->core;
    --core.open_;
    if (core.closed_) return;
    DnsAnswer answer;
    if (status == ARES_SUCCESS && found) answer.addresses = addresses_of(*found);
    if (answer.addresses.empty()) {
      answer.fault = fault_of(status == ARES_SUCCESS ? ARES_ENODATA : status, question->host);
    }
    core.answer(question->host, std::move(answer));
  }

  void answer(const std::string& host, DnsAnswer answer) {
    auto waiting = waiting_.extract(host);
    if (!answer.addresses.empty()) keep(host, answer);
    if (waiting.empty()) return;
    for (Done& done : waiting.mapped()) {
      done(answer);
      if (closed_) return;
    }
  }

  void keep(const std::string& host, const DnsAnswer& answer) {
    if (limits_.entries == 0 || limits_.ttl.count() <= 0) return;
    if (const auto kept = kept_.find(host); kept != kept_.end()) forget(kept);
    if (kept_.size() >= limits_.entries) forget(kept_.find(oldest_first_.front()));
    const auto age = oldest_first_.insert(oldest_first_.end(), host);
    kept_.emplace(host, Kept{answer, Clock::now() + limits_.ttl, age});
  }

  void forget(KeptMap::iterator kept) {
    oldest_first_.erase(kept->second.age);
    kept_.erase(kept);
  }

  boost::asio::io_context& loop_;
  DnsLimits limits_;
  std::shared_ptr<AresChannel> channel_;
  Clock::time_point channel_until_{};
  std::size_t open_ = 0;
  bool closed_ = false;
  std::unordered_map<std::string, std::vector<Done>> waiting_;
  KeptMap kept_;
  std::list<std::string> oldest_first_;
};

DnsResolver::DnsResolver(boost::asio::io_context& loop, DnsLimits limits)
    : core_(std::make_shared<Core>(loop, std::move(limits))) {}

DnsResolver::~DnsResolver() {
  core_->close();
}

void DnsResolver::resolve(const std::string& host, Done done) {
  const auto core = core_;
  core->resolve(host, std::move(done));
}

}  // namespace eventrelay
