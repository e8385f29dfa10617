// The dead letter queue: listed, replayed and purged, one by one or as a job.
#include "api/json_body.h"
#include "api/routes.h"

namespace eventrelay {
namespace {

Awaitable<HttpResponse> list_dead(ApiContext& api, ApiCall call) {
  auto parameters = Parameters::from_query(call.query);
  auto filter = parameters.take_delivery_filter(false);
  const auto page = parameters.take_page("dlq", call.organization);
  if (const auto faults = parameters.finish(); !faults.empty()) co_return invalid_query(faults);
  auto listed = api.queries.list_dead(api.loop, call.organization, std::move(filter), page);
  const auto rows = co_await std::move(listed);
  if (!rows) co_return problem_of(rows.error());
  co_return list_response(rows->rows, parameters.next_cursor(rows->next), write_delivery);
}

Awaitable<HttpResponse> replay_dead(ApiContext& api, ApiCall call) {
  const auto id = parse_id<DeliveryId>(call.id);
  if (!id) co_return not_found();
  Change intent = ReplayDead{call.organization, *id};
  intent.audit = audit_of(api, call, "delivery.replay", to_text(*id));
  auto answer = change_delivery(api, std::move(intent));
  co_return co_await std::move(answer);
}

Awaitable<HttpResponse> purge_dead(ApiContext& api, ApiCall call) {
  const auto id = parse_id<DeliveryId>(call.id);
  if (!id) co_return not_found();
  Change intent = PurgeDead{call.organization, *id};
  intent.audit = audit_of(api, call, "delivery.purge", to_text(*id));
  auto purged = change(api, std::move(intent));
  const auto result = co_await std::move(purged);
  co_return result ? no_content() : problem_of(result.error());
}

struct BulkBody {
  DeliveryFilter filter;
  bool dry_run = false;
  std::uint32_t rate = 0;
  std::optional<HttpResponse> refusal;
};

/// The list's filters as a JSON object, and `dry_run` and `rate`.
BulkBody read_bulk(const HttpRequest& request) {
  BulkBody result;
  BodyReader body(request, true);
  if (!body.object) {
    result.refusal = std::move(body.refusal);
    return result;
  }
  result.dry_run = body.object->take_bool("dry_run").value_or(false);
  result.rate = static_cast<std::uint32_t>(body.object->take_integer("rate", 1, kJobRateMax).value_or(0));
  std::map<std::string, std::string> filters;
  for (const char* name : {"webhook_id", "event_id", "type", "tenant", "after", "before"}) {
    if (auto text = body.object->take_text(name)) filters.emplace(name, std::move(*text));
  }
  Parameters parameters(std::move(filters));
  result.filter = parameters.take_delivery_filter(false);
  for (auto& fault : parameters.finish()) body.faults.push_back(std::move(fault));
  body.finish();
  result.refusal = std::move(body.refusal);
  return result;
}

Awaitable<HttpResponse> count_dead(ApiContext& api, OrganizationId organization, DeliveryFilter filter) {
  auto counted = api.queries.count_dead(api.loop, organization, std::move(filter));
  const auto count = co_await std::move(counted);
  if (!count) co_return problem_of(count.error());
  JsonWriter json;
  json.open('{').key("job_id").null().field("count", *count).close('}');
  co_return json_response(202, std::move(json));
}

Awaitable<HttpResponse> start_job(ApiContext& api, Change intent) {
  auto created = change(api, std::move(intent));
  const auto result = co_await std::move(created);
  if (!result) co_return problem_of(result.error());
  JsonWriter json;
  json.open('{').field("job_id", to_text(JobId{result->id})).field("count", result->count).close('}');
  co_return json_response(202, std::move(json));
}

/// Who may look may ask how many there are.
Awaitable<HttpResponse> start_bulk(ApiContext& api, const ApiCall& call, JobKind kind, std::string_view action) {
  auto body = read_bulk(call.request);
  const bool only_counts = body.dry_run && !body.refusal;
  if (!only_counts && !may(call.caller, Access::kDeveloper)) return answer_at_once(forbidden(Access::kDeveloper));
  if (body.refusal) return answer_at_once(std::move(*body.refusal));
  if (body.dry_run) return count_dead(api, call.organization, std::move(body.filter));
  Change intent = CreateJob{call.organization, kind, std::move(body.filter), body.rate};
  intent.audit = audit_of(api, call, action);
  return start_job(api, std::move(intent));
}

Awaitable<HttpResponse> replay_all(ApiContext& api, ApiCall call) {
  return start_bulk(api, call, JobKind::kReplayDead, "dlq.replay");
}

Awaitable<HttpResponse> purge_all(ApiContext& api, ApiCall call) {
  return start_bulk(api, call, JobKind::kPurgeDead, "dlq.purge");
}

}  // namespace

void add_dlq_routes(Router& router) {
  router.add("GET", "/api/dlq", Access::kViewer, Takes::kQuery, list_dead);
  router.add("POST", "/api/dlq/replay", Access::kViewer, Takes::kBody, replay_all);
  router.add("POST", "/api/dlq/purge", Access::kViewer, Takes::kBody, purge_all);
  router.add("POST", "/api/dlq/{id}/replay", Access::kDeveloper, Takes::kNothing, replay_dead);
  router.add("DELETE", "/api/dlq/{id}", Access::kDeveloper, Takes::kNothing, purge_dead);
}

}  // namespace eventrelay
