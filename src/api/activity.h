// What happens in the organizations that somebody watches: takes records in from every loop, gives them numbers (of
// many processes: the shared store does), keeps the newest, and wakes who reads. One for a process; thread-safe but for
// what says otherwise. While nobody watches, is_recording() is all that it costs.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/activity_pace.h"
#include "api/activity_ring.h"
#include "ports/activity.h"

namespace eventrelay {

/// Records are gathered for so long, then told together.
inline constexpr milliseconds kActivityTick{200};
/// Every process looks so often whom to record for.
inline constexpr milliseconds kActivityLookEvery{400};
/// After so long they all know.
inline constexpr milliseconds kActivitySpread{1'000};
/// A process says so often that it still has readers.
inline constexpr auto kActivityWatchEvery = std::chrono::seconds(60);

class Activity;

/// A reader's place in its organization's records. Belongs to its loop's thread.
class ActivityReader {
 public:
  ~ActivityReader();
  ActivityReader(const ActivityReader&) = delete;
  ActivityReader& operator=(const ActivityReader&) = delete;

  /// Once. Answered when all that happens from then on is recorded, in every process, and what is kept is here.
  /// Errors: kUnavailable.
  void open(Completion<Result<void>> done);
  /// Once it is open: goes on after that id where everything since is here, else now. last_id: empty: now. Gives what
  /// to send first: a `gap` with the reason where records were missed.
  std::string begin(std::string_view last_id);
  /// Appends what comes next, until `out` has that many bytes. Where it cannot: a `gap`, and it goes on from now.
  void take(std::string& out, std::size_t bytes);
  /// Whether what it has not taken is too much, or has waited too long. What was there when it began does not count.
  bool is_behind() const;
  /// It will not be sent the rest: when it comes back it is told.
  void drop();

 private:
  friend class Activity;
  ActivityReader(Activity& activity, EventLoop& loop, OrganizationId organization, std::function<void()> wake);
  std::string gap(ActivityPlace place, std::string_view reason) const;
  /// What it has not taken of what came since it began. REQUIRES: all after its place is there.
  std::size_t waiting_bytes(const ActivityRing& ring) const;

  Activity& activity_;
  EventLoop& loop_;
  const OrganizationId organization_;
  const std::shared_ptr<const std::function<void()>> wake_;
  bool woken_ = false;  ///< a post is on its way, or it has not taken since
  ActivityPlace began_;
  ActivityPlace place_;
  std::size_t live_from_ = 0;
  std::optional<SteadyTime> behind_since_;
};

class Activity {
 public:
  Activity() = default;
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  /// Once, on that loop's thread; before it nothing is recorded. shared: of a store that several processes share.
  void start(EventLoop& loop, SharedActivity* shared);
  /// Passes on what was recorded. On the first loop's thread.
  void flush(Completion<> done);
  /// Before the first loop goes, and when nothing runs on it any more.
  void stop() { alarm_.reset(); }

  bool is_recording() const { return recording_.load(std::memory_order_relaxed); }
  /// Notes that one has happened; whether it is to be added by itself.
  bool wants(OrganizationId organization, ActivityKind kind);
  /// data: a JSON object with `at`. job: what it says takes the place of what was added for that job in the same tick.
  void add(OrganizationId organization, ActivityKind kind, std::string data, JobId job = {});

  /// wake: on the loop, when there is more; it may come once more after the reader's end. nullptr: kStreamReadersMax
  /// are there.
  std::unique_ptr<ActivityReader> admit(EventLoop& loop, OrganizationId organization, std::function<void()> wake);

 private:
  friend class ActivityReader;

  struct Opening {
    const ActivityReader* reader = nullptr;
    EventLoop* loop = nullptr;
    Completion<Result<void>> done;
    bool asked = false;
    std::optional<SteadyTime> ready_at{};
  };
  struct Organization {
    ActivityRing ring;
    ActivityPace pace;
    std::vector<ActivityRecord> pending;
    std::map<JobId, std::size_t> jobs;  ///< places of their progress in it
    bool lost = false;                  ///< some were: to be told
    std::vector<ActivityReader*> readers;
    std::vector<std::unique_ptr<Opening>> openings;
    SteadyTime unread_since{};
    std::optional<SteadyTime> watch_said{};
    bool watched = false;  ///< by what the shared store has said last
    bool is_read() const { return !readers.empty(); }
  };

  // With mutex_ held.
  void end_seconds(SteadyTime now);
  void take_in(SteadyTime now);
  SharedActivity::Question question(SteadyTime now);
  void take_answer(const SharedActivity::Answer& answer, SteadyTime now);
  static std::vector<ActivityRecord> take_pending(Organization& organization);
  void finish_openings(SteadyTime now);
  void fail_openings(const Error& error);
  void trim(SteadyTime now);
  void wake(Organization& organization);
  void remove(ActivityReader& reader);

  void tick();
  void exchange();
  void on_answer(std::vector<OrganizationId> added, Result<SharedActivity::Answer> answer);
  /// Soon, from any thread.
  void kick();
  void set_alarm();

  EventLoop* loop_ = nullptr;
  SharedActivity* shared_ = nullptr;
  std::unique_ptr<Alarm> alarm_;
  std::atomic<bool> recording_{false};

  // On the first loop.
  bool exchanging_ = false;
  bool again_ = false;  ///< at once, when that is over
  SteadyTime exchanged_at_{};
  Completion<> flushed_;

  mutable std::mutex mutex_;  ///< of what follows
  std::map<OrganizationId, Organization> organizations_;
  std::size_t readers_ = 0;
  std::shared_ptr<Activity*> self_ = std::make_shared<Activity*>(this);  ///< posts that come after the end find it gone
};

}  // namespace eventrelay
