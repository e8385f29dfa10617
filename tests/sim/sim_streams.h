// The streams of the simulation: they lose, delay and repeat entries, and are gone for a while. Single-threaded.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "ports/feed.h"
#include "queue/stream_entry.h"
#include "tests/sim/chance.h"
#include "tests/sim/trace.h"

namespace eventrelay {

/// Chances in percent.
struct StreamWeather {
  int lost = 0;
  int repeated = 0;
  int late = 0;  ///< up to seconds
};

class SimFeed;

class SimStreams {
 public:
  SimStreams(VirtualTime& time, Trace& trace, const StreamWeather& weather, std::uint64_t seed)
      : time_(time), trace_(trace), weather_(weather), chance_(seed) {}
  bool is_up() const { return time_.now() >= down_until_; }
  /// wiped: what is on its way is lost too.
  void go_down(std::chrono::microseconds time, bool wiped);
  void append(StreamEntry entry);

 private:
  friend class SimFeed;
  void deliver(SimFeed& feed, const StreamEntry& entry);

  VirtualTime& time_;
  Trace& trace_;
  const StreamWeather& weather_;
  Chance chance_;
  SteadyTime down_until_{};
  int wipes_ = 0;
  std::vector<SimFeed*> feeds_;
};

/// One process's.
class SimAppender final : public StreamAppender {
 public:
  explicit SimAppender(SimStreams& streams) : streams_(streams) {}
  void append(std::vector<StreamEntry> entries) override {
    for (StreamEntry& entry : entries) streams_.append(std::move(entry));
  }

 private:
  SimStreams& streams_;
};

class SimFeed final : public Feed {
 public:
  SimFeed(SimStreams& streams, EventLoop& loop);
  ~SimFeed() override;
  void listen(std::function<void(Arrival)> sink) override { sink_ = std::move(sink); }
  void follow(const PartitionSet& partitions, std::function<void(bool)> noted) override;
  bool is_up() const override { return streams_.is_up(); }

 private:
  friend class SimStreams;
  SimStreams& streams_;
  EventLoop& loop_;
  std::function<void(Arrival)> sink_;
  PartitionSet followed_;
  std::map<int, SteadyTime> last_;  ///< arrival of a partition's stream: entries stay in their order
  std::shared_ptr<SimFeed*> self_ = std::make_shared<SimFeed*>(this);
};

}  // namespace eventrelay
