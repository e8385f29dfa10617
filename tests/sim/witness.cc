#include "tests/sim/witness.h"

namespace eventrelay {

namespace {
constexpr std::size_t kDeliveryIdChars = 17;
/// The window's least room for a lane (engine/lane_window.cc): past the budget by so much.
constexpr std::size_t kLaneEntriesMin = 2;
/// No message of the simulation is larger (sim_message).
constexpr std::size_t kMessageBytesMax = 512;
/// Two clocks that were set back at other fractions of a millisecond.
}  // namespace

std::string sim_host(int number) {
  return "w" + std::to_string(number) + ".test";
}

std::string describe(const SimDatabase& database, DeliveryId id) {
  const auto found = database.deliveries().find(id);
  if (found == database.deliveries().end()) return "delivery " + std::to_string(id.value) + " (not stored)";
  const PendingDelivery& row = found->second.row;
  return "delivery " + std::to_string(id.value) + " of webhook " + std::to_string(row.webhook.value) + " (" +
         std::string(to_text(found->second.state)) + ", attempts " + std::to_string(row.attempts) + ", position " +
         std::to_string(row.position) + ", due " + std::to_string(unix_ms(row.due)) + ", sort_at " +
         std::to_string(unix_ms(row.sort_at)) + (row.manual ? ", manual)" : ")");
}

Witness::Witness(const SimDatabase& database, VirtualTime& time, Trace& trace)
    : database_(database), time_(time), trace_(trace), loop_(time), clock_(loop_) {}

void Witness::fail(std::string what) {
  if (failure_) return;
  trace_.note("VIOLATION");
  failure_ = std::move(what);
}

std::string Witness::name(DeliveryId id) const {
  return describe(database_, id);
}

// ---- Processes -----------------------------------------------------------------------------------------------------

void Witness::process_begins(std::vector<Engine*> engines, const WindowBudget& window, std::size_t in_flight_max) {
  process_ += 1;
  engines_ = std::move(engines);
  window_ = window;
  in_flight_max_ = in_flight_max;
  drained_ = false;
}

void Witness::process_ends(bool drained) {
  if (drained) {
    drained_processes_.insert(process_);
    if (!busy_.empty()) fail("drained, but uncommitted: " + name(busy_.begin()->first));
  }
  engines_.clear();
  busy_.clear();
  untold_pending_.clear();
  untold_cancelled_.clear();
  untold_webhooks_.clear();
}

void Witness::look() {
  clock_.observe(database_.time());
  for (std::size_t loop = 0; loop < engines_.size(); ++loop) check_window(loop);
}

void Witness::check_window(std::size_t loop) {
  const Engine& engine = *engines_[loop];
  const std::size_t lanes = engine.catalog().webhooks().size() + 1;
  const WindowBudget& window = engine.dispatcher().window();
  if (window.entries > window_.entries_max + kLaneEntriesMin * lanes)
    fail("the window holds " + std::to_string(window.entries) + " entries");
  if (engine.dispatcher().in_flight() > in_flight_max_) fail("more attempts under way than the cap allows");
  std::size_t sending = 0;
  for (const auto& [id, busy] : busy_) sending += busy.in_flight && busy.loop == loop ? busy.bytes : 0;
  if (window.payload_bytes < sending) fail("bytes under way that do not count");
  if (window.payload_bytes > window_.window_payload_bytes_max() + in_flight_max_ * kMessageBytesMax)
    fail("the engine holds " + std::to_string(window.payload_bytes) + " bytes of payload");
}

void Witness::on_drained() {
  drained_ = true;
}

// ---- The store -----------------------------------------------------------------------------------------------------

void Witness::on_committed(const News& news) {
  for (const PendingDelivery& row : news.pending) {
    untold_pending_[row.id] += 1;
    History& history = history_[row.id];
    const bool reopened = row.attempts > 0 && !row.manual;
    if (!reopened) continue;
    history.reopened += 1;
    history.scheduled = 0;
    history.gone = false;
    history.final_state.reset();
  }
  for (const DeliveryRef& ref : news.cancelled) untold_cancelled_.insert(ref.id);
  for (const WebhookPtr& webhook : news.webhooks) untold_webhooks_[webhook->id] += static_cast<int>(engines_.size());
}

void Witness::on_news_taken(const News& news) {
  for (const PendingDelivery& row : news.pending) {
    trace_.note("told pending", row.id.value, row.attempts, row.manual);
    if (--untold_pending_[row.id] <= 0) untold_pending_.erase(row.id);
  }
  for (const DeliveryRef& ref : news.cancelled) {
    trace_.note("told cancelled", ref.id.value);
    untold_cancelled_.erase(ref.id);
  }
  for (const WebhookPtr& webhook : news.webhooks) {
    trace_.note(webhook->spec.ordered ? "told webhook, ordered" : "told webhook", webhook->id.value,
                webhook->spec.enabled, webhook->deleted);
    if (--untold_webhooks_[webhook->id] <= 0) untold_webhooks_.erase(webhook->id);
  }
}

void Witness::on_finish_answered(const FinishAttempt& finish, const FinishResult& result) {
  trace_.note("finished", finish.delivery.value, finish.number, static_cast<std::int64_t>(result.state));
  busy_.erase(finish.delivery);
  History& history = history_[finish.delivery];
  history.answered = std::max(history.answered, finish.number);
  const auto found = database_.deliveries().find(finish.delivery);
  if (found == database_.deliveries().end()) return fail("an attempt's end was taken for no delivery");
  if (found->second.row.attempts > history.sends)
    fail("more attempts recorded than were sent: " + name(finish.delivery));
  // A person was faster: cancelled it before, or has opened it again by now.
  if (result.state != finish.state || history.reopened != history.reopened_at_send) return;
  if (finish.state == DeliveryState::kPending) return;
  history.final_state = finish.state;
  if (finish.state == DeliveryState::kSucceeded && !history.received)
    fail("succeeded without having been received: " + name(finish.delivery));
  if (finish.state != DeliveryState::kDead || history.gone) return;
  const auto webhook = database_.webhooks().find(finish.webhook);
  if (history.scheduled < attempts_allowed(webhook->second.spec.retry))
    fail("dead before its schedule was used up: " + name(finish.delivery));
}

// ---- The transport -------------------------------------------------------------------------------------------------

namespace {
const Webhook* webhook_at(const SimDatabase& database, const std::string& host) {
  for (const auto& [id, webhook] : database.webhooks()) {
    if (webhook.spec.url.find("//" + host + "/") != std::string::npos) return &webhook;
  }
  return nullptr;
}

DeliveryId delivery_of(const SimDatabase& database, const Message& message, WebhookId webhook) {
  if (message.body.starts_with("dlv_"))
    return *parse_id<DeliveryId>(std::string_view(message.body).substr(0, kDeliveryIdChars));
  DeliveryId found;
  for (const DeliveryId id : database.events().at(message.event).deliveries) {
    const SimDelivery& delivery = database.deliveries().at(id);
    if (delivery.row.webhook != webhook) continue;
    found = id;
    if (delivery.state == DeliveryState::kPending) break;
  }
  return found;
}
}  // namespace

std::optional<DeliveryId> identify(const SimDatabase& database, const OutboundRequest& request, std::string& failed) {
  const Webhook* webhook = webhook_at(database, request.target->host);
  if (!webhook) {
    failed = "a request to a webhook that does not exist: " + request.target->host;
    return std::nullopt;
  }
  if (!database.events().contains(request.message->event)) {
    failed = "a request of an event that is not stored";
    return std::nullopt;
  }
  const DeliveryId id = delivery_of(database, *request.message, webhook->id);
  const auto found = database.deliveries().find(id);
  if (found != database.deliveries().end() && found->second.row.webhook == webhook->id) return id;
  failed = "a request of no delivery to webhook " + std::to_string(webhook->id.value);
  return std::nullopt;
}

DeliveryId Witness::on_send(std::size_t loop, const OutboundRequest& request) {
  std::string failed;
  const auto identified = identify(database_, request, failed);
  if (!identified) {
    fail(failed);
    return {};
  }
  const DeliveryId id = *identified;
  const SimDelivery& delivery = database_.deliveries().at(id);
  trace_.note("send", id.value, delivery.row.webhook.value, delivery.row.attempts + 1);
  check_send(loop, delivery);
  History& history = history_[id];
  history.sends += 1;
  sends_ += 1;
  // By hand, unless the loop has not been told of the request yet.
  history.scheduled += delivery.row.manual && !untold_pending_.contains(id) ? 0 : 1;
  history.last_number = delivery.row.attempts + 1;
  history.last_process = process_;
  history.reopened_at_send = history.reopened;
  busy_[id] = Busy{delivery.row.webhook, loop, request.message->body.size()};
  return id;
}

void Witness::check_send(std::size_t loop, const SimDelivery& delivery) {
  const PendingDelivery& row = delivery.row;
  const DeliveryId id = row.id;
  const History& history = history_[id];
  const std::uint32_t number = row.attempts + 1;
  if (drained_) fail("sent after the drain had ended: " + name(id));
  if (busy_.contains(id)) fail("a second attempt while one is under way: " + name(id));
  if (delivery.state != DeliveryState::kPending && !untold_cancelled_.contains(id))
    fail("sent after it was final: " + name(id));
  if (history.final_state) fail("sent after its end was answered: " + name(id));
  if (number <= history.answered) fail("an attempt sent again after its end was answered: " + name(id));
  const bool crashed_between = history.last_process != process_ && !drained_processes_.contains(history.last_process);
  if (history.last_number == number && !crashed_between) fail("sent twice: " + name(id));
  if (delivery.state == DeliveryState::kPending && !row.manual && row.due > clock_.now() + kClockGrain)
    fail("sent before its time, at " + std::to_string(unix_ms(clock_.now())) + ": " + name(id));

  const WebhookPtr known = engines_.at(loop)->catalog().webhooks().find(row.webhook);
  if (!known || !known->spec.enabled) return fail("sent to a webhook that is disabled or deleted: " + name(id));
  if (!row.manual && row.position >= attempts_allowed(known->spec.retry)) fail("past the policy: " + name(id));
  std::size_t under_way = 0;
  for (const auto& [other, busy] : busy_) under_way += busy.in_flight && busy.webhook == row.webhook;
  if (under_way >= known->spec.max_in_flight) fail("more under way than the webhook allows: " + name(id));
  if (known->spec.ordered && !untold_webhooks_.contains(row.webhook)) check_order(delivery);
}

void Witness::check_order(const SimDelivery& delivery) {
  const PendingDelivery& row = delivery.row;
  for (const auto& [other, busy] : busy_) {
    if (busy.webhook == row.webhook) fail("two at a time where order was asked: " + name(row.id) + ", " + name(other));
  }
  const auto* lane = database_.lane(row.webhook);
  if (!lane) return;
  const LaneKey place{row.first_due, row.id};
  for (const auto& [key, id] : *lane) {
    const PendingDelivery& other = database_.deliveries().at(id).row;
    if (LaneKey{other.first_due, id} >= place || untold_pending_.contains(id)) continue;
    return fail("out of order: " + name(row.id) + " before " + name(id));
  }
}

void Witness::on_outcome(std::size_t, DeliveryId id, const AttemptOutcome& outcome) {
  if (const auto found = busy_.find(id); found != busy_.end()) found->second.in_flight = false;
  trace_.note("outcome", id.value, outcome.status_code, static_cast<std::int64_t>(outcome.error));
  History& history = history_[id];
  if (outcome.error == AttemptError::kNone) history.received = true;
  if (outcome.status_code == 410) history.gone = true;
}

// ---- The end -------------------------------------------------------------------------------------------------------

void Witness::on_event_answered(const IngestedEvent& event) {
  answered_events_[event.id] = event.deliveries;
}

std::optional<std::string> open_work(const SimDatabase& database) {
  for (const auto& [id, job] : database.jobs()) {
    if (job.state == JobState::kPending || job.state == JobState::kRunning)
      return "job " + std::to_string(id.value) + " has not ended";
  }
  for (const auto& [id, webhook] : database.webhooks()) {
    const auto* lane = database.lane(id);
    if (lane && (webhook.deleted || webhook.spec.enabled))
      return std::string(webhook.deleted ? "pending for a deleted webhook: " : "still pending: ") +
             describe(database, lane->begin()->second);
  }
  return std::nullopt;
}

std::optional<std::string> lost_answer(const SimDatabase& database, const std::map<EventId, std::uint32_t>& answered) {
  for (const auto& [id, deliveries] : answered) {
    const auto event = database.events().find(id);
    if (event == database.events().end()) return "an answered event is lost: " + std::to_string(id.value);
    if (event->second.deliveries.size() < deliveries)
      return "a delivery of an answered event is lost: " + std::to_string(id.value);
  }
  return std::nullopt;
}

std::optional<std::string> Witness::unfinished() const {
  if (!busy_.empty()) return "an attempt has not ended: " + name(busy_.begin()->first);
  return open_work(database_);
}

milliseconds Witness::longest_wait() {
  milliseconds wait{0};
  for (const auto& [id, delivery] : database_.deliveries()) {
    if (delivery.state == DeliveryState::kPending) wait = std::max(wait, delivery.row.due - clock_.now());
  }
  return wait;
}

void Witness::look_at_the_end() {
  if (auto left = unfinished()) fail(*left);
  if (auto lost = lost_answer(database_, answered_events_)) return fail(*lost);
  for (const auto& [id, delivery] : database_.deliveries()) {
    const History& history = history_[id];
    const bool said_final = history.final_state && *history.final_state != DeliveryState::kDead;
    if (said_final && delivery.state != *history.final_state) fail("its answered end is lost: " + name(id));
    if (delivery.state == DeliveryState::kSucceeded && !history.received)
      fail("succeeded, never received: " + name(id));
    if (delivery.row.attempts > history.sends) fail("more attempts recorded than were sent: " + name(id));
    if (delivery.row.attempts < history.answered) fail("an answered attempt is lost: " + name(id));
  }
}

}  // namespace eventrelay
