// Brings this process's engines the news of what other processes commit: from the feed as they arrive, and from the
// commit log whatever did not. Belongs to its loop's thread; the feed and the membership are on the same loop.
#pragma once
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/all_loops.h"
#include "ports/commit_log.h"
#include "ports/feed.h"

namespace eventrelay {

inline constexpr auto kLogReadEvery = std::chrono::seconds(1);
/// While there is no feed the log is the only way, and what it says is read at once.
inline constexpr auto kLogReadEveryAlone = milliseconds(25);
/// After a note so long an arrival may still bring what it says.
inline constexpr auto kArrivalGrace = milliseconds(250);

/// An arrival that never came: for so long the feed is trusted with nothing.
inline constexpr auto kFeedDoubted = std::chrono::seconds(5);

class Follower {
 public:
  /// Those of the partitions that nobody in this process has delivered for that commit; from then on the caller does.
  /// Thread-safe (CommitLedger::claim).
  using Claim = std::function<PartitionSet(std::uint64_t commit, PartitionSet partitions)>;

  /// feed: nullptr for none. catalog: of this loop's engine.
  Follower(EventLoop& loop, CommitLog& log, Feed* feed, std::vector<LoopEngine> engines, const LoopCatalog& catalog,
           Claim claim);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// Once.
  void start();
  /// Follows these partitions from here on, and no others. `noted` runs on this loop once whatever is committed from
  /// then on will be brought, and the catalog has what was committed before; that needs the store.
  void follow(const PartitionSet& partitions, std::function<void()> noted);
  /// Brings nothing more. A feed must be stopped before it goes.
  void stop();

 private:
  struct Note {
    SteadyTime due{};
    CommitNote note;
  };
  /// What this process must read of a commit.
  struct Owed {
    PartitionSet partitions;
    PartitionSet others;  ///< of the same commit, brought already: not to be read again
  };
  using Batch = std::map<std::uint64_t, Owed>;
  /// News for some partitions that wait for the catalog, or for others before them.
  struct Waiting {
    News news;
    PartitionSet partitions;
    std::size_t payload_bytes = 0;
  };

  bool is_alone() const { return !feed_ || !feed_->is_up() || loop_.now() < doubted_until_; }
  void run_due();
  void set_alarm();

  void read_log();
  void on_page(Result<CommitPage> page);
  void on_arrival(Arrival arrival);
  /// Whether there was anything left to claim.
  bool claim_and_owe(std::uint64_t commit, const PartitionSet& partitions, const PartitionSet& others);
  void read_owed();
  Batch take_batch();
  void on_commit_news(const Batch& batch, Result<CommitNews> news);

  void deliver(News news, const PartitionSet& partitions);
  bool knows_catalog(const News& news);
  void catch_up();
  void on_caught_up(const std::vector<CatalogMark>& marks, std::size_t follows, bool done);
  void deliver_waiting();
  void send(News news);
  void rescan(const PartitionSet& partitions);

  EventLoop& loop_;
  CommitLog& log_;
  Feed* feed_;
  const std::vector<LoopEngine> engines_;
  const LoopCatalog& catalog_;
  const Claim claim_;
  std::unique_ptr<Alarm> alarm_;

  PartitionSet followed_;
  bool running_ = false;
  std::optional<ReadPoint> seen_;  ///< by the last read of the log
  bool reading_log_ = false;
  SteadyTime next_log_read_{};
  SteadyTime doubted_until_{};  ///< the feed
  std::deque<Note> notes_;      ///< by the time at which they are due
  Batch owed_;
  int news_reads_ = 0;
  std::optional<SteadyTime> owed_again_;  ///< a read failed: none before that

  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;                      ///< of their payloads
  std::map<OrganizationId, std::uint64_t> caught_up_;  ///< versions that all loops have
  std::vector<std::function<void()>> follows_;         ///< wait for the log's first read and the catalog
  bool catching_up_ = false;
  std::optional<SteadyTime> catch_up_again_;
  std::shared_ptr<Follower*> self_;
};

}  // namespace eventrelay
