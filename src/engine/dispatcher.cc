#include "engine/dispatcher.h"

#include <algorithm>
#include <cassert>

#include "engine/conclusion.h"
#include "engine/sender.h"

namespace eventrelay {

namespace {
/// Until a read or commit that did not go through is tried again.
constexpr auto kRetryStoreAfter = std::chrono::milliseconds(200);
/// A lane that waits looks at the wall clock so often: it may be stepped forward, or go on while the machine sleeps.
constexpr auto kLookAgainAfter = std::chrono::seconds(60);
/// A payload that is being read counts as this part of the budget until its size is known.
constexpr std::size_t kPayloadReads = 128;
}  // namespace

Dispatcher::Dispatcher(DispatcherOptions options, EventLoop& loop, Store& store, Transport& transport,
                       const LoopCatalog& catalog, Metrics& metrics)
    : options_(options),
      loop_(loop),
      store_(store),
      transport_(transport),
      catalog_(catalog),
      metrics_(metrics),
      attempts_gauge_(metrics.attempts_in_flight),
      entries_gauge_(metrics.window_entries),
      clock_(loop),
      alarm_(loop.make_alarm([this] { on_alarm(); })),
      self_(std::make_shared<Dispatcher*>(this)) {
  for (int p = 0; p < kPartitions; ++p)
    if (p % options.loop_count == options.loop_index) of_loop_.set(static_cast<std::size_t>(p));
}

Dispatcher::~Dispatcher() = default;

// ---- Lanes -------------------------------------------------------------------------------------------------------

void Dispatcher::place(Lane& lane, PendingDelivery delivery) {
  if (lane.held.contains(delivery.id)) {
    lane.window.erase(delivery.id);  // read again when it is over there
    return;
  }
  const bool far = delivery.sort_at > clock_.now() + milliseconds(kRetryHorizon);
  if (lane.takes(delivery) && !far) {
    lane.window.put(std::move(delivery));
    return;
  }
  lane.window.erase(delivery.id);
  lane.window.set_beyond(key_of(delivery));
}

void Dispatcher::settle(Lane& lane) {
  if ((lane.webhook()->deleted || lane.leaving) && lane.busy.empty()) {
    set_wake(lane, std::nullopt);
    lanes_.erase(lane.webhook()->id);
    return;
  }
  const WallTime now = clock_.now();
  if (lane.wants_look(now)) {
    lane.woken = false;
    lane.looking = true;
    lane.looks_again = lane.is_linked();
    lane.window.set_beyond(LaneKey{});
  }
  if (!draining_ && lane.wants_refill(now)) refill(lane);
  if (!lane.window.refilling()) lane.looks_again = false;
  // A lane that waits for its turn keeps its place, however much happens to it meanwhile, and while it looks again.
  const std::size_t queue = std::min<std::size_t>(lane.sending, queues_.size() - 1);
  const bool ready = lane.can_start(now);
  if (lane.is_linked() && (!(ready || lane.looks_again) || lane.queue != queue)) lane.unlink();
  if (ready && !lane.is_linked()) {
    lane.queue = queue;
    queues_[queue].push_back(lane);
  }
  set_wake(lane, lane.next_look(now));
}

void Dispatcher::set_wake(Lane& lane, std::optional<WallTime> at) {
  const WebhookId id = lane.webhook()->id;
  if (lane.wake) wakes_.erase({*lane.wake, id});
  lane.wake.reset();
  if (!at) return;
  lane.wake = loop_.now() + std::min<milliseconds>(*at - clock_.now(), kLookAgainAfter);
  wakes_.emplace(*lane.wake, id);
}

void Dispatcher::set_alarm() {
  std::optional<SteadyTime> next;
  if (!wakes_.empty()) next = wakes_.begin()->first;
  const auto consider = [&](SteadyTime at) { next = next ? std::min(*next, at) : at; };
  if (!retries_.empty()) consider(retries_.begin()->first);
  if (next_handed_end_) consider(*next_handed_end_);
  if (next) {
    alarm_->set(*next);
  } else {
    alarm_->clear();
  }
}

void Dispatcher::on_alarm() {
  const SteadyTime now = loop_.now();
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    Lane* lane = find_lane(wakes_.begin()->second);
    assert(lane && lane->wake);
    settle(*lane);
  }
  while (!retries_.empty() && retries_.begin()->first <= now) {
    const auto task = std::move(retries_.extract(retries_.begin()).mapped());
    task();
  }
  if (next_handed_end_ && *next_handed_end_ <= now) end_handed(now);
  pump();
}

void Dispatcher::retry_later(std::function<void()> task) {
  retries_.emplace(loop_.now() + kRetryStoreAfter, std::move(task));
}

// ---- Sending -----------------------------------------------------------------------------------------------------

bool Dispatcher::may_begin() const {
  return !refused_ && (!lease_ || loop_.boot_now() < lease_->valid_until);
}

Lane* Dispatcher::next_lane() {
  const std::size_t uncommitted_max = kUncommittedMax / static_cast<std::size_t>(options_.loop_count);
  // What is sent while the store takes nothing would be sent again after a crash.
  if (draining_ || store_fails_ || !may_begin() || uncommitted_ >= uncommitted_max ||
      in_flight_ >= options_.in_flight_max)
    return nullptr;
  auto& [none, one, more] = queues_;
  const WindowBudget& window = options_.window;
  // The last of the cap and of the payload bytes is for those with few under way; with none one may always begin.
  if (!none.empty()) return &none.front();
  if (!one.empty() && window.payload_bytes < window.payload_bytes_max) return &one.front();
  const bool half_free = in_flight_ < std::max<std::size_t>(1, options_.in_flight_max / 2);
  const bool bytes_free = window.payload_bytes < window.payload_bytes_max / 4 * 3;
  return !more.empty() && half_free && bytes_free ? &more.front() : nullptr;
}

void Dispatcher::pump() {
  while (Lane* lane = next_lane()) {
    lane->unlink();  // its turn
    if (lane->can_start(clock_.now())) start_front(*lane);
    settle(*lane);
  }
  set_alarm();
  check_drained();
  attempts_gauge_.show(in_flight_);
  entries_gauge_.show(options_.window.entries);
}

void Dispatcher::start_front(Lane& lane) {
  PendingDelivery delivery = lane.window.pop_front();
  lane.looked.reset();
  const DeliveryId id = delivery.id;
  const WebhookId webhook = delivery.webhook;
  const EventId event = delivery.event;
  Busy& busy = lane.busy.emplace(id, Busy{.delivery = std::move(delivery)}).first->second;
  lane.sending += 1;
  in_flight_ += 1;
  if (busy.delivery.message) {
    busy.payload = PayloadShare(options_.window, busy.delivery.message->body.size());
    send(lane, busy);
    return;
  }
  busy.stage = Busy::Stage::kLoading;
  busy.payload = PayloadShare(options_.window, options_.window.payload_bytes_max / kPayloadReads);
  store_.read_messages(loop_, {event},
                       [self = std::weak_ptr(self_), webhook, id](Result<std::vector<MessagePtr>> messages) {
                         if (const auto alive = self.lock()) (*alive)->on_message(webhook, id, std::move(messages));
                       });
}

void Dispatcher::on_message(WebhookId webhook, DeliveryId delivery, Result<std::vector<MessagePtr>> messages) {
  Lane* lane = find_lane(webhook);
  assert(lane && lane->busy.contains(delivery));
  Busy& busy = lane->busy.at(delivery);
  const bool loaded = messages && !messages->empty() && messages->front();
  // What a person has changed meanwhile, or given another place, is looked up again before it is sent.
  const bool valid =
      loaded && lane->takes(busy.delivery) && !busy.cancelled && !busy.reread && !draining_ && may_begin();
  if (valid) busy.delivery.message = messages->front();
  if (valid && lane->may_go_on(key_of(busy.delivery))) {
    busy.stage = Busy::Stage::kSending;
    busy.payload = PayloadShare(options_.window, busy.delivery.message->body.size());
    send(*lane, busy);
    return;
  }
  take_back(*lane, delivery, valid);
  if (!loaded) read_later(*lane);
  settle(*lane);
  pump();
}

void Dispatcher::take_back(Lane& lane, DeliveryId delivery, bool known) {
  lane.sending -= 1;
  in_flight_ -= 1;
  Busy back = std::move(lane.busy.extract(delivery).mapped());
  back.payload = {};
  if (known) return place(lane, std::move(back.delivery));
  back.read_again_from(key_of(back.delivery));
  lane.window.set_beyond(*back.reread);
}

void Dispatcher::send(Lane& lane, Busy& busy) {
  const WebhookId webhook = busy.delivery.webhook;
  const DeliveryId id = busy.delivery.id;
  if (lease_) busy.token = lease_->token;
  Completion<AttemptOutcome> done([self = std::weak_ptr(self_), webhook, id](AttemptOutcome outcome) {
    if (const auto alive = self.lock()) (*alive)->on_outcome(webhook, id, std::move(outcome));
  });
  if (!lane.target()) {
    AttemptOutcome outcome;
    outcome.started_at = clock_.now();
    outcome.error = AttemptError::kInvalidUrl;
    outcome.error_message = "The webhook's URL is not one that can be sent to";
    loop_.post(
        [done = std::move(done), outcome = std::move(outcome)]() mutable { std::move(done)(std::move(outcome)); });
    return;
  }
  // Signed with the clock as it is: receivers compare it with theirs.
  OutboundRequest request = make_request(*lane.webhook(), lane.target(), busy.delivery.message, loop_.wall_now());
  request.organization = busy.delivery.organization;
  request.delivery = id;
  busy.ends = loop_.now() + request.timeout;
  if (lease_) request.not_after = std::shared_ptr<const SteadyTime>(lease_, &lease_->valid_until);
  transport_.send(std::move(request), std::move(done));
}

void Dispatcher::on_outcome(WebhookId webhook, DeliveryId delivery, AttemptOutcome outcome) {
  Lane* lane = find_lane(webhook);
  assert(lane && lane->busy.contains(delivery));
  if (outcome.withheld) {
    // Whose it is by now, and what has become of it, is in the store.
    take_back(*lane, delivery, false);
    settle(*lane);
    return pump();
  }
  Busy& busy = lane->busy.at(delivery);
  lane->sending -= 1;
  in_flight_ -= 1;
  uncommitted_ += 1;
  busy.stage = Busy::Stage::kCommitting;
  busy.finish = conclude(*lane, busy, std::move(outcome), clock_.now(), loop_.random());
  busy.delivery.message.reset();
  busy.payload = {};
  if (busy.finish->state == DeliveryState::kSucceeded)
    metrics_.delivery_latency.Observe(std::chrono::duration<double>(busy.finish->latency).count());
  submit(webhook, delivery, busy.finish);
  settle(*lane);
  pump();
}

void Dispatcher::submit(WebhookId webhook, DeliveryId delivery, FinishAttemptPtr finish) {
  store_.finish_attempt(loop_, std::move(finish),
                        [self = std::weak_ptr(self_), webhook, delivery](Result<FinishResult> result) {
                          if (const auto alive = self.lock())
                            (*alive)->on_committed(webhook, delivery, std::move(result));
                        });
}

void Dispatcher::submit_again(WebhookId webhook, DeliveryId delivery) {
  Lane* lane = find_lane(webhook);
  assert(lane && lane->busy.contains(delivery));
  Busy& busy = lane->busy.at(delivery);
  busy.finish = still_true(*lane, std::move(busy.finish));
  submit(webhook, delivery, busy.finish);
}

void Dispatcher::on_committed(WebhookId webhook, DeliveryId delivery, Result<FinishResult> result) {
  Lane* lane = find_lane(webhook);
  assert(lane && lane->busy.contains(delivery));
  store_fails_ =
      !result && (result.error().code == ErrorCode::kUnavailable || result.error().code == ErrorCode::kUnknown);
  if (store_fails_) {
    retry_later([this, webhook, delivery] { submit_again(webhook, delivery); });
    set_alarm();
    return;
  }
  uncommitted_ -= 1;
  Busy busy = std::move(lane->busy.extract(delivery).mapped());
  lane->window.touch(delivery);
  const bool refused = !result && result.error().code == ErrorCode::kNotOwner;
  const bool pending = result && result->state == DeliveryState::kPending;
  // Where the partition was not given away the worker was fenced, and all else that it sends would be refused too.
  if (refused && !busy.handed) refused_ = lease_ != nullptr;
  // This attempt's number was another's, whose end came first: when the next is due it has said.
  if (pending && busy.finish->state != DeliveryState::kPending) busy.read_again_from(LaneKey{});
  if (refused || busy.reread) {
    // Whatever has become of it is in the store.
    busy.read_again_from(key_of(busy.delivery));
    if (busy.finish->state == DeliveryState::kPending) busy.read_again_from({busy.finish->due, delivery});
    lane->window.set_beyond(*busy.reread);
  } else if (pending && !busy.cancelled) {
    PendingDelivery& next = busy.delivery;
    next.attempts += 1;
    next.position = busy.finish->position;
    next.due = busy.finish->due;
    next.manual = false;
    next.is_test = false;
    next.sort_at = lane->ordered() ? next.first_due : next.due;
    place(*lane, std::move(next));
  }
  settle(*lane);
  pump();
}

// ---- The end -----------------------------------------------------------------------------------------------------

void Dispatcher::drain(Completion<> done) {
  draining_ = true;
  drained_.swap(done);  // Boost 1.81's move assignment never returns
  pump();
}

void Dispatcher::check_drained() {
  if (!draining_ || !drained_ || in_flight_ != 0 || uncommitted_ != 0) return;
  Completion<> done;
  done.swap(drained_);
  loop_.post(std::move(done));
}

}  // namespace eventrelay
