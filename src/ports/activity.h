// What happens in an organization, for those who watch it, between the processes that share a store. Beside the truth:
// records are kept for minutes, and may be lost with whoever keeps them; who reads them notices that.
// Implementations: PostgreSQL; the tests'. One process alone needs none.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/completion.h"
#include "base/ids.h"
#include "base/result.h"
#include "ports/event_loop.h"

namespace eventrelay {

struct ActivityRecord {
  std::string kind;  ///< "event.created"; without line breaks
  std::string data;  ///< a JSON object's text; without line breaks
};

/// Of an organization's last record that somebody has. What comes later has a higher number in the same epoch; another
/// epoch has begun anew, and nobody knows what came between.
struct ActivityPlace {
  std::int64_t epoch = 0;  ///< 0: none
  std::int64_t number = 0;
  auto operator<=>(const ActivityPlace&) const = default;
};

/// Consecutive records.
struct ActivityBatch {
  ActivityPlace first;
  milliseconds age{0};
  std::vector<ActivityRecord> records;
};

class SharedActivity {
 public:
  struct Question {
    std::vector<OrganizationId> watch;  ///< somebody here does, and all are to write for them: for kActivityKept
    std::vector<std::pair<OrganizationId, std::vector<ActivityRecord>>> add;  ///< what happened here, in that order
    std::vector<std::pair<OrganizationId, ActivityPlace>> after;              ///< of these: what came later
  };
  /// An organization that somebody watches, in any process.
  struct Watched {
    OrganizationId organization;
    ActivityPlace last;           ///< before the batches of this answer, if there are any
    milliseconds watched_for{0};  ///< without a pause
  };
  struct Answer {
    std::vector<Watched> watched;
    std::vector<std::pair<OrganizationId, ActivityBatch>> batches;  ///< in order
    bool more = false;                                              ///< there are later ones: to be asked for again
  };

  virtual ~SharedActivity() = default;
  /// One at a time. What is added for an organization that nobody watches is dropped. Errors: what was to be added may
  /// be there or not. Thread-safe; the completion runs on the loop that was named.
  virtual void exchange(EventLoop& loop, Question question, Completion<Result<Answer>> done) = 0;
};

}  // namespace eventrelay
