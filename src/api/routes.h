// What the routes share, and where each resource adds its own. One loop's.
#pragma once
#include "api/activity.h"
#include "api/api.h"
#include "api/caller.h"
#include "api/json_out.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/router.h"
#include "api/sign_in.h"
#include "base/work_thread.h"

namespace eventrelay {

/// Large bodies that wait for the thread which reads them.
inline constexpr std::size_t kLargeBodiesWaitingMax = 64;

struct ApiContext : ApiPorts {
  ApiOptions options;
  WorkThread parser{kLargeBodiesWaitingMax};  ///< reads large bodies beside the loop
};

void add_event_routes(Router& router);
void add_webhook_routes(Router& router);
void add_delivery_routes(Router& router);
void add_dlq_routes(Router& router);
void add_job_routes(Router& router);
void add_key_routes(Router& router);
void add_metrics_routes(Router& router);
void add_stream_routes(Router& router);
void add_session_routes(Router& router);
void add_accept_route(Router& router);
void add_people_routes(Router& router);
void add_organization_routes(Router& router);
void add_settings_routes(Router& router);
void add_receiver_routes(Router& router);
void add_system_routes(Router& router);
void add_dashboard_routes(Router& router);

/// The person of the request's cookie; nobody where that is no session that is alive.
Awaitable<Result<Caller>> find_session_caller(ApiContext& api, const HttpRequest& request);
/// What the caller does, for the log of their organization. target: an id; empty: of what the change makes.
AuditEntry audit_of(const ApiContext& api, const ApiCall& call, std::string_view action, std::string target = {});

/// Waits for a committed change.
Awaitable<Result<ChangeResult>> change(ApiContext& api, Change intent);
Awaitable<Result<PeopleResult>> change_people(ApiContext& api, PeopleChange intent);
/// Commits a RetryDelivery, CancelDelivery or ReplayDead and answers 202 with the delivery after it.
Awaitable<HttpResponse> change_delivery(ApiContext& api, Change intent);

/// A list without filters. list: a port's; write: one row. name: a literal.
template <class Port, class Row, class Write>
Awaitable<HttpResponse> list_all(ApiContext& api, ApiCall call, std::string_view name, Port& port,
                                 Awaitable<Result<Page<Row>>> (Port::*list)(EventLoop&, OrganizationId, PageRequest),
                                 Write write) {
  auto parameters = Parameters::from_query(call.query);
  const auto page = parameters.take_page(name, call.organization);
  if (const auto faults = parameters.finish(); !faults.empty()) co_return invalid_query(faults);
  auto listed = (port.*list)(api.loop, call.organization, page);
  const auto rows = co_await std::move(listed);
  if (!rows) co_return problem_of(rows.error());
  co_return list_response(rows->rows, parameters.next_cursor(rows->next), write);
}

inline HttpResponse not_found() {
  return problem(404, "not_found", "There is no such thing.");
}
inline HttpResponse no_content() {
  HttpResponse response;
  response.status = 204;
  return response;
}

}  // namespace eventrelay
