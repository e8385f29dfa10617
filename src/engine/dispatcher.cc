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
/// Lanes found per slice of the scan at the start.
constexpr std::size_t kScanLanes = 500;
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
      self_(std::make_shared<Dispatcher*>(this)) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() {
  scan_lanes(WebhookId{});
}

// ---- Lanes -------------------------------------------------------------------------------------------------------

bool Dispatcher::owns(WebhookId id) const {
  return partition_of(id) % options_.loop_count == options_.loop_index;
}

Lane* Dispatcher::find_lane(WebhookId id) {
  const auto found = lanes_.find(id);
  return found == lanes_.end() ? nullptr : found->second.get();
}

Lane* Dispatcher::lane_of(WebhookId id) {
  if (Lane* lane = find_lane(id)) return lane;
  Lane* lane = make_lane(id);
  // Until the scan has ended nobody knows what the store holds for it.
  if (lane && !scanned_) lane->window.set_beyond(LaneKey{});
  return lane;
}

Lane* Dispatcher::make_lane(WebhookId id) {
  WebhookPtr webhook = catalog_.webhooks().find(id);
  if (!webhook || !owns(id)) return nullptr;
  auto lane = std::make_unique<Lane>(std::move(webhook), options_.window, options_.faults);
  return lanes_.emplace(id, std::move(lane)).first->second.get();
}

void Dispatcher::place(Lane& lane, PendingDelivery delivery) {
  const bool far = delivery.sort_at > clock_.now() + milliseconds(kRetryHorizon);
  if (lane.enabled() && !far) {
    lane.window.put(std::move(delivery));
    return;
  }
  lane.window.erase(delivery.id);
  lane.window.set_beyond(key_of(delivery));
}

void Dispatcher::settle(Lane& lane) {
  if (lane.webhook()->deleted && lane.busy.empty()) {
    set_wake(lane, std::nullopt);
    lanes_.erase(lane.webhook()->id);
    return;
  }
  const WallTime now = clock_.now();
  if (!draining_ && lane.wants_refill(now)) refill(lane);
  // A lane that waits for its turn keeps its place, however much happens to it meanwhile.
  const std::size_t queue = std::min<std::size_t>(lane.sending, queues_.size() - 1);
  const bool ready = lane.can_start(now);
  if (lane.is_linked() && (!ready || lane.queue != queue)) lane.unlink();
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
  if (!retries_.empty()) next = next ? std::min(*next, retries_.begin()->first) : retries_.begin()->first;
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
  pump();
}

void Dispatcher::retry_later(std::function<void()> task) {
  retries_.emplace(loop_.now() + kRetryStoreAfter, std::move(task));
}

// ---- News --------------------------------------------------------------------------------------------------------

void Dispatcher::on_webhook(const WebhookPtr& webhook) {
  // While the scan runs a page of it may be older than this change, and have its rows at other places.
  Lane* lane = scanned_ ? find_lane(webhook->id) : lane_of(webhook->id);
  if (!lane) return;
  const bool was_enabled = lane->enabled();
  const bool reordered = lane->ordered() != webhook->spec.ordered;
  lane->set_webhook(webhook);
  if (!was_enabled && lane->enabled()) {
    lane->failing_since = webhook->failing_since;
    lane->failing_untold = false;
  }
  if (!lane->enabled()) lane->window.spill();
  if (reordered) {
    // Every place in the lane may have changed: all of it is read again.
    lane->window.spill();
    lane->refill_generation += 1;
    if (lane->window.refilling()) lane->window.fail_refill();
    lane->window.set_beyond(LaneKey{});
    for (auto& [id, busy] : lane->busy) busy.reread = LaneKey{};
  }
  settle(*lane);
}

void Dispatcher::on_pending(PendingDelivery delivery) {
  Lane* lane = lane_of(delivery.webhook);
  if (!lane) return;
  // The commit may have changed the lane's order after it had changed this: the place is by the new one.
  if (lane->ordered()) delivery.sort_at = delivery.first_due;
  lane->window.touch(delivery.id);
  if (const auto found = lane->busy.find(delivery.id); found != lane->busy.end()) {
    const LaneKey key = key_of(delivery);
    Busy& busy = found->second;
    busy.reread = busy.reread ? std::min(*busy.reread, key) : key;
    return;
  }
  place(*lane, std::move(delivery));
  settle(*lane);
}

void Dispatcher::on_cancelled(DeliveryRef delivery) {
  Lane* lane = find_lane(delivery.webhook);
  if (!lane) return;
  lane->window.touch(delivery.id);
  lane->window.erase(delivery.id);
  if (const auto found = lane->busy.find(delivery.id); found != lane->busy.end()) found->second.cancelled = true;
  settle(*lane);
}

// ---- Reading the store -------------------------------------------------------------------------------------------

void Dispatcher::scan_lanes(WebhookId after) {
  store_.read_lanes(loop_, all_partitions(), after, kScanLanes,
                    [self = std::weak_ptr(self_), after](Result<LanePage> page) {
                      if (const auto alive = self.lock()) (*alive)->on_lanes(std::move(page), after);
                    });
}

void Dispatcher::on_lanes(Result<LanePage> page, WebhookId after) {
  if (!page) {
    retry_later([this, after] { scan_lanes(after); });
    set_alarm();
    return;
  }
  for (const LaneStart& start : page->lanes) {
    after = start.webhook;
    Lane* lane = find_lane(start.webhook);
    if (!lane) lane = make_lane(start.webhook);
    if (!lane) continue;
    lane->window.set_beyond(LaneKey{start.next_sort_at, DeliveryId{}});
    settle(*lane);
  }
  scanned_ = page->done;
  if (!scanned_) scan_lanes(after);
  pump();
}

void Dispatcher::refill(Lane& lane) {
  const WebhookId id = lane.webhook()->id;
  DueQuery query =
      lane.window.begin_refill(lane.webhook()->organization, id, clock_.now() + milliseconds(kRetryHorizon));
  const std::uint64_t generation = lane.refill_generation;
  store_.read_due(loop_, query, [self = std::weak_ptr(self_), id, generation](Result<DuePage> page) {
    if (const auto alive = self.lock()) (*alive)->on_refill(id, generation, std::move(page));
  });
}

void Dispatcher::on_refill(WebhookId webhook, std::uint64_t generation, Result<DuePage> page) {
  Lane* lane = find_lane(webhook);
  if (!lane || lane->refill_generation != generation || !lane->window.refilling()) return;
  if (page) {
    lane->window.end_refill(std::move(*page), [&](DeliveryId id) { return lane->busy.contains(id); });
    if (!lane->enabled()) lane->window.spill();
  } else {
    lane->window.fail_refill();
    read_later(*lane);
  }
  settle(*lane);
  pump();
}

void Dispatcher::read_later(Lane& lane) {
  lane.reading_later = true;
  retry_later([this, webhook = lane.webhook()->id] {
    Lane* again = find_lane(webhook);
    if (!again) return;
    again->reading_later = false;
    settle(*again);
  });
}

// ---- Sending -----------------------------------------------------------------------------------------------------

Lane* Dispatcher::next_lane() {
  const std::size_t uncommitted_max = kUncommittedMax / static_cast<std::size_t>(options_.loop_count);
  // What is sent while the store takes nothing would be sent again after a crash.
  if (draining_ || store_fails_ || uncommitted_ >= uncommitted_max || in_flight_ >= options_.in_flight_max)
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
  const bool valid = loaded && lane->enabled() && !busy.cancelled && !busy.reread && !draining_;
  if (valid) busy.delivery.message = messages->front();
  if (valid && lane->may_go_on(key_of(busy.delivery))) {
    busy.stage = Busy::Stage::kSending;
    busy.payload = PayloadShare(options_.window, busy.delivery.message->body.size());
    send(*lane, busy);
    return;
  }
  // Not to be sent now: it is in the window or the store's again, and found there when its time comes.
  lane->sending -= 1;
  in_flight_ -= 1;
  Busy back = std::move(lane->busy.extract(delivery).mapped());
  back.payload = {};
  if (valid) {
    place(*lane, back.delivery);
  } else {
    lane->window.set_beyond(back.reread ? std::min(*back.reread, key_of(back.delivery)) : key_of(back.delivery));
  }
  if (!loaded) read_later(*lane);
  settle(*lane);
  pump();
}

void Dispatcher::send(Lane& lane, Busy& busy) {
  const WebhookId webhook = busy.delivery.webhook;
  const DeliveryId id = busy.delivery.id;
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
  transport_.send(make_request(*lane.webhook(), lane.target(), busy.delivery.message, loop_.wall_now()),
                  std::move(done));
}

void Dispatcher::on_outcome(WebhookId webhook, DeliveryId delivery, AttemptOutcome outcome) {
  Lane* lane = find_lane(webhook);
  assert(lane && lane->busy.contains(delivery));
  Busy& busy = lane->busy.at(delivery);
  lane->sending -= 1;
  in_flight_ -= 1;
  uncommitted_ += 1;
  busy.stage = Busy::Stage::kCommitting;
  busy.finish = conclude(*lane, busy.delivery, std::move(outcome), clock_.now(), loop_.random());
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
  if (busy.reread) {
    const LaneKey after{busy.finish->due, delivery};
    lane->window.set_beyond(std::min({*busy.reread, after, key_of(busy.delivery)}));
  } else if (result && result->state == DeliveryState::kPending && !busy.cancelled) {
    PendingDelivery& next = busy.delivery;
    next.attempts += 1;
    next.position = busy.finish->position;
    next.due = busy.finish->due;
    next.manual = false;
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
