#include "tests/sim/sim_streams.h"

#include "queue/redis_entry.h"

namespace eventrelay {

void SimStreams::go_down(std::chrono::microseconds time, bool wiped) {
  down_until_ = std::max(down_until_, time_.now() + time);
  if (wiped) wipes_ += 1;
}

void SimStreams::append(StreamEntry entry) {
  if (!is_up() || chance_.percent(weather_.lost)) return trace_.note("entry lost", entry.partition);
  for (SimFeed* feed : feeds_)
    if (feed->followed_.test(static_cast<std::size_t>(entry.partition))) deliver(*feed, entry);
}

void SimStreams::deliver(SimFeed& feed, const StreamEntry& entry) {
  SteadyTime& last = feed.last_[entry.partition];
  const int times = chance_.percent(weather_.repeated) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    const auto delay = chance_.percent(weather_.late) ? chance_.us(0, 3'000'000) : chance_.us(100, 5'000);
    last = std::max(last, time_.now() + delay);
    time_.at(last, [this, wipes = wipes_, self = std::weak_ptr(feed.self_), entry] {
      const auto alive = self.lock();
      if (!alive || wipes != wipes_) return;
      (*alive)->loop_.post([self, entry] {
        const auto still = self.lock();
        if (!still || !(*still)->sink_) return;
        if (!(*still)->followed_.test(static_cast<std::size_t>(entry.partition))) return;
        Arrival arrival = decode_entry(entry.partition, entry.bytes);
        (*still)->streams_.trace_.note("arrival", entry.partition, static_cast<std::int64_t>(arrival.news.commit));
        (*still)->sink_(std::move(arrival));
      });
    });
  }
}

SimFeed::SimFeed(SimStreams& streams, EventLoop& loop) : streams_(streams), loop_(loop) {
  streams_.feeds_.push_back(this);
}

SimFeed::~SimFeed() {
  std::erase(streams_.feeds_, this);
}

void SimFeed::follow(const PartitionSet& partitions, std::function<void(bool)> noted) {
  followed_ = partitions;
  if (!is_up()) return loop_.post([noted = std::move(noted)] { noted(false); });
  streams_.time_.at(streams_.time_.now() + streams_.chance_.us(100, 20'000),
                    [self = std::weak_ptr(self_), noted = std::move(noted)] {
                      const auto alive = self.lock();
                      if (alive) (*alive)->loop_.post([noted] { noted(true); });
                    });
}

}  // namespace eventrelay
