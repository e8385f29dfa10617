// Writes.
#include "tests/sim/shared_sim_store.h"

#include <algorithm>

namespace eventrelay {

namespace {
constexpr auto kCatalogLookEvery = milliseconds(400);
constexpr auto kCommitTimeout = std::chrono::seconds(5);
constexpr int kTriesMax = 2;

Error decided(ErrorCode code) {
  return Error{code, "The simulation decided so", {}};
}
}  // namespace

/// An intent on its way. Applied at the server, answered by its own process.
class SharedSimStore::Work {
 public:
  virtual ~Work() = default;
  virtual std::size_t ids() const { return 0; }
  virtual void apply(SimServer& server, std::uint64_t number) = 0;
  virtual void fail(ErrorCode code) = 0;
  virtual void complete() = 0;
  EventLoop* loop = nullptr;
  bool stale = false;
  int tries = 0;
};

class SharedSimStore::IngestWork final : public Work {
 public:
  IngestWork(IngestIntent what, SteadyTime begun, Completion<Result<IngestResult>> done, ClusterWitness& witness)
      : intent(std::move(what)), begun_(begun), done_(std::move(done)), witness_(witness) {}
  std::size_t ids() const override {
    std::size_t count = 0;
    for (const NewEvent& event : intent.events) count += 1 + event.targets.size();
    return count;
  }
  void apply(SimServer& server, std::uint64_t) override {
    SimDatabase& database = server.database();
    stale = intent.catalog_version != database.version() && checks_version;
    if (stale) return;
    result_ = database.apply(intent);
    if (!result_ || result_->duplicate) return;
    for (const IngestedEvent& event : result_->events) witness_.on_event_stored(event.id, begun_);
  }
  void fail(ErrorCode code) override { result_ = decided(code); }
  void complete() override { std::move(done_)(std::move(result_)); }
  void begins(SteadyTime now) { begun_ = now; }

  IngestIntent intent;
  bool checks_version = true;

 private:
  SteadyTime begun_;
  Completion<Result<IngestResult>> done_;
  ClusterWitness& witness_;
  Result<IngestResult> result_ = decided(ErrorCode::kUnavailable);
};

class SharedSimStore::FinishWork final : public Work {
 public:
  FinishWork(FinishAttemptPtr what, Completion<Result<FinishResult>> done, ClusterWitness& witness, WorkerId process)
      : intent(std::move(what)), done_(std::move(done)), witness_(witness), process_(process) {}
  void apply(SimServer& server, std::uint64_t) override {
    if (!server.holds(token)) witness_.fail("an attempt's end of a fenced owner was committed");
    result_ = server.finish(*intent);
    witness_.on_finish_committed(process_, *intent, result_);
  }
  void fail(ErrorCode code) override { result_ = decided(code); }
  void complete() override {
    witness_.on_finish_answered(process_, *intent, result_);
    std::move(done_)(std::move(result_));
  }
  bool has_health() const { return result_ && intent->health != HealthChange::kNone; }

  FinishAttemptPtr intent;
  WorkerToken token;

 private:
  Completion<Result<FinishResult>> done_;
  ClusterWitness& witness_;
  WorkerId process_;
  Result<FinishResult> result_ = decided(ErrorCode::kUnavailable);
};

class SharedSimStore::ChangeWork final : public Work {
 public:
  ChangeWork(Change intent, Completion<Result<ChangeResult>> done)
      : intent_(std::move(intent)), done_(std::move(done)) {}
  void apply(SimServer& server, std::uint64_t) override { result_ = server.database().apply(intent_); }
  void fail(ErrorCode code) override { result_ = decided(code); }
  void complete() override { std::move(done_)(std::move(result_)); }

 private:
  Change intent_;
  Completion<Result<ChangeResult>> done_;
  Result<ChangeResult> result_ = decided(ErrorCode::kUnavailable);
};

/// What an attempt's end means for its webhook; the end is committed, whatever becomes of this.
class SharedSimStore::HealthWork final : public Work {
 public:
  HealthWork(FinishAttemptPtr intent, std::unique_ptr<Work> finish)
      : intent_(std::move(intent)), finish_(std::move(finish)) {}
  void apply(SimServer& server, std::uint64_t) override { server.database().change_health(*intent_); }
  void fail(ErrorCode) override {}
  void complete() override { finish_->complete(); }

 private:
  FinishAttemptPtr intent_;
  std::unique_ptr<Work> finish_;
};

SharedSimStore::SharedSimStore(VirtualTime& time, SimServer& server, HandOver& hand_over, ClusterWitness& witness,
                               const SharedStoreOptions& options, std::uint64_t seed)
    : time_(time),
      server_(server),
      hand_over_(hand_over),
      witness_(witness),
      options_(options),
      chance_(seed),
      thread_(time),
      process_(server.add_process()),
      self_(std::make_shared<SharedSimStore*>(this)) {
  look_alarm_ = thread_.make_alarm([this] {
    look();
    look_alarm_->set(time_.now() + kCatalogLookEvery);
  });
  look_alarm_->set(time_.now() + kCatalogLookEvery);
}

SharedSimStore::~SharedSimStore() {
  thread_.end();
}

void SharedSimStore::later(std::chrono::microseconds time, std::function<void()> task) {
  time_.at(time_.now() + time, [self = std::weak_ptr(self_), task = std::move(task)] {
    const auto alive = self.lock();
    if (alive) (*alive)->thread_.post([task] { task(); });
  });
}

// ---- Submitting ----------------------------------------------------------------------------------------------------

void SharedSimStore::ingest(EventLoop& loop, IngestIntent intent, Completion<Result<IngestResult>> done) {
  auto work = std::make_unique<IngestWork>(std::move(intent), time_.now(), std::move(done), witness_);
  work->loop = &loop;
  work->checks_version = options_.fault != SimFault::kVersionUnchecked;
  submit(kIngestLine, std::move(work));
}

void SharedSimStore::finish_attempt(EventLoop& loop, FinishAttemptPtr intent, Completion<Result<FinishResult>> done) {
  auto work = std::make_unique<FinishWork>(std::move(intent), std::move(done), witness_, process_);
  work->loop = &loop;
  work->token = options_.fault == SimFault::kTokenAtEnd ? token_ : work->intent->token;
  submit(kFinishLine, std::move(work));
}

void SharedSimStore::change(EventLoop& loop, Change intent, Completion<Result<ChangeResult>> done) {
  auto work = std::make_unique<ChangeWork>(std::move(intent), std::move(done));
  work->loop = &loop;
  submit(kChangeLine, std::move(work));
}

void SharedSimStore::submit(LineIndex index, std::unique_ptr<Work> work) {
  Line& line = lines_[index];
  if (chance_.percent(options_.weather.refused)) {
    work->fail(ErrorCode::kUnavailable);
    Works refused;
    refused.push_back(std::move(work));
    return post_all(std::move(refused));
  }
  line.queue.push_back(std::move(work));
  if (!line.busy) begin_commit(index);
}

std::chrono::microseconds SharedSimStore::commit_time() {
  if (chance_.percent(options_.weather.late)) return chance_.us(50'000, 2'000'000);
  return chance_.us(200, 6'000);
}

// ---- Commits -------------------------------------------------------------------------------------------------------

void SharedSimStore::fail(LineIndex line, Works works, ErrorCode code) {
  for (auto& work : works) work->fail(code);
  auto failed = std::make_shared<Works>(std::move(works));
  later(chance_.us(100, 2'000), [this, line, failed] {
    post_all(std::move(*failed));
    go_on(line);
  });
}

void SharedSimStore::go_on(LineIndex index) {
  lines_[index].busy = false;
  if (!lines_[index].queue.empty()) begin_commit(index);
}

void SharedSimStore::begin_commit(LineIndex index) {
  Line& line = lines_[index];
  line.busy = true;
  Works works;
  WorkerToken token;
  if (index == kChangeLine) {
    works.push_back(std::move(line.queue.front()));
    line.queue.erase(line.queue.begin());
  } else if (index == kFinishLine) {
    // Those of one token, and of one delivery's attempts one.
    token = static_cast<FinishWork&>(*line.queue.front()).token;
    std::set<DeliveryId> seen;
    Works rest;
    for (auto& work : line.queue) {
      auto& finish = static_cast<FinishWork&>(*work);
      const bool taken = finish.token == token && seen.insert(finish.intent->delivery).second;
      (taken ? works : rest).push_back(std::move(work));
    }
    line.queue = std::move(rest);
  } else {
    works = std::exchange(line.queue, {});
  }
  const StoreWeather& weather = options_.weather;
  const int dice = static_cast<int>(chance_.between(0, 99));
  const int lost = weather.unavailable + weather.unknown_lost;
  const int unknown = lost + weather.unknown_done;
  const int never = unknown + options_.never;
  if (!server_.is_up() || dice < weather.unavailable) return fail(index, std::move(works), ErrorCode::kUnavailable);
  const bool has_token = token && options_.fault != SimFault::kNoFencing;
  if (has_token && !server_.holds(token)) return fail(index, std::move(works), ErrorCode::kNotOwner);
  std::size_t ids = 0;
  for (auto& work : works) {
    if (index == kIngestLine) {
      auto& ingest = static_cast<IngestWork&>(*work);
      settle_targets(ingest.intent);
      ingest.begins(time_.now());
    }
    ids += work->ids();
  }
  auto group = std::make_shared<Group>(Group{std::move(works), {}});
  const bool told = dice >= never;
  const bool slow = !told && dice >= unknown;
  auto answer = [self = std::weak_ptr(self_), index, group, told, slow](bool done) {
    const auto alive = self.lock();
    if (!alive) return;
    (*alive)->later(slow ? kCommitTimeout : std::chrono::microseconds(0),
                    [store = *alive, index, group, told, done] { store->end_commit(index, group, done, told); });
  };
  if (dice < lost) return server_.run_broken(process_, has_token ? token : WorkerToken{}, commit_time(), answer);
  server_.run(
      process_, has_token ? token : WorkerToken{}, ids, commit_time(),
      [&server = server_, &witness = witness_, group](std::uint64_t number) {
        for (auto& work : group->works) work->apply(server, number);
        group->news = server.database().take_news();
        witness.on_committed(group->news);
        server.note(group->news);
      },
      answer);
}

void SharedSimStore::end_commit(LineIndex index, const std::shared_ptr<Group>& group, bool done, bool told) {
  if (!done || !told) {
    // Nobody here knows: the commit log finds what was done.
    for (auto& work : group->works) work->fail(ErrorCode::kUnknown);
    post_all(std::move(group->works));
    return go_on(index);
  }
  publish(index, *group);
}

void SharedSimStore::publish(LineIndex index, Group& group) {
  Works now;
  auto stale = std::make_shared<Works>();
  for (auto& work : group.works) {
    if (work->stale) {
      stale->push_back(std::move(work));
      continue;
    }
    if (index == kFinishLine && static_cast<FinishWork&>(*work).has_health()) {
      const FinishAttemptPtr intent = static_cast<FinishWork&>(*work).intent;
      EventLoop* loop = work->loop;
      auto health = std::make_unique<HealthWork>(intent, std::move(work));
      health->loop = loop;
      lines_[kChangeLine].queue.push_back(std::move(health));
      if (!lines_[kChangeLine].busy) begin_commit(kChangeLine);
      continue;
    }
    now.push_back(std::move(work));
  }
  if (index == kChangeLine) {
    auto waiting = std::make_unique<Works>(std::move(now));
    Completion<> applied([waiting = std::move(waiting)]() mutable { post_all(std::move(*waiting)); });
    if (group.news.empty()) {
      std::move(applied)();
    } else {
      publish_change(std::move(group.news), std::move(applied));
    }
    return go_on(index);
  }
  if (!group.news.empty()) hand_over_.publish(std::move(group.news), {});
  post_all(std::move(now));
  if (index == kFinishLine && server_.database().version() > known_) look();
  if (stale->empty()) return go_on(index);
  // Matched against webhooks that have changed since: again, with what they are now.
  catch_up_then(true,
                [this, index, stale](bool done) {
                  Works failed;
                  for (auto& work : *stale) {
                    work->stale = false;
                    if (!done || ++work->tries > kTriesMax) {
                      work->fail(ErrorCode::kUnavailable);
                      failed.push_back(std::move(work));
                    } else {
                      lines_[index].queue.push_back(std::move(work));
                    }
                  }
                  post_all(std::move(failed));
                  go_on(index);
                },
                {});
}

void SharedSimStore::post_all(Works works) {
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

}  // namespace eventrelay
