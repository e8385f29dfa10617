#include "tests/sim/crowd.h"

#include <algorithm>

#include "domain/event_type.h"

namespace eventrelay {

namespace {

const std::vector<std::string> kTypes{"a.x", "a.y", "a.y.z", "b"};
const std::vector<std::string> kPatterns{"*", "a.*", "a.x", "b", "a.y.*"};

template <class T>
const T& one_of(Chance& chance, const std::vector<T>& items) {
  return items[chance.below(items.size())];
}

/// The entry at a random place; end() of an empty one.
template <class Map>
typename Map::const_iterator some(Chance& chance, const Map& map) {
  if (map.empty()) return map.end();
  return std::next(map.begin(), static_cast<std::ptrdiff_t>(chance.below(map.size())));
}

RetryPolicy make_policy(Chance& chance) {
  RetryPolicy policy;
  policy.max_attempts = static_cast<std::uint32_t>(chance.between(1, 6));
  policy.initial = chance.ms(1, chance.one_in(2) ? 500 : 20'000);
  policy.multiplier = static_cast<double>(chance.between(10, 40)) / 10.0;
  policy.max = chance.ms(1'000, 300'000);
  if (!chance.one_in(3)) return policy;
  for (auto i = chance.between(1, 4); i > 0; --i) policy.schedule.push_back(chance.ms(0, 60'000));
  return policy;
}

bool matches(const std::vector<std::string>& patterns, const std::string& tenant, const NewEvent& event) {
  if (!tenant.empty() && tenant != event.tenant) return false;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return pattern_matches(pattern, event.type); });
}

}  // namespace

void Crowd::act(Door& process) {
  const auto dice = chance_.between(0, 99);
  if (dice < 48) return send_events(process);
  if (dice < 54) {
    keyed_.push_back({"key" + std::to_string(keyed_.size()), one_of(chance_, kTypes), "{}", std::nullopt});
    return send_keyed(process, keyed_.size() - 1);
  }
  if (dice < 58) return create_webhook(process);
  if (dice < 68) return patch_webhook(process);
  if (dice < 71) return delete_webhook(process);
  if (dice < 83) return touch_delivery(process);
  if (dice < 86) return replay_event(process);
  if (dice < 90) return make_job(process);
  if (dice < 91) return cancel_job(process);
  change_mood();
}

void Crowd::process_ended() {
  // What was asked for may have been done or not: nothing is known of these any more.
  std::erase_if(known_, [](const auto& entry) { return !entry.second.id && !entry.second.steady; });
}

void Crowd::ask(Door& process, Change change, std::function<void(const Result<ChangeResult>&)> answered) {
  const std::size_t index = chance_.below(process.loops());
  EventLoop& loop = process.loop(index);
  auto request = std::make_shared<Change>(std::move(change));
  loop.post([&process, &loop, request, answered = std::move(answered)] {
    process.store().change(loop, std::move(*request), [answered](Result<ChangeResult> result) { answered(result); });
  });
}

void Crowd::submit(Door& process, std::vector<NewEvent> events, std::optional<IdempotencyClaim> claim,
                   std::function<void(const Result<IngestResult>&)> answered) {
  const std::size_t index = chance_.below(process.loops());
  auto request = std::make_shared<std::vector<NewEvent>>(std::move(events));
  process.loop(index).post([&process, index, request, claim, answered = std::move(answered)] {
    process.accept(index, std::move(*request), claim, [answered](Result<IngestResult> result) { answered(result); });
  });
}

// ---- Events --------------------------------------------------------------------------------------------------------

NewEvent Crowd::make_event() {
  NewEvent event;
  event.type = one_of(chance_, kTypes);
  if (chance_.one_in(3)) event.tenant = "t1";
  event.payload = "{\"n\":" + std::to_string(events_made_++) + "}" + std::string(chance_.below(400), ' ');
  if (chance_.one_in(8))
    event.deliver_at = world_.time.wall_now() + chance_.ms(-1'000, chance_.one_in(3) ? 900'000 : 40'000);
  return event;
}

Crowd::Expectation Crowd::expect(const NewEvent& event) const {
  Expectation expected;
  for (const auto& [number, webhook] : known_) {
    if (webhook.deleted) expected.must_not.insert(webhook.id);
    if (!webhook.steady) continue;
    (matches(webhook.types, webhook.tenant, event) ? expected.must : expected.must_not).insert(webhook.id);
  }
  return expected;
}

void Crowd::check(const Expectation& expected, const IngestedEvent& answer) {
  world_.trace.note("answered event", answer.id.value, answer.deliveries);
  world_.witness.on_event_answered(answer);
  const auto event = world_.database.events().find(answer.id);
  if (event == world_.database.events().end()) return world_.witness.fail("an answered event is not stored");
  std::set<WebhookId> reached;
  for (const DeliveryId id : event->second.deliveries) reached.insert(world_.database.deliveries().at(id).row.webhook);
  for (const auto& [number, webhook] : known_) {
    // Only where nothing was asked for meanwhile.
    if (webhook.steady && expected.must.contains(webhook.id) && !reached.contains(webhook.id))
      world_.witness.fail("an event passed by webhook " + std::to_string(webhook.id.value));
    const bool settled = webhook.steady || webhook.deleted;
    if (settled && expected.must_not.contains(webhook.id) && reached.contains(webhook.id))
      world_.witness.fail("an event went to webhook " + std::to_string(webhook.id.value) + " although it should not");
  }
}

void Crowd::send_events(Door& process) {
  std::vector<NewEvent> events;
  const auto count = chance_.one_in(4) ? chance_.between(2, 12) : 1;
  std::vector<Expectation> expected;
  for (auto i = count; i > 0; --i) {
    events.push_back(make_event());
    expected.push_back(expect(events.back()));
  }
  submit(process, std::move(events), std::nullopt, [this, expected](const Result<IngestResult>& result) {
    if (!result) return;
    for (std::size_t i = 0; i < expected.size(); ++i) check(expected[i], result->events[i]);
  });
}

void Crowd::send_keyed(Door& process, std::size_t index) {
  const KeyedEvent& keyed = keyed_[index];
  NewEvent event;
  event.type = keyed.type;
  event.payload = keyed.payload;
  for (int copies = chance_.one_in(3) ? 2 : 1; copies > 0; --copies) {
    submit(process, {event}, IdempotencyClaim{"events", keyed.key, {}},
           [this, index](const Result<IngestResult>& result) {
             if (!result) return;
             KeyedEvent& known = keyed_[index];
             const EventId id = result->events.front().id;
             if (known.answered && *known.answered != id) world_.witness.fail("two events for one key");
             known.answered = id;
             world_.witness.on_event_answered(result->events.front());
           });
  }
  // What was not answered is asked for again, with its key, by whoever sends a keyed event later.
  const auto open = std::find_if(keyed_.begin(), keyed_.end(), [](const KeyedEvent& k) { return !k.answered; });
  const auto first = static_cast<std::size_t>(open - keyed_.begin());
  if (first < index && chance_.one_in(2)) send_keyed(process, first);
}

void Crowd::replay_event(Door& process) {
  const auto found = some(chance_, world_.database.events());
  if (found == world_.database.events().end()) return;
  const SimEvent& event = found->second;
  // Two deliveries of one event at one webhook must not be pending at once: the witness could not tell them apart.
  for (const DeliveryId id : event.deliveries) {
    const DeliveryState state = world_.database.deliveries().at(id).state;
    if (state == DeliveryState::kPending || state == DeliveryState::kDead) return;
  }
  if (!replayed_.insert(event.id).second) return;
  ask(process, ReplayEvent{kFirstOrganization, event.id, {}}, [](const auto&) {});
}

// ---- Webhooks ------------------------------------------------------------------------------------------------------

Crowd::Known* Crowd::some_webhook() {
  const auto found = some(chance_, known_);
  if (found == known_.end() || !found->second.id || found->second.deleted) return nullptr;
  return &known_.at(found->first);
}

void Crowd::create_webhook(Door& process) {
  if (world_.database.webhooks().size() >= 14) return;
  const int number = webhooks_made_++;
  CreateWebhook create{kFirstOrganization, {}, Secret{std::string(24, 's')}};
  WebhookSpec& spec = create.spec;
  spec.url = "http://" + sim_host(number) + "/in";
  for (auto i = chance_.between(1, 2); i > 0; --i) spec.event_types.push_back(one_of(chance_, kPatterns));
  if (chance_.one_in(5)) spec.tenant = "t1";
  spec.ordered = chance_.one_in(2);
  spec.max_in_flight = static_cast<std::uint32_t>(chance_.between(1, 6));
  spec.timeout = chance_.ms(1'000, 8'000);
  spec.retry = make_policy(chance_);
  spec.enabled = !chance_.one_in(10);
  known_[number] = Known{number, {}, spec.event_types, spec.tenant, false, false};
  ask(process, std::move(create), [this, number](const Result<ChangeResult>& result) {
    const auto known = known_.find(number);
    if (!result || known == known_.end()) return;
    world_.trace.note("answered webhook", result->id, number);
    known->second.id = WebhookId{result->id};
    known->second.steady = true;
  });
}

void Crowd::patch_webhook(Door& process) {
  Known* webhook = some_webhook();
  if (!webhook) return;
  UpdateWebhook update{kFirstOrganization, webhook->id, {}};
  WebhookPatch& patch = update.patch;
  const auto dice = chance_.between(0, 9);
  const Webhook& current = world_.database.webhooks().at(webhook->id);
  if (dice < 4) patch.enabled = current.spec.enabled ? chance_.one_in(3) : true;
  if (dice >= 4 && dice < 6) patch.ordered = !current.spec.ordered;
  if (dice == 6) patch.max_in_flight = static_cast<std::uint32_t>(chance_.between(1, 6));
  if (dice == 7) patch.url = "http://" + sim_host(webhook->number) + "/" + std::to_string(chance_.between(0, 9));
  const bool rematches = dice >= 8;
  if (rematches) {
    patch.event_types = std::vector<std::string>{one_of(chance_, kPatterns)};
    webhook->steady = false;
  }
  ask(process, std::move(update), [this, number = webhook->number, rematches](const Result<ChangeResult>& result) {
    const auto known = known_.find(number);
    if (!rematches || !result || known == known_.end() || known->second.deleted) return;
    known->second.types = result->webhook->spec.event_types;
    // With two at once nobody knows which was the last.
    known->second.steady = false;
  });
}

void Crowd::delete_webhook(Door& process) {
  Known* webhook = some_webhook();
  if (!webhook) return;
  webhook->steady = false;
  world_.trace.note("asked to delete", webhook->id.value);
  ask(process, DeleteWebhook{kFirstOrganization, webhook->id},
      [this, number = webhook->number](const Result<ChangeResult>& result) {
        if (result && known_.contains(number)) known_.at(number).deleted = true;
      });
}

void Crowd::enable_webhooks(Door& process) {
  for (const auto& [id, webhook] : world_.database.webhooks()) {
    if (webhook.deleted || webhook.spec.enabled || chance_.one_in(4)) continue;
    UpdateWebhook update{kFirstOrganization, id, {}};
    update.patch.enabled = true;
    ask(process, std::move(update), [](const auto&) {});
  }
}

void Crowd::change_mood() {
  using Mood = SimReceivers::Mood;
  constexpr std::array kMoods{Mood::kGood, Mood::kGood,    Mood::kGood, Mood::kFlaky,
                              Mood::kDown, Mood::kHanging, Mood::kBusy};
  if (webhooks_made_ == 0) return;
  const int number = static_cast<int>(chance_.between(0, webhooks_made_ - 1));
  world_.receivers.set_mood(sim_host(number), kMoods[chance_.below(kMoods.size())]);
}

// ---- Deliveries and jobs -------------------------------------------------------------------------------------------

void Crowd::touch_delivery(Door& process) {
  const auto found = some(chance_, world_.database.deliveries());
  if (found == world_.database.deliveries().end()) return;
  const DeliveryId id = found->first;
  const auto nothing = [](const Result<ChangeResult>&) {};
  if (found->second.state == DeliveryState::kDead) {
    if (chance_.one_in(4)) return ask(process, PurgeDead{kFirstOrganization, id}, nothing);
    return ask(process, ReplayDead{kFirstOrganization, id}, nothing);
  }
  if (chance_.one_in(5)) return ask(process, CancelDelivery{kFirstOrganization, id}, nothing);
  ask(process, RetryDelivery{kFirstOrganization, id}, nothing);
}

void Crowd::make_job(Door& process) {
  CreateJob create{kFirstOrganization, chance_.one_in(5) ? JobKind::kPurgeDead : JobKind::kReplayDead, {}, 0};
  if (chance_.one_in(2)) create.rate = static_cast<std::uint32_t>(chance_.between(1, 100));
  const Known* webhook = some_webhook();
  if (webhook && chance_.one_in(2)) create.filter.webhook = webhook->id;
  if (chance_.one_in(4)) create.filter.type = one_of(chance_, kTypes);
  ask(process, std::move(create), [](const auto&) {});
}

void Crowd::cancel_job(Door& process) {
  const auto found = some(chance_, world_.database.jobs());
  if (found == world_.database.jobs().end()) return;
  ask(process, CancelJob{kFirstOrganization, found->first}, [](const auto&) {});
}

}  // namespace eventrelay
