// Names to addresses, both families, on the loop (c-ares over the loop's descriptors): /etc/hosts, localhost, then the
// servers of resolv.conf. Keeps good answers for a short while. Belongs to its loop's thread.
#pragma once
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "domain/target_url.h"

namespace eventrelay {

struct DnsLimits {
  std::chrono::milliseconds ttl{5'000};  ///< good answers only, whatever the record says
  std::size_t entries = 4'096;
  std::string servers;  ///< "127.0.0.1:5353": asked instead of resolv.conf's
};

/// No address: `fault` says why.
struct DnsAnswer {
  std::vector<IpAddress> addresses;
  std::string fault;
};

class DnsResolver {
 public:
  using Done = std::function<void(const DnsAnswer&)>;

  DnsResolver(boost::asio::io_context& loop, DnsLimits limits);
  /// Whoever still waits is not called.
  ~DnsResolver();
  DnsResolver(const DnsResolver&) = delete;
  DnsResolver& operator=(const DnsResolver&) = delete;

  /// Calls `done` once; from inside where the answer is at hand. One query a name at a time, however many ask.
  /// Ends after some seconds at the latest; callers that want it sooner stop listening.
  void resolve(const std::string& host, Done done);

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace eventrelay
