// Posts events at a fixed rate over kept-alive connections, whatever the answers take (open loop): an event carries the
// time at which it was due, so that a stalled server cannot hide its stall by slowing the sender.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/latencies.h"
#include "load/poller.h"

namespace eventrelay::bench {

inline constexpr std::string_view kStampKey = "\"t\":\"";

struct Load {
  std::uint16_t server_port = 0;
  std::string path = "/api/events";
  std::string key;
  std::string type_prefix = "bench.s";  ///< the stream's number follows
  std::uint64_t rate = 1'000;           ///< events a second
  std::uint64_t connections = 32;
  std::uint64_t streams = 1;  ///< events go round them
  std::uint64_t payload_bytes = 1'024;
  std::uint64_t total = 0;  ///< events to send
};

class Sender final : public Handler {
 public:
  Sender(const Poller& poller, Load load);
  ~Sender() override;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Begins; the first event is due at `start_ns`. Latencies of answers to events due before `count_from_ns` are
  /// dropped.
  void start(std::int64_t start_ns, std::int64_t count_from_ns);
  void ready(std::uint32_t events) override;  // the pacing timer

  [[nodiscard]] bool done() const { return due_ == load_.total && waiting_.empty() && idle_.size() == peers_.size(); }
  [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  Latencies answers;  ///< due to answer
  Latencies lag;      ///< due to sent: what the generator itself and busy connections add

 private:
  class Peer;
  struct Event {
    std::uint64_t number;
    std::int64_t due_ns;
  };
  void dispatch();
  void answered(Peer& peer, const Event& event, bool accepted);
  void arm();

  const Poller& poller_;
  Load load_;
  int timer_;
  std::int64_t start_ns_ = 0;
  std::int64_t count_from_ns_ = 0;
  std::uint64_t due_ = 0;  ///< events that have come due
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::deque<Event> waiting_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Peer*> idle_;
};

}  // namespace eventrelay::bench
