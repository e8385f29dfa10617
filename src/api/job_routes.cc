// Jobs: listed, shown, cancelled.
#include "api/routes.h"

namespace eventrelay {
namespace {

Awaitable<HttpResponse> list_jobs(ApiContext& api, ApiCall call) {
  return list_all(api, std::move(call), "jobs", api.queries, &StoreQueries::list_jobs, write_job);
}

HttpResponse job_response(int status, const JobRow& job) {
  JsonWriter json;
  write_job(json, job);
  return json_response(status, std::move(json));
}

Awaitable<HttpResponse> get_job(ApiContext& api, ApiCall call) {
  const auto id = parse_id<JobId>(call.id);
  if (!id) co_return not_found();
  auto read = api.queries.get_job(api.loop, call.organization, *id);
  const auto job = co_await std::move(read);
  co_return job ? job_response(200, *job) : problem_of(job.error());
}

Awaitable<HttpResponse> cancel_job(ApiContext& api, ApiCall call) {
  const auto id = parse_id<JobId>(call.id);
  if (!id) co_return not_found();
  Change intent = CancelJob{call.organization, *id};
  intent.audit = audit_of(api, call, "job.cancel", to_text(*id));
  auto cancelled = change(api, std::move(intent));
  const auto result = co_await std::move(cancelled);
  co_return result ? job_response(202, *result->job) : problem_of(result.error());
}

}  // namespace

void add_job_routes(Router& router) {
  router.add("GET", "/api/jobs", Access::kViewer, Takes::kQuery, list_jobs);
  router.add("GET", "/api/jobs/{id}", Access::kViewer, Takes::kNothing, get_job);
  router.add("POST", "/api/jobs/{id}/cancel", Access::kDeveloper, Takes::kNothing, cancel_job);
}

}  // namespace eventrelay
