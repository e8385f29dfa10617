// The people of an organization: its members and their roles, and who is invited.
#include "api/people_body.h"
#include "api/routes.h"
#include "base/crypto.h"

namespace eventrelay {
namespace {

void write_member(JsonWriter& json, const Member& member) {
  json.open('{').field("id", to_text(member.user.id)).field("email", member.user.email);
  json.field("name", member.user.name).field("role", to_text(member.role));
  json.time("created_at", member.joined_at).close('}');
}

void write_invitation(JsonWriter& json, const Invitation& invitation) {
  json.open('{').field("id", to_text(invitation.id)).field("email", invitation.email);
  json.field("role", to_text(invitation.role)).time("created_at", time_of_id(invitation.id.value));
  json.time("expires_at", invitation.expires_at).close('}');
}

HttpResponse owners_only() {
  return problem(403, "", "Only owners make owners, and change or remove them.");
}

HttpResponse problem_of_people(const Error& error) {
  return error.code == ErrorCode::kForbidden ? owners_only() : problem_of(error);
}

Awaitable<HttpResponse> list_users(ApiContext& api, ApiCall call) {
  return list_all(api, std::move(call), "users", api.people, &PeopleStore::list_members, write_member);
}

Awaitable<HttpResponse> set_role(ApiContext& api, ApiCall call) {
  BodyReader body(call.request);
  const auto role = body.object ? take_role(body, "role") : std::nullopt;
  body.finish();
  // Whoever it would be: that is said before it is said whether there is such a person.
  if (role == Role::kOwner && !call.caller.is_at_least(Role::kOwner)) co_return owners_only();
  const auto id = parse_id<UserId>(call.id);
  if (!id) co_return not_found();
  if (body.refusal) {
    auto read = api.people.get_member(api.loop, call.organization, *id);
    const auto member = co_await std::move(read);  // and this before what is wrong with the body
    if (!member) co_return problem_of(member.error());
    if (!may_set_role(*call.caller.role, member->role, role)) co_return owners_only();
    co_return std::move(*body.refusal);
  }
  PeopleChange intent = SetRole{call.organization, *id, *role, *call.caller.role};
  intent.audit = audit_of(api, call, "user.role", to_text(*id));
  auto set = change_people(api, std::move(intent));
  const auto result = co_await std::move(set);
  if (!result) co_return problem_of_people(result.error());
  JsonWriter json;
  write_member(json, *result->member);
  co_return json_response(200, std::move(json));
}

/// Everybody may leave.
Awaitable<HttpResponse> remove_user(ApiContext& api, ApiCall call) {
  const auto id = parse_id<UserId>(call.id);
  const bool leaves = id && call.caller.session && call.caller.session->user.id == *id;
  if (!leaves && !may(call.caller, Access::kAdmin)) co_return forbidden(Access::kAdmin);
  if (!id) co_return not_found();
  PeopleChange intent = RemoveMember{call.organization, *id, *call.caller.role};
  intent.audit = audit_of(api, call, "user.remove", to_text(*id));
  auto remove = change_people(api, std::move(intent));
  const auto result = co_await std::move(remove);
  co_return result ? no_content() : problem_of_people(result.error());
}

Awaitable<HttpResponse> list_invitations(ApiContext& api, ApiCall call) {
  return list_all(api, std::move(call), "invitations", api.people, &PeopleStore::list_invitations, write_invitation);
}

/// The same answer whether or not somebody has an account by that address.
Awaitable<HttpResponse> create_invitation(ApiContext& api, ApiCall call) {
  BodyReader body(call.request);
  std::string email;
  std::optional<Role> role;
  if (body.object) {
    email = take_email(body, "email");
    role = take_role(body, "role");
  }
  body.finish();
  if (role == Role::kOwner && !call.caller.is_at_least(Role::kOwner)) co_return owners_only();
  if (body.refusal) co_return std::move(*body.refusal);
  const auto token = random_token();
  PeopleChange intent = CreateInvitation{call.organization, std::move(email), *role, *call.caller.role, sha256(token)};
  intent.audit = audit_of(api, call, "invitation.create");
  auto create = change_people(api, std::move(intent));
  const auto result = co_await std::move(create);
  if (!result) co_return problem_of_people(result.error());
  JsonWriter json;
  json.open('{').field("id", to_text(InvitationId{result->id})).field("url", accept_link(api.options.site, token));
  json.time("expires_at", time_of_id(result->id) + kInvitationLife).close('}');
  co_return json_response(201, std::move(json));
}

Awaitable<HttpResponse> delete_invitation(ApiContext& api, ApiCall call) {
  const auto id = parse_id<InvitationId>(call.id);
  if (!id) co_return not_found();
  PeopleChange intent = DeleteInvitation{call.organization, *id};
  intent.audit = audit_of(api, call, "invitation.delete", to_text(*id));
  auto remove = change_people(api, std::move(intent));
  const auto result = co_await std::move(remove);
  co_return result ? no_content() : problem_of(result.error());
}

}  // namespace

void add_people_routes(Router& router) {
  router.add("GET", "/api/users", Access::kViewer, Takes::kQuery, list_users);
  router.add("PATCH", "/api/users/{id}", Access::kAdmin, Takes::kBody, set_role);
  router.add("DELETE", "/api/users/{id}", Access::kViewer, Takes::kNothing, remove_user);
  router.add("GET", "/api/invitations", Access::kAdmin, Takes::kQuery, list_invitations);
  router.add("POST", "/api/invitations", Access::kAdmin, Takes::kBody, create_invitation);
  router.add("DELETE", "/api/invitations/{id}", Access::kAdmin, Takes::kNothing, delete_invitation);
}

}  // namespace eventrelay
