// The hand-over where several processes share a store: what this process owns goes to its loops, the rest into the
// streams of its partitions. publish() as the port says: one thread at a time.
#pragma once
#include <functional>

#include "ports/queue.h"
#include "queue/commit_ledger.h"
#include "queue/stream_entry.h"

namespace eventrelay {

/// A job belongs to no partition: the owner of this one hears of it.
inline constexpr int kJobsPartition = 0;

class StreamHandOver final : public HandOver {
 public:
  /// local, ledger, streams: outlive this. owned: the partitions that this process owns now; thread-safe. streams: may
  /// be nullptr, then nothing is handed to other processes: the commit log is their way.
  StreamHandOver(HandOver& local, CommitLedger& ledger, std::function<PartitionSet()> owned,
                 StreamAppender* streams = nullptr)
      : local_(local), ledger_(ledger), owned_(std::move(owned)), streams_(streams) {}

  /// Before the first publish().
  void set_streams(StreamAppender& streams) { streams_ = &streams; }

  /// Webhooks, keys and jobs go to this process's loops always; deliveries if it owns them and their commit's part was
  /// not claimed before. `applied` waits for this process's loops alone.
  void publish(News news, Completion<> applied) override;

 private:
  HandOver& local_;
  CommitLedger& ledger_;
  std::function<PartitionSet()> owned_;
  StreamAppender* streams_;
};

}  // namespace eventrelay
