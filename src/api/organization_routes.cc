// Organizations: made and renamed; their audit log.
#include "api/people_body.h"
#include "api/routes.h"

namespace eventrelay {
namespace {

/// The organization's name, or why there is none.
struct OrganizationBody {
  std::string name;
  std::optional<HttpResponse> refusal;
};

OrganizationBody read_organization(const HttpRequest& request) {
  OrganizationBody result;
  BodyReader body(request);
  if (body.object) result.name = take_name(body, "name");
  body.finish();
  result.refusal = std::move(body.refusal);
  return result;
}

HttpResponse organization_response(int status, OrganizationId id, std::string_view name) {
  JsonWriter json;
  json.open('{').field("id", to_text(id)).field("name", name).close('}');
  return json_response(status, std::move(json));
}

/// Who makes it owns it; their session stays where it is.
Awaitable<HttpResponse> create_organization(ApiContext& api, ApiCall call) {
  auto body = read_organization(call.request);
  if (body.refusal) co_return std::move(*body.refusal);
  PeopleChange intent = CreateOrganization{call.caller.session->user.id, body.name};
  intent.audit = audit_of(api, call, "organization.create");
  intent.audit->organization = {};  // in the log of the one that is made
  auto create = change_people(api, std::move(intent));
  const auto result = co_await std::move(create);
  if (!result) co_return problem_of(result.error());
  co_return organization_response(201, OrganizationId{result->id}, body.name);
}

Awaitable<HttpResponse> rename_organization(ApiContext& api, ApiCall call) {
  if (parse_id<OrganizationId>(call.id) != call.organization) co_return not_found();
  auto body = read_organization(call.request);
  if (body.refusal) co_return std::move(*body.refusal);
  PeopleChange intent = RenameOrganization{call.organization, body.name};
  intent.audit = audit_of(api, call, "organization.update", to_text(call.organization));
  auto rename = change_people(api, std::move(intent));
  const auto result = co_await std::move(rename);
  if (!result) co_return problem_of(result.error());
  co_return organization_response(200, call.organization, body.name);
}

void write_audit(JsonWriter& json, const AuditRow& row) {
  json.open('{').field("id", to_text(row.id)).time("created_at", time_of_id(row.id.value));
  json.field("actor", row.entry.actor).field("action", row.entry.action).field("target", row.entry.target);
  json.field("address", row.entry.address).close('}');
}

Awaitable<HttpResponse> list_audit(ApiContext& api, ApiCall call) {
  return list_all(api, std::move(call), "audit", api.people, &PeopleStore::list_audit, write_audit);
}

}  // namespace

void add_organization_routes(Router& router) {
  router.add("POST", "/api/organizations", Access::kPerson, Takes::kBody, create_organization);
  router.add("PATCH", "/api/organizations/{id}", Access::kOwner, Takes::kBody, rename_organization);
  router.add("GET", "/api/audit", Access::kAdmin, Takes::kQuery, list_audit);
}

}  // namespace eventrelay
