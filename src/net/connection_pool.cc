#include "net/connection_pool.h"

#include <algorithm>
#include <utility>

namespace eventrelay {
std::shared_ptr<ClientConnection> ConnectionPool::take(const TargetUrl& target) {
  const auto found = origins_.find(OriginView{target.tls, target.port, target.host});
  if (found == origins_.end()) return nullptr;
  Idle& idle = found->second;
  while (!idle.empty()) {
    std::shared_ptr<ClientConnection> connection = std::move(idle.back());
    idle.pop_back();
    oldest_first_.erase(oldest_first_.iterator_to(*connection));
    --idle_count_;
    if (connection->is_quiet()) return connection;
    connection->close();
  }
  return nullptr;
}

void ConnectionPool::give(std::shared_ptr<ClientConnection> connection) {
  auto found = origins_.find(connection->origin());
  if (found == origins_.end()) {
    if (origins_.size() >= sweep_at_) sweep();
    found = origins_.try_emplace(connection->origin()).first;
  }
  Idle& idle = found->second;
  if (idle.size() >= limits_.idle_per_origin || limits_.idle_total == 0) return connection->close();
  if (idle_count_ >= limits_.idle_total) remove(oldest_first_.front());
  ClientConnection& given = *connection;
  idle.push_back(std::move(connection));
  oldest_first_.push_back(given);
  ++idle_count_;
  given.rest(wheel_, limits_.idle, [this, &given] { remove(given); });
}

void ConnectionPool::remove(ClientConnection& connection) {
  Idle& idle = origins_.find(connection.origin())->second;
  const auto at = std::find_if(idle.begin(), idle.end(), [&](const auto& held) { return held.get() == &connection; });
  const auto held = std::move(*at);
  idle.erase(at);
  oldest_first_.erase(oldest_first_.iterator_to(connection));
  --idle_count_;
  held->close();
}

void ConnectionPool::close_all() {
  while (!oldest_first_.empty()) remove(oldest_first_.front());
  origins_.clear();
}

void ConnectionPool::sweep() {
  std::erase_if(origins_, [](const auto& entry) { return entry.second.empty(); });
  sweep_at_ = std::max<std::size_t>(1'024, 2 * origins_.size());
}

}  // namespace eventrelay
