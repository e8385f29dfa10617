#include "engine/membership.h"

#include <utility>

#include "base/log.h"

namespace eventrelay {

namespace {
/// Between two reads that succeeded; after a longer pause the others are observed anew.
constexpr auto kReadPauseMax = std::chrono::seconds(3);
/// Nothing is freed for a worker whose counter has stood so long.
constexpr auto kSilentAfter = std::chrono::seconds(3);
}  // namespace

Membership::Membership(EventLoop& loop, Leases& leases, std::vector<LoopEngine> engines, MembershipHooks hooks,
                       Metrics& metrics)
    : loop_(loop),
      leases_(leases),
      engines_(std::move(engines)),
      hooks_(std::move(hooks)),
      metrics_(metrics),
      alarm_(loop.make_alarm([this] { tick(); })),
      self_(std::make_shared<Membership*>(this)) {}

Membership::~Membership() = default;

template <class T, class Then>
Completion<Result<T>> Membership::answer(Then then) {
  return [self = std::weak_ptr(self_), round = round_, then = std::move(then)](Result<T> result) mutable {
    const auto alive = self.lock();
    if (alive && (*alive)->round_ == round) then(**alive, std::move(result));
  };
}

void Membership::start() {
  tick();
}

void Membership::tick() {
  alarm_->set(loop_.now() + kRenewEvery);
  show_owned();
  if (token_) return call_roll();
  if (!draining_) join();
}

void Membership::join() {
  if (joining_) return;
  joining_ = true;
  leases_.join(loop_, answer<WorkerToken>([](Membership& self, Result<WorkerToken> token) {
                 self.joining_ = false;
                 if (!token) {  // the next tick tries again
                   if (!std::exchange(self.join_failed_, true))
                     spdlog::warn("this worker cannot join and works on nothing: {}", token.error().message);
                   return;
                 }
                 if (std::exchange(self.join_failed_, false)) spdlog::info("this worker has joined");
                 self.token_ = *token;
                 self.call_roll();
               }));
}

// ---- Renewing ----------------------------------------------------------------------------------------------------

void Membership::renew_soon() {
  if (renewing_ || calling_roll_) {
    renew_again_ = true;
  } else {
    call_roll();
  }
}

void Membership::call_roll() {
  if (calling_roll_ || renewing_) return;
  calling_roll_ = true;
  // A loop that hangs works on nothing: then others shall have its partitions.
  ask_all<int>(
      loop_, engines_, [](Engine&) { return 0; },
      [self = std::weak_ptr(self_)](const std::vector<int>&) {
        const auto alive = self.lock();
        if (!alive) return;
        (*alive)->calling_roll_ = false;
        if ((*alive)->token_) (*alive)->renew();
      });
}

void Membership::renew() {
  renewing_ = true;
  const Asked asked{loop_.now(), loop_.boot_now(), changes_};
  leases_.renew(loop_, token_, answer<LeaseView>([asked](Membership& self, Result<LeaseView> view) {
                  self.on_view(asked, std::move(view));
                }));
}

void Membership::on_view(Asked asked, Result<LeaseView> view) {
  renewing_ = false;
  if (!view) {
    if (view.error().code == ErrorCode::kNotOwner) return fenced();
    seen_.clear();
    read_at_.reset();
    // The lease ends by itself: all that is worth waiting for is what is under way. Should the store come back before
    // that has ended, the partitions are given away then.
    if (draining_ && loop_.now() - drain_begun_ >= kGiveAwayTime) wait_for_engines();
    return;
  }
  take_in(asked, *view);
  observe(*view);
  const bool current = asked.changes == changes_ && changing_ == 0;
  if (current && !draining_) balance(asked, *view);
  if (current && draining_) go_on_draining(*view);
  if (std::exchange(renew_again_, false)) call_roll();
}

void Membership::take_in(Asked asked, const LeaseView& view) {
  store_ahead_ = view.at - loop_.wall_now();
  const bool had_handed = !handed_.empty();
  handed_ = view.handed;
  for (HandedDelivery& delivery : handed_) delivery.until -= store_ahead_;
  const SteadyTime valid_until = asked.boot_at + kLeasePeriod - kLeaseMargin;
  const bool tell_handed = had_handed || !handed_.empty();
  tell_all(engines_, [token = token_, valid_until, tell_handed, handed = handed_](Engine& engine) {
    engine.set_lease(token, valid_until);
    if (tell_handed) engine.set_handed(handed);
  });
  valid_until_ = valid_until;
  show_owned();
}

void Membership::observe(const LeaseView& view) {
  // What stood while nobody could write says nothing.
  if (read_at_ && loop_.now() - *read_at_ > kReadPauseMax) seen_.clear();
  read_at_ = loop_.now();
  std::map<WorkerId, Seen> seen;
  for (const WorkerView& worker : view.workers) {
    if (worker.worker == token_.worker) continue;
    const auto known = seen_.find(worker.worker);
    const bool stands = known != seen_.end() && known->second.counter == worker.counter;
    seen[worker.worker] = stands ? known->second : Seen{worker.counter, loop_.now()};
  }
  seen_ = std::move(seen);
}

std::chrono::microseconds Membership::stood_for(Asked asked, WorkerId worker) const {
  const auto known = seen_.find(worker);
  // From the answer that showed it first to the question that was answered with it last.
  return known == seen_.end() ? std::chrono::microseconds(0) : asked.at - known->second.since;
}

void Membership::fenced() {
  round_ += 1;
  token_ = {};
  joining_ = renewing_ = renew_again_ = false;
  changing_ = 0;
  gaining_.reset();
  releasing_.reset();
  handed_.clear();
  seen_.clear();
  read_at_.reset();
  stop_all();
  if (draining_) return wait_for_engines();
  join();
}

// ---- Who owns what -----------------------------------------------------------------------------------------------

void Membership::balance(Asked asked, const LeaseView& view) {
  std::set<WorkerId> silent;
  for (const auto& [worker, seen] : seen_) {
    if (stood_for(asked, worker) >= kSilentAfter) silent.insert(worker);
    if (stood_for(asked, worker) >= kLeasePeriod) fence(worker, seen.counter);
  }
  const PartitionSet mine = owned_by(view, token_.worker);
  if (const PartitionSet lost = owned_ & ~mine; lost.any()) {
    stop_working(lost);
    tell_all(engines_, [lost](Engine& engine) { engine.disown(lost); });
  }
  gaining_ &= mine;
  releasing_ &= mine;
  if (releasing_.any()) return release(releasing_);  // it did not go through
  // Also what came by a claim whose answer was lost.
  if (const PartitionSet found = mine & ~owned_ & ~gaining_; found.any()) gain(found);
  if (gaining_.any()) return;
  if (const PartitionSet wanted = to_claim(view, token_.worker); wanted.any()) return claim(wanted);
  if (const PartitionSet given = to_release(view, token_.worker, silent); given.any()) release(given);
}

bool Membership::settle_change(bool not_owner) {
  changes_ += 1;
  changing_ -= 1;
  if (not_owner) fenced();
  return !not_owner;
}

void Membership::fence(WorkerId worker, std::uint64_t counter) {
  changing_ += 1;
  leases_.fence(loop_, token_, worker, counter, answer<bool>([worker](Membership& self, Result<bool> done) {
                  if (!self.settle_change(!done && done.error().code == ErrorCode::kNotOwner)) return;
                  self.seen_.erase(worker);
                  self.renew_soon();
                }));
}

void Membership::claim(const PartitionSet& wanted) {
  changing_ += 1;
  leases_.claim(loop_, token_, wanted, answer<PartitionSet>([](Membership& self, Result<PartitionSet> taken) {
                  if (!self.settle_change(!taken && taken.error().code == ErrorCode::kNotOwner)) return;
                  // The next view has them, with what former owners have under way in them.
                  self.renew_soon();
                }));
}

void Membership::gain(const PartitionSet& found) {
  gaining_ |= found;
  hooks_.follow(owned_ | gaining_, [self = std::weak_ptr(self_), round = round_, found] {
    const auto alive = self.lock();
    if (!alive || (*alive)->round_ != round) return;
    Membership& membership = **alive;
    const PartitionSet now = found & membership.gaining_;
    if (now.none()) return;
    membership.gaining_ &= ~now;
    membership.owned_ |= now;
    // Said once the engines know of them: news that come sooner would be dropped there.
    ask_all<int>(
        membership.loop_, membership.engines_,
        [now, handed = membership.handed_](Engine& engine) {
          engine.own(now, handed);
          return 0;
        },
        [self](const std::vector<int>&) {
          if (const auto still_alive = self.lock()) (*still_alive)->show();
        });
    membership.renew_soon();  // for the next step
  });
}

void Membership::stop_working(const PartitionSet& lost) {
  if (lost.none()) return;
  owned_ &= ~lost;
  show();
  hooks_.follow(owned_ | gaining_, [] {});
}

void Membership::stop_all() {
  gaining_.reset();
  owned_.reset();
  show();
  hooks_.follow(PartitionSet{}, [] {});
  tell_all(engines_, [](Engine& engine) { engine.disown(all_partitions()); });
}

void Membership::show() {
  show_owned();
  hooks_.changed(owned_);
}

void Membership::show_owned() {
  const bool lapsed = loop_.boot_now() >= valid_until_;
  metrics_.partitions_owned.Set(lapsed ? 0 : static_cast<double>(owned_.count()));
}

void Membership::release(const PartitionSet& given) {
  changing_ += 1;
  gaining_ &= ~given;
  releasing_ |= given;
  stop_working(given);
  ask_all<std::vector<HandedDelivery>>(
      loop_, engines_,
      [given](Engine& engine) {
        engine.disown(given);
        return engine.under_way(given);
      },
      [self = std::weak_ptr(self_), round = round_, given](std::vector<std::vector<HandedDelivery>> parts) {
        const auto alive = self.lock();
        if (!alive || (*alive)->round_ != round) return;
        std::vector<HandedDelivery> handed;
        for (const auto& part : parts) handed.insert(handed.end(), part.begin(), part.end());
        (*alive)->submit_release(given, std::move(handed));
      });
}

void Membership::submit_release(const PartitionSet& given, std::vector<HandedDelivery> handed) {
  for (HandedDelivery& delivery : handed) delivery.until += store_ahead_;
  leases_.release(loop_, token_, given, std::move(handed), answer<void>([given](Membership& self, Result<void> done) {
                    if (!self.settle_change(!done && done.error().code == ErrorCode::kNotOwner)) return;
                    // Else a later view says whether they are this worker's still.
                    if (done) self.releasing_ &= ~given;
                    if (done && self.draining_) self.renew_soon();
                  }));
}

// ---- The end -----------------------------------------------------------------------------------------------------

void Membership::drain(Completion<> done) {
  draining_ = true;
  drain_begun_ = loop_.now();
  drained_.swap(done);  // Boost 1.81's move assignment never returns
  releasing_ |= owned_ | gaining_;
  stop_all();
  if (!token_) return wait_for_engines();
  tell_of_drain();
}

void Membership::tell_of_drain() {
  changing_ += 1;
  leases_.set_draining(loop_, token_, answer<void>([](Membership& self, Result<void> told) {
                         if (!self.settle_change(!told && told.error().code == ErrorCode::kNotOwner)) return;
                         if (!told) return;  // the next view comes back to it
                         self.told_of_drain_ = true;
                         if (self.changing_ == 0 && self.releasing_.any()) return self.release(self.releasing_);
                         self.renew_soon();
                       }));
}

void Membership::go_on_draining(const LeaseView& view) {
  if (!told_of_drain_) return tell_of_drain();
  const PartitionSet mine = owned_by(view, token_.worker);
  if (mine.any()) return release(mine);
  releasing_.reset();
  wait_for_engines();
}

void Membership::wait_for_engines() {
  if (std::exchange(waiting_for_engines_, true)) return;
  auto left = std::make_shared<std::atomic<std::size_t>>(engines_.size());
  tell_all(engines_, [left, &home = loop_, self = std::weak_ptr(self_)](Engine& engine) {
    engine.drain([left, &home, self] {
      if (left->fetch_sub(1) != 1) return;
      home.post([self] {
        if (const auto alive = self.lock()) (*alive)->leave();
      });
    });
  });
}

void Membership::leave() {
  alarm_->clear();
  const auto end = [self = std::weak_ptr(self_)] {
    const auto alive = self.lock();
    if (!alive) return;
    Completion<> done;
    done.swap((*alive)->drained_);
    if (done) (*alive)->loop_.post(std::move(done));
  };
  // Whatever else is answered from here on is of no use.
  round_ += 1;
  const WorkerToken token = std::exchange(token_, {});
  if (!token) return end();
  leases_.leave(loop_, token, [end](const Result<void>&) { end(); });
}

}  // namespace eventrelay
