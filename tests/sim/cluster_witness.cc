#include "tests/sim/cluster_witness.h"

#include "tests/sim/witness.h"

namespace eventrelay {

namespace {
/// A new owner waits so long for the commit of what the former one had under way, from its last possible end on, and
/// little less (engine/dispatcher_partitions.cc).
constexpr auto kCommittedWithin = milliseconds(2'500);
/// Every partition has a worker again so long after the last disturbance.
constexpr auto kOwnedWithin = std::chrono::seconds(10);
}  // namespace

void ClusterWitness::fail(std::string what) {
  if (failure_) return;
  trace_.note("VIOLATION");
  failure_ = std::move(what);
}

std::string ClusterWitness::name(DeliveryId id) const {
  std::string text = describe(database_, id);
  if (const auto found = history_.find(id); found != history_.end()) {
    for (const Send& send : found->second.sends)
      text += ", " + std::to_string(send.number) + " by process " + std::to_string(send.process) +
              (send.open ? " open" : "") + (is_excused(send) ? " excused" : "");
  }
  return text;
}

// ---- Processes and disturbances ------------------------------------------------------------------------------------

void ClusterWitness::process_begins(WorkerId process, bool works, EventLoop& loop, std::vector<Engine*> engines,
                                    std::function<WorkerToken()> token) {
  processes_.emplace(process, Process{works, std::move(engines), std::move(token), SteadyWallClock(loop)});
  processes_.at(process).clock.observe(database_.time());
  if (works) on_change_of_members();
}

void ClusterWitness::process_ends(WorkerId process, bool crashed) {
  if (!crashed) {
    for (const DeliveryId id : open_)
      for (const Send& send : history_.at(id).sends)
        if (send.open && send.process == process && !is_excused(send)) fail("drained, but uncommitted: " + name(id));
  }
  excuse([&](const Send& send) { return send.process == process; });
  const std::set<DeliveryId> open = open_;
  for (const DeliveryId id : open) close(process, id);
  processes_.erase(process);
  on_change_of_members();
}

template <class Which>
void ClusterWitness::excuse(Which which) {
  for (const DeliveryId id : open_)
    for (Send& send : history_.at(id).sends)
      if (send.open && which(send)) send.excused = true;
}

void ClusterWitness::on_pause(WorkerId process, SteadyTime until) {
  processes_.at(process).paused_until = processes_.at(process).woke = until;
  excuse([&](const Send& send) { return send.process == process; });
  on_change_of_members();
}

void ClusterWitness::on_trouble(SteadyTime until) {
  for (auto& [id, process] : processes_) process.clock.now();
  trouble_until_ = std::max(trouble_until_, until);
  excuse([](const Send&) { return true; });
  quiet_since_ = std::max(quiet_since_, until);
}

void ClusterWitness::look_at_owners() {
  bool any = false;
  for (auto& [id, process] : processes_) {
    // Pauses end too: then it joins, or goes on.
    if (process.paused_until > SteadyTime{} && process.paused_until <= time_.now()) {
      quiet_since_ = std::max(quiet_since_, process.paused_until);
      process.paused_until = {};
    }
    any = any || (process.works && process.paused_until == SteadyTime{});
  }
  if (!any) quiet_since_ = time_.now();
  if (time_.now() < quiet_since_ + kOwnedWithin) return;
  for (std::size_t p = 0; p < kPartitions; ++p) {
    const auto owner = processes_.find(server_.owners()[p]);
    if (owner != processes_.end() && owner->second.paused_until == SteadyTime{}) continue;
    return fail("partition " + std::to_string(p) + " has no owner, " + std::to_string(server_.owners()[p]));
  }
}

// ---- The database --------------------------------------------------------------------------------------------------

void ClusterWitness::on_committed(const News& news) {
  for (const PendingDelivery& row : news.pending) {
    History& history = history_[row.id];
    if (row.attempts == 0 && !row.manual) continue;
    history.changed = time_.now();
    if (row.manual) continue;
    history.scheduled = 0;
    for (Send& send : history.sends) send.counts = false;
    history.gone = false;
  }
  for (const DeliveryRef& ref : news.cancelled) history_[ref.id].changed = time_.now();
  for (const WebhookPtr& webhook : news.webhooks) webhooks_changed_[webhook->id] = time_.now();
}

void ClusterWitness::on_event_stored(EventId event, SteadyTime begun) {
  for (const DeliveryId id : database_.events().at(event).deliveries) {
    history_[id].begun = begun;
    history_[id].visible = time_.now();
  }
}

void ClusterWitness::close(WorkerId process, DeliveryId id) {
  bool open = false;
  for (Send& send : history_[id].sends) {
    if (send.process == process) {
      send.excused = is_excused(send);
      send.open = false;
    }
    open = open || send.open;
  }
  if (!open) open_.erase(id);
}

void ClusterWitness::on_finish_committed(WorkerId process, const FinishAttempt& finish,
                                         const Result<FinishResult>& result) {
  trace_.note("finished", finish.delivery.value, finish.number, process);
  const DeliveryId id = finish.delivery;
  // That was the attempt which it sent, whatever others had recorded meanwhile.
  for (Send& send : history_[id].sends)
    if (send.open && send.process == process) send.number = finish.number;
  close(process, id);
  if (!result) return fail("an attempt's end was taken for no delivery");
  const SimDelivery& delivery = database_.deliveries().at(id);
  const History& history = history_[id];
  if (const Send* send = last_send(process, id); send && is_fenced(send->token))
    fail("the end of an attempt that was begun before process " + std::to_string(process) +
         " was fenced is taken: " + name(id));
  if (delivery.row.attempts > history.sends.size()) fail("more attempts recorded than were sent: " + name(id));
  const bool ended = result->state == finish.state && delivery.row.attempts == finish.number;
  if (ended && finish.state == DeliveryState::kSucceeded && !history.received)
    fail("succeeded without having been received: " + name(id));
  if (!ended || finish.state != DeliveryState::kDead || history.gone) return;
  if (history.scheduled < attempts_allowed(database_.webhooks().at(finish.webhook).spec.retry))
    fail("dead before its schedule was used up: " + name(id));
}

void ClusterWitness::on_finish_answered(WorkerId process, const FinishAttempt& finish,
                                        const Result<FinishResult>& result) {
  const bool again =
      !result && (result.error().code == ErrorCode::kUnavailable || result.error().code == ErrorCode::kUnknown);
  if (!again) close(process, finish.delivery);
}

// ---- The network ---------------------------------------------------------------------------------------------------

bool ClusterWitness::is_excused(const Send& send) const {
  return send.excused || (send.open && send.ended && time_.now() > *send.ended + kCommittedWithin);
}

bool ClusterWitness::is_in_force(const Process& process, std::optional<SteadyTime> changed) const {
  return !changed || time_.now() > std::max({*changed, trouble_until_, process.woke}) + in_force_;
}

std::optional<SteadyTime> ClusterWitness::changed_at(WebhookId webhook) const {
  const auto found = webhooks_changed_.find(webhook);
  return found == webhooks_changed_.end() ? std::nullopt : std::optional(found->second);
}

DeliveryId ClusterWitness::on_send(std::size_t sender, const OutboundRequest& request) {
  std::string failed;
  const auto identified = identify(database_, request, failed);
  if (!identified) {
    fail(failed);
    return {};
  }
  const DeliveryId id = *identified;
  const SimDelivery& delivery = database_.deliveries().at(id);
  const auto process = static_cast<WorkerId>(sender / kLoopsMax);
  Process& sending = processes_.at(process);
  const bool ended = delivery.state == DeliveryState::kSucceeded || delivery.state == DeliveryState::kDead;
  const std::uint32_t number = delivery.row.attempts + (ended ? 0 : 1);
  trace_.note("send", id.value, number, process);
  check_send(sending, process, sender % kLoopsMax, delivery, number);
  History& history = history_[id];
  const bool counts = !delivery.row.manual || !is_in_force(sending, history.changed);
  history.scheduled += counts ? 1 : 0;
  const bool excused = time_.now() < trouble_until_;
  history.sends.push_back({process, number, delivery.row.webhook, sending.token(), {}, true, excused, counts});
  open_.insert(id);
  sends_ += 1;
  return id;
}

void ClusterWitness::check_send(Process& process, WorkerId sender, std::size_t loop, const SimDelivery& delivery,
                                std::uint32_t number) {
  const PendingDelivery& row = delivery.row;
  const DeliveryId id = row.id;
  const History& history = history_[id];
  if (is_fenced(process.token()))
    fail("sent by process " + std::to_string(sender) + " after it was fenced: " + name(id));
  bool sent_before = false;
  bool any_excused = false;
  for (const Send& earlier : history.sends) {
    any_excused = any_excused || is_excused(earlier);
    if (earlier.number != number) continue;
    sent_before = true;
    if (!is_excused(earlier)) fail("sent again by process " + std::to_string(sender) + ": " + name(id));
  }
  doubles_ += sent_before;
  const bool ended = delivery.state == DeliveryState::kSucceeded || delivery.state == DeliveryState::kDead;
  if (ended && !sent_before) fail("sent after it was final: " + name(id));
  if (delivery.state == DeliveryState::kCancelled && !history.changed) fail("cancelled by nobody: " + name(id));
  if (delivery.state == DeliveryState::kCancelled && is_in_force(process, history.changed))
    fail("sent after it was cancelled: " + name(id));
  process.clock.observe(database_.time());
  const bool pending = delivery.state == DeliveryState::kPending && !any_excused;
  if (pending && !row.manual && row.due > process.clock.now() + kClockGrain)
    fail("sent before its time, at " + std::to_string(unix_ms(process.clock.now())) + ": " + name(id));
  check_webhook(process, loop, delivery);
}

void ClusterWitness::check_webhook(const Process& process, std::size_t loop, const SimDelivery& delivery) {
  const PendingDelivery& row = delivery.row;
  const DeliveryId id = row.id;
  const WebhookPtr known = process.engines.at(loop)->catalog().webhooks().find(row.webhook);
  if (!known || !known->spec.enabled) return fail("sent to a webhook that is disabled or deleted: " + name(id));
  const Webhook& current = database_.webhooks().at(row.webhook);
  const bool settled = is_in_force(process, changed_at(row.webhook));
  if (settled && (current.deleted || !current.spec.enabled)) fail("sent long after the webhook's end: " + name(id));
  if (delivery.state == DeliveryState::kPending && !row.manual &&
      row.position >= attempts_allowed(current.spec.retry) && is_in_force(process, history_[id].changed))
    fail("past the policy: " + name(id));
  std::size_t under_way = 0;
  for (const DeliveryId other : open_) {
    for (const Send& send : history_.at(other).sends) {
      if (!send.open || send.webhook != row.webhook || is_excused(send)) continue;
      under_way += send.ended ? 0 : 1;
      if (settled && current.spec.ordered && known->spec.ordered)
        fail("two at a time where order was asked: " + name(id) + ", " + name(other));
    }
  }
  if (settled && under_way >= std::max(known->spec.max_in_flight, current.spec.max_in_flight))
    fail("more under way than the webhook allows: " + name(id));
  if (settled && current.spec.ordered && delivery.state == DeliveryState::kPending) check_order(process, delivery);
}

void ClusterWitness::check_order(const Process& process, const SimDelivery& delivery) {
  const auto* lane = database_.lane(delivery.row.webhook);
  const History& history = history_[delivery.row.id];
  if (!lane || !history.begun) return;
  const LaneKey place{delivery.row.first_due, delivery.row.id};
  for (const auto& [key, id] : *lane) {
    const History& other = history_[id];
    const LaneKey before{database_.deliveries().at(id).row.first_due, id};
    if (before >= place || !other.begun || !is_in_force(process, other.changed)) continue;
    // Answered, or at least to be seen, before the other was begun.
    if (other.visible <= *history.begun) return fail("out of order: " + name(delivery.row.id) + " before " + name(id));
  }
}

ClusterWitness::Send* ClusterWitness::last_send(WorkerId process, DeliveryId id) {
  auto& sends = history_[id].sends;
  const auto last =
      std::find_if(sends.rbegin(), sends.rend(), [&](const Send& send) { return send.process == process; });
  return last == sends.rend() ? nullptr : &*last;
}

void ClusterWitness::on_written(std::size_t sender, DeliveryId id) {
  const auto process = static_cast<WorkerId>(sender / kLoopsMax);
  if (is_fenced(last_send(process, id)->token))
    fail("written by process " + std::to_string(process) + " after it was fenced: " + name(id));
}

void ClusterWitness::on_withheld(std::size_t sender, DeliveryId id) {
  const auto process = static_cast<WorkerId>(sender / kLoopsMax);
  trace_.note("withheld", id.value, process);
  History& history = history_[id];
  const Send* send = last_send(process, id);
  history.scheduled -= send->counts ? 1 : 0;
  history.sends.erase(history.sends.begin() + (send - history.sends.data()));
  sends_ -= 1;
  withheld_ += 1;
  if (std::none_of(history.sends.begin(), history.sends.end(), [](const Send& other) { return other.open; }))
    open_.erase(id);
}

void ClusterWitness::on_outcome(std::size_t sender, DeliveryId id, const AttemptOutcome& outcome) {
  const auto process = static_cast<WorkerId>(sender / kLoopsMax);
  trace_.note("outcome", id.value, outcome.status_code, process);
  History& history = history_[id];
  for (Send& send : history.sends)
    if (send.open && send.process == process) send.ended = time_.now();
  if (outcome.error == AttemptError::kNone) history.received = true;
  if (outcome.status_code == 410) history.gone = true;
}

// ---- The end -------------------------------------------------------------------------------------------------------

std::optional<std::string> ClusterWitness::unfinished() const {
  if (auto open = open_work(database_)) return open;
  if (!open_.empty()) return "still uncommitted: " + name(*open_.begin());
  return std::nullopt;
}

milliseconds ClusterWitness::longest_wait() {
  milliseconds wait{0};
  for (auto& [process, state] : processes_) {
    for (const auto& [id, delivery] : database_.deliveries())
      if (delivery.state == DeliveryState::kPending) wait = std::max(wait, delivery.row.due - state.clock.now());
  }
  return wait;
}

void ClusterWitness::look_at_the_end() {
  if (auto left = unfinished()) fail(*left);
  if (auto lost = lost_answer(database_, answered_events_)) return fail(*lost);
  SimServer::Counters counted;
  for (const auto& [id, delivery] : database_.deliveries()) {
    counted.attempts += delivery.row.attempts;
    counted.succeeded += delivery.state == DeliveryState::kSucceeded;
    if (delivery.state == DeliveryState::kSucceeded && !history_[id].received)
      fail("succeeded, never received: " + name(id));
    if (delivery.row.attempts > history_[id].sends.size()) fail("more attempts recorded than were sent: " + name(id));
  }
  if (server_.counters().attempts != counted.attempts)
    fail("the attempts counted are " + std::to_string(server_.counters().attempts) + ", recorded " +
         std::to_string(counted.attempts));
  if (server_.counters().succeeded != counted.succeeded) fail("the successes counted are not those recorded");
}

}  // namespace eventrelay
