// Idle connections by origin, the most recently used first. Belongs to its loop's thread.
#pragma once
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/target_url.h"
#include "net/client_connection.h"
#include "net/http_client.h"

namespace eventrelay {

class ConnectionPool {
 public:
  /// limits, wheel: outlive the pool.
  ConnectionPool(const HttpClientLimits& limits, DeadlineWheel& wheel) : limits_(limits), wheel_(wheel) {}
  ~ConnectionPool() { close_all(); }
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// A connection on which nothing is to be read and that was not closed; nullptr: none. The caller owns it.
  std::shared_ptr<ClientConnection> take(const TargetUrl& target);
  /// connection: reusable(). Closed instead where a limit is reached: the origin's, or for all, then the longest idle.
  void give(std::shared_ptr<ClientConnection> connection);
  void close_all();
  std::size_t idle() const { return idle_count_; }

 private:
  struct OriginView {
    bool tls;
    std::uint16_t port;
    std::string_view host;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const OriginView& view) const {
      return std::hash<std::string_view>{}(view.host) ^ (static_cast<std::size_t>(view.port) << 1 | view.tls);
    }
    std::size_t operator()(const Origin& origin) const {
      return (*this)(OriginView{origin.tls, origin.port, origin.host});
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Origin& a, const Origin& b) const { return a == b; }
    bool operator()(const Origin& a, const OriginView& b) const {
      return a.tls == b.tls && a.port == b.port && a.host == b.host;
    }
    bool operator()(const OriginView& a, const Origin& b) const { return (*this)(b, a); }
  };
  using Idle = std::vector<std::shared_ptr<ClientConnection>>;

  void remove(ClientConnection& connection);
  void sweep();

  const HttpClientLimits& limits_;
  DeadlineWheel& wheel_;
  /// An origin stays for a while without connections: those that come and go one at a time cost no allocation.
  std::unordered_map<Origin, Idle, Hash, Equal> origins_;
  IdleOrder oldest_first_;
  std::size_t idle_count_ = 0;
  std::size_t sweep_at_ = 1'024;
};

}  // namespace eventrelay
