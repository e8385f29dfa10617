#include "tests/storage/store_suite.h"

namespace eventrelay {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error("a step of the test failed: " + result.error().message);
  return std::move(*result);
}

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  for (auto& one : more) to.push_back(std::move(one));
}

}  // namespace

void RecordingHandOver::publish(News news, Completion<> applied) {
  {
    const std::lock_guard lock(mutex_);
    append(news_.webhooks, std::move(news.webhooks));
    append(news_.keys, std::move(news.keys));
    append(news_.pending, std::move(news.pending));
    append(news_.cancelled, std::move(news.cancelled));
    append(news_.jobs, std::move(news.jobs));
    if (held_) {
      kept_.push_back(std::move(applied));
      return;
    }
  }
  if (applied) std::move(applied)();
}

void RecordingHandOver::hold(bool held) {
  std::vector<Completion<>> kept;
  {
    const std::lock_guard lock(mutex_);
    held_ = held;
    if (!held) kept = std::exchange(kept_, {});
  }
  for (auto& applied : kept)
    if (applied) std::move(applied)();
}

News RecordingHandOver::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, News{});
}

int RecordingHandOver::awaited() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(kept_.size());
}

Result<IngestResult> StoreSuite::ingest(IngestIntent intent) {
  return harness->loop.wait<Result<IngestResult>>(
      [&](auto done) { store().ingest(loop(), std::move(intent), std::move(done)); });
}

Result<FinishResult> StoreSuite::finish(FinishAttempt intent) {
  return harness->loop.wait<Result<FinishResult>>([&](auto done) {
    store().finish_attempt(loop(), std::make_shared<const FinishAttempt>(std::move(intent)), std::move(done));
  });
}

Result<ChangeResult> StoreSuite::change(Change intent) {
  return harness->loop.wait<Result<ChangeResult>>(
      [&](auto done) { store().change(loop(), std::move(intent), std::move(done)); });
}

Result<PeopleResult> StoreSuite::change_people(PeopleChange change) {
  return harness->loop.wait<Result<PeopleResult>>(
      [&](auto done) { people().change_people(loop(), std::move(change), std::move(done)); });
}

Result<DuePage> StoreSuite::due(DueQuery query) {
  return harness->loop.wait<Result<DuePage>>([&](auto done) { store().read_due(loop(), query, std::move(done)); });
}

Result<LanePage> StoreSuite::lanes(WebhookId after, std::size_t limit) {
  return harness->loop.wait<Result<LanePage>>(
      [&](auto done) { store().read_lanes(loop(), all_partitions(), after, limit, std::move(done)); });
}

Result<std::vector<MessagePtr>> StoreSuite::messages(std::vector<EventId> events) {
  return harness->loop.wait<Result<std::vector<MessagePtr>>>(
      [&](auto done) { store().read_messages(loop(), events, std::move(done)); });
}

WebhookSpec StoreSuite::spec_for(std::string pattern) {
  WebhookSpec spec;
  spec.url = "https://example.com/hook";
  spec.event_types = {std::move(pattern)};
  return spec;
}

WebhookPtr StoreSuite::make_webhook(const WebhookSpec& spec, OrganizationId org) {
  return must(change(CreateWebhook{org, spec, Secret{std::string(32, 's')}})).webhook;
}

IngestIntent StoreSuite::event_of(std::string type, std::string payload) {
  IngestIntent intent;
  intent.organization = kOrg;
  NewEvent event;
  event.type = std::move(type);
  event.payload = std::move(payload);
  intent.events.push_back(std::move(event));
  intent.catalog_version = ~std::uint64_t{0};
  return intent;
}

IngestedEvent StoreSuite::send(std::string type, std::string payload) {
  return must(ingest(event_of(std::move(type), std::move(payload)))).events.at(0);
}

FinishAttempt StoreSuite::attempt(const WebhookPtr& webhook, DeliveryId id, std::uint32_t number, DeliveryState state,
                                  HealthChange health) const {
  FinishAttempt finish;
  finish.organization = webhook->organization;
  finish.webhook = webhook->id;
  finish.delivery = id;
  finish.number = number;
  finish.state = state;
  finish.position = number;
  finish.due = harness->now() + std::chrono::seconds(5);
  finish.outcome.started_at = harness->now();
  finish.outcome.duration = milliseconds(12);
  finish.outcome.status_code = state == DeliveryState::kSucceeded ? 200 : 500;
  if (state != DeliveryState::kSucceeded) finish.outcome.error = AttemptError::kStatus;
  if (state == DeliveryState::kDead) finish.reason = "attempts_exhausted";
  finish.latency = milliseconds(7);
  finish.health = health;
  return finish;
}

DeliveryId StoreSuite::make_dead(const WebhookPtr& webhook, std::string type) {
  const DeliveryId id = delivery_of(send(std::move(type)));
  must(finish(attempt(webhook, id, 1, DeliveryState::kDead)));
  return id;
}

DeliveryDetail StoreSuite::detail(DeliveryId id) {
  return must(wait(queries().get_delivery(loop(), kOrg, id)));
}

MetricsReport StoreSuite::report(OrganizationId org) {
  return report(MetricsWindow::k15m, {}, org);
}

MetricsReport StoreSuite::report(MetricsWindow window, std::optional<WebhookId> webhook, OrganizationId org) {
  return must(wait(queries().metrics(loop(), org, window, webhook)));
}

std::vector<WebhookCounts> StoreSuite::webhook_counts(MetricsWindow window, OrganizationId org) {
  return must(wait(queries().webhook_counts(loop(), org, window)));
}

std::vector<DeliveryRow> StoreSuite::all_deliveries(DeliveryFilter filter, std::size_t limit) {
  return all_pages<DeliveryRow>([&](PageRequest page) { return queries().list_deliveries(loop(), kOrg, filter, page); },
                                limit);
}

std::vector<EventRow> StoreSuite::all_events(EventFilter filter, std::size_t limit) {
  return all_pages<EventRow>([&](PageRequest page) { return queries().list_events(loop(), kOrg, filter, page); },
                             limit);
}

std::vector<DeliveryRow> StoreSuite::all_dead(DeliveryFilter filter, std::size_t limit) {
  return all_pages<DeliveryRow>([&](PageRequest page) { return queries().list_dead(loop(), kOrg, filter, page); },
                                limit);
}

void StoreSuite::keep_house() {
  for (int slices = 0; slices < 10'000; ++slices)
    if (!must(change(ExpireKeys{})).more) return;
  throw std::runtime_error("the housekeeping has no end");
}

JobState StoreSuite::run_job(JobId id, std::size_t rows) {
  for (int slices = 0; slices < 10'000; ++slices) {
    const JobState state = must(change(AdvanceJob{id, rows})).job_state;
    if (state != JobState::kPending && state != JobState::kRunning) return state;
  }
  throw std::runtime_error("the job has no end");
}

}  // namespace eventrelay
