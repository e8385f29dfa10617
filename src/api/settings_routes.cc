// What the installation is set to, and what it runs on.
#include "api/json_body.h"
#include "api/routes.h"

namespace eventrelay {
namespace {

/// "none", "ready", or what is wrong.
std::string redis_state(const ApiContext& api) {
  if (!api.options.helpers) return "none";
  for (const auto& [name, fault] : api.options.helpers()) {
    if (name == "redis") return fault.empty() ? "ready" : fault;
  }
  return "none";
}

void write_limits(JsonWriter& json, const ApiOptions& options) {
  const auto size = [](std::size_t value) { return static_cast<std::int64_t>(value); };
  json.key("limits").open('{').field("event_bytes_max", size(options.event_bytes_max));
  json.field("batch_bytes_max", size(kBatchBytesMax)).field("batch_events_max", size(kBatchEventsMax));
  json.field("attempt_timeout_ms_max", std::int64_t{milliseconds{kAttemptTimeoutMax}.count()}).close('}');
}

void write_egress(JsonWriter& json, const EgressRules& rules) {
  json.key("egress").open('{').flag("allow_private_targets", rules.allow_private).key("allow_targets").open('[');
  for (const auto& range : rules.allowed) json.text(to_text(range));
  json.close(']').close('}');
}

using Workers = std::vector<WorkerShare>;

HttpResponse settings_response(const ApiContext& api, int retention_days, const Workers& workers) {
  const auto& options = api.options;
  JsonWriter json;
  json.open('{').field("retention_days", std::int64_t{retention_days});
  write_limits(json, options);
  write_egress(json, options.rules);
  json.key("system").open('{').field("version", EVENTRELAY_VERSION).field("store", options.store_name);
  json.field("redis", redis_state(api)).time("started_at", options.started_at).key("workers").open('[');
  for (const auto& worker : workers) {
    json.open('{').field("name", worker.name).field("partitions", static_cast<std::int64_t>(worker.partitions));
    json.close('}');
  }
  json.close(']').close('}').close('}');
  return json_response(200, std::move(json));
}

Awaitable<Result<Workers>> read_workers(ApiContext& api) {
  auto list = api.people.list_workers(api.loop);
  auto workers = co_await std::move(list);
  // A store of one process knows no others.
  if (workers && api.options.store_name == "sqlite") workers->push_back({api.options.address, kPartitions});
  co_return workers;
}

Awaitable<HttpResponse> get_settings(ApiContext& api, ApiCall /*call*/) {
  auto read = api.people.read_settings(api.loop);
  const auto settings = co_await std::move(read);
  if (!settings) co_return problem_of(settings.error());
  auto list = read_workers(api);
  const auto workers = co_await std::move(list);
  if (!workers) co_return problem_of(workers.error());
  co_return settings_response(api, settings->retention_days.value_or(api.options.retention_days), *workers);
}

/// They are everybody's: who runs the installation is in its first organization.
Awaitable<HttpResponse> patch_settings(ApiContext& api, ApiCall call) {
  if (call.organization != kFirstOrganization) {
    co_return problem(403, "", "The settings are the whole installation's: its first organization's admins set them.");
  }
  BodyReader body(call.request);
  std::optional<std::int64_t> days;
  if (body.object) {
    if (!body.object->has("retention_days")) body.object->fault("retention_days", "is missing");
    days = body.object->take_integer("retention_days", 0, kRetentionDaysMax);
  }
  body.finish();
  if (body.refusal) co_return std::move(*body.refusal);
  // Read before, so that no read fails after the commit.
  auto list = read_workers(api);
  const auto workers = co_await std::move(list);
  if (!workers) co_return problem_of(workers.error());
  const auto retention_days = static_cast<int>(*days);
  PeopleChange intent = UpdateSettings{{retention_days}};
  intent.audit = audit_of(api, call, "settings.update", to_text(call.organization));
  auto update = change_people(api, std::move(intent));
  const auto result = co_await std::move(update);
  co_return result ? settings_response(api, retention_days, *workers) : problem_of(result.error());
}

}  // namespace

void add_settings_routes(Router& router) {
  router.add("GET", "/api/settings", Access::kAdmin, Takes::kNothing, get_settings);
  router.add("PATCH", "/api/settings", Access::kAdmin, Takes::kBody, patch_settings);
}

}  // namespace eventrelay
