// What other processes committed, read back from the store they share: one note a commit, of the partitions it touched.
// It finds what no hand-over brought. Implementations: PostgreSQL (the manifest), the simulation's.
// Thread-safe; never blocks; completions run on the loop that was named.
#pragma once
#include <vector>

#include "ports/store.h"

namespace eventrelay {

/// A commit that made, reopened or changed deliveries.
struct CommitNote {
  std::uint64_t commit = 0;
  PartitionSet partitions;
};

struct CommitPage {
  ReadPoint seen;                 ///< where the next read goes on
  std::vector<CommitNote> notes;  ///< visible now, and not to `since`
  bool overflow = false;          ///< there are more than kCommitNotesMax, or were and are gone: read the lanes anew
};

struct CommitNews {
  News news;              ///< pending with their payloads up to the read's bound, and cancelled
  PartitionSet overflow;  ///< partitions whose news are too many: read their lanes anew
};

inline constexpr std::size_t kCommitNotesMax = 10'000;
inline constexpr std::size_t kCommitsReadMax = 500;

class CommitLog {
 public:
  virtual ~CommitLog() = default;

  /// Notes of commits that `since` did not see. A default `since`: only where the log stands now.
  virtual void read_commits(EventLoop& loop, ReadPoint since, Completion<Result<CommitPage>> done) = 0;
  /// What these commits left, of these partitions: rows as they are now, with the commit's number. commits: at most
  /// kCommitsReadMax.
  virtual void read_news(EventLoop& loop, std::vector<std::uint64_t> commits, PartitionSet partitions,
                         Completion<Result<CommitNews>> done) = 0;
  /// Takes in the webhooks and keys that changed elsewhere; done when every loop of this process has them.
  /// The versions of an organization's webhooks that are known to exist; empty: looks for any change.
  virtual void catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) = 0;
};

}  // namespace eventrelay
