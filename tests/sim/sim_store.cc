#include "tests/sim/sim_store.h"

#include <algorithm>

namespace eventrelay {

template <class Intent, class T>
class SimStore::TypedWork final : public Work {
 public:
  TypedWork(Intent intent, Completion<Result<T>> done) : intent_(std::move(intent)), done_(std::move(done)) {}
  void apply(SimStore& store) override {
    if constexpr (std::is_same_v<Intent, FinishAttemptPtr>) {
      if (store.swallows(*intent_)) {
        result_ = FinishResult{intent_->state};
        return;
      }
      result_ = store.database_.apply(*intent_);
    } else {
      result_ = store.database_.apply(intent_);
    }
    if constexpr (std::is_same_v<Intent, IngestIntent>) {
      if (store.fault_ != SimFault::kAckBeforeCommit || !result_ || result_->duplicate) return;
      for (const IngestedEvent& event : result_->events) store.unsynced_.push_back(event.id);
    }
  }
  void fail(ErrorCode code) override { result_ = Error{code, "The simulation decided so", {}}; }
  void complete() override { std::move(done_)(std::move(result_)); }

 private:
  Intent intent_;
  Completion<Result<T>> done_;
  Result<T> result_ = Error{ErrorCode::kUnavailable, "", {}};
};

SimStore::SimStore(VirtualTime& time, SimDatabase& database, HandOver& hand_over, Witness& witness, Trace& trace,
                   const StoreWeather& weather, SimFault fault, std::uint64_t seed)
    : time_(time),
      database_(database),
      hand_over_(hand_over),
      witness_(witness),
      trace_(trace),
      weather_(weather),
      fault_(fault),
      chance_(seed),
      loop_(time),
      self_(std::make_shared<SimStore*>(this)) {}

SimStore::~SimStore() {
  for (const EventId event : unsynced_) database_.lose(event);
}

void SimStore::later(std::chrono::microseconds time, std::function<void()> task) {
  time_.at(time_.now() + time, [self = std::weak_ptr(self_), task = std::move(task)] {
    if (!self.expired()) task();
  });
}

// ---- Writes --------------------------------------------------------------------------------------------------------

void SimStore::ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) {
  auto work = std::make_unique<TypedWork<IngestIntent, IngestResult>>(std::move(intent), std::move(done));
  work->loop = &loop;
  submit(std::move(work));
}

void SimStore::finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) {
  auto told = [this, intent, done = std::move(done)](Result<FinishResult> result) mutable {
    if (result) witness_.on_finish_answered(*intent, *result);
    std::move(done)(std::move(result));
  };
  auto work = std::make_unique<TypedWork<FinishAttemptPtr, FinishResult>>(std::move(intent), std::move(told));
  work->loop = &loop;
  submit(std::move(work));
}

void SimStore::change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) {
  auto work = std::make_unique<TypedWork<Change, ChangeResult>>(std::move(intent), std::move(done));
  work->loop = &loop;
  work->awaits_news = true;
  submit(std::move(work));
}

void SimStore::submit(std::unique_ptr<Work> work) {
  if (chance_.percent(weather_.refused)) {
    work->fail(ErrorCode::kUnavailable);
    Works refused;
    refused.push_back(std::move(work));
    post_all(std::move(refused));
    return;
  }
  queue_.push_back(std::move(work));
  if (!committing_) begin_commit();
}

std::chrono::microseconds SimStore::commit_time() {
  if (chance_.percent(weather_.late)) return chance_.us(50'000, 3'000'000);
  return chance_.us(50, 4'000);
}

void SimStore::begin_commit() {
  committing_ = true;
  // Now and then what comes meanwhile still gets in, for larger groups.
  const bool open = chance_.one_in(3);
  auto works = std::make_shared<Works>();
  if (!open) *works = std::exchange(queue_, {});
  later(commit_time(), [this, works, open] {
    if (open) *works = std::exchange(queue_, {});
    commit(std::move(*works));
  });
}

void SimStore::commit(Works works) {
  const auto go_on = [this] {
    committing_ = false;
    if (!queue_.empty()) begin_commit();
  };
  const int dice = static_cast<int>(chance_.between(0, 99));
  const int unavailable = weather_.unavailable;
  const int lost = unavailable + weather_.unknown_lost;
  const int unknown = lost + weather_.unknown_done;
  const auto fail_all = [&](ErrorCode code) {
    for (auto& work : works) work->fail(code);
  };
  if (dice < lost) {
    trace_.note("commit lost", static_cast<std::int64_t>(works.size()));
    fail_all(dice < unavailable ? ErrorCode::kUnavailable : ErrorCode::kUnknown);
    post_all(std::move(works));
    return go_on();
  }
  database_.begin(time_.wall_now());
  for (auto& work : works) work->apply(*this);
  trace_.note("commit", static_cast<std::int64_t>(works.size()), unix_ms(database_.time()));
  if (dice >= unknown) {
    publish(std::move(works));
    if (!unsynced_.empty()) later(chance_.us(10'000, 2'000'000), [this] { unsynced_.clear(); });
    return go_on();
  }
  // Done, and nobody knows: the answers say so, and the news comes when the store has found out.
  fail_all(ErrorCode::kUnknown);
  auto news = std::make_shared<News>(database_.take_news());
  witness_.on_committed(*news);
  if (chance_.one_in(2)) {
    hand_over_.publish(std::move(*news), {});
    post_all(std::move(works));
    return go_on();
  }
  post_all(std::move(works));
  later(chance_.us(1'000, 500'000), [this, news, go_on] {
    hand_over_.publish(std::move(*news), {});
    go_on();
  });
}

void SimStore::publish(Works works) {
  Works now;
  auto waiting = std::make_unique<Works>();
  for (auto& work : works) (work->awaits_news ? *waiting : now).push_back(std::move(work));
  News news = database_.take_news();
  witness_.on_committed(news);
  hand_over_.publish(std::move(news), [waiting = std::move(waiting)]() mutable { post_all(std::move(*waiting)); });
  post_all(std::move(now));
}

void SimStore::post_all(Works works) {
  // One post a loop, loops in the order of their first work.
  while (!works.empty()) {
    EventLoop* loop = works.front()->loop;
    Works share;
    Works rest;
    for (auto& work : works) (work->loop == loop ? share : rest).push_back(std::move(work));
    loop->post([share = std::move(share)]() mutable {
      for (auto& work : share) work->complete();
    });
    works = std::move(rest);
  }
}

bool SimStore::swallows(const FinishAttempt& finish) {
  return fault_ == SimFault::kForgetCompletion && finish.state != DeliveryState::kPending && chance_.one_in(10);
}

// ---- Reads ---------------------------------------------------------------------------------------------------------

template <class T, class Snapshot>
void SimStore::read(EventLoop& loop, Completion<Result<T>> done, Snapshot snapshot) {
  const bool fails = chance_.percent(weather_.read_fails);
  const bool late = chance_.percent(weather_.read_late);
  const auto until_snapshot = late ? chance_.us(0, 300'000) : chance_.us(0, 1'000);
  const auto until_answer = late ? chance_.us(0, 700'000) : chance_.us(20, 2'000);
  struct Open {
    Completion<Result<T>> done;
    Result<T> result = Error{ErrorCode::kTimeout, "The simulation decided so", {}};
  };
  auto open = std::make_shared<Open>(Open{std::move(done)});
  later(until_snapshot, [this, &loop, open, fails, until_answer, snapshot = std::move(snapshot)] {
    if (!fails) open->result = snapshot();
    later(until_answer, [&loop, open] { loop.post([open] { std::move(open->done)(std::move(open->result)); }); });
  });
}

void SimStore::read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) {
  read<DuePage>(loop, std::move(done), [this, query]() -> Result<DuePage> {
    DuePage page = database_.due(query);
    trace_.note("read", query.webhook.value, static_cast<std::int64_t>(page.rows.size()));
    spoil(page, query.webhook);
    return page;
  });
}

void SimStore::spoil(DuePage& page, WebhookId webhook) {
  if (fault_ != SimFault::kSwapOrder || page.rows.size() < 2 || !database_.webhooks().at(webhook).spec.ordered) return;
  std::swap(page.rows[0].sort_at, page.rows[1].sort_at);
  std::swap(page.rows[0], page.rows[1]);
}

void SimStore::read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                          Completion<Result<LanePage>> done) {
  // Small slices, so that the scan takes several.
  read<LanePage>(loop, std::move(done), [this, partitions, after, limit]() -> Result<LanePage> {
    LanePage page = database_.lanes(partitions, after, std::min<std::size_t>(limit, 2));
    if (fault_ == SimFault::kForgetTimers) {
      std::erase_if(page.lanes, [&](const LaneStart& lane) { return lane.next_sort_at > database_.time(); });
      page.done = page.done || page.lanes.empty();
    }
    return page;
  });
}

void SimStore::read_messages(EventLoop& loop, std::vector<EventId> events,
                             Completion<Result<std::vector<MessagePtr>>> done) {
  read<std::vector<MessagePtr>>(loop, std::move(done), [this, events]() -> Result<std::vector<MessagePtr>> {
    std::vector<MessagePtr> messages;
    for (const EventId event : events) messages.push_back(database_.message(event));
    return messages;
  });
}

void SimStore::read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) {
  read<std::vector<JobSummary>>(loop, std::move(done),
                                [this]() -> Result<std::vector<JobSummary>> { return database_.open_jobs(); });
}

}  // namespace eventrelay
