// Signing in and out, one's password, the organization that one is in. Accepting a link: accept_route.cc.
#include "api/people_body.h"
#include "api/session_answer.h"
#include "base/crypto.h"

namespace eventrelay {
namespace {

Awaitable<HttpResponse> me(ApiContext& api, ApiCall call) {
  if (call.caller.session) {
    auto answered = session_answer(api, *call.caller.session);
    co_return co_await std::move(answered);
  }
  auto read = api.people.get_organization(api.loop, call.organization);
  const auto organization = co_await std::move(read);
  if (!organization) co_return problem_of(organization.error());
  JsonWriter json;
  json.open('{').key("user").null().key("organization").open('{').field("id", to_text(organization->id));
  json.field("name", organization->name).close('}');
  json.field("role", call.caller.role ? to_text(*call.caller.role) : to_text(Scope::kPublish));
  json.key("organizations").open('[').close(']').close('}');
  co_return json_response(200, std::move(json));
}

HttpResponse wrong_password() {
  auto response = problem(401, "wrong_password", "E-mail address and password do not belong together.");
  response.headers.emplace_back("www-authenticate", "Bearer");
  return response;
}

/// hash: of the account; empty: there is none, which takes as long and is never right.
Awaitable<Result<bool>> check_password(ApiContext& api, std::string hash, std::string password) {
  auto verified = completion_of<Result<bool>>(
      [&](auto done) { api.sign_in.hasher.verify(api.loop, std::move(hash), std::move(password), std::move(done)); });
  co_return co_await std::move(verified);
}

/// Every step is the same for an account that does not exist.
Awaitable<HttpResponse> login(ApiContext& api, ApiCall call) {
  if (auto refusal = sign_in_refusal(api.options.site)) co_return std::move(*refusal);
  BodyReader body(call.request);
  std::string typed;
  std::string password;
  if (body.object) {
    typed = take_required_text(body, "email");
    password = take_required_text(body, "password");
  }
  body.finish();
  if (body.refusal) co_return std::move(*body.refusal);

  const auto email = parse_email(typed).value_or("");
  auto find = api.people.find_account(api.loop, email);
  auto account = co_await std::move(find);
  if (!account && account.error().code != ErrorCode::kNotFound) co_return problem_of(account.error());
  if (!account) account = Account{};
  const auto address = client_address(api.options.site, call.request);
  auto ask = api.people.knows_address(api.loop, account->user.id, address);
  const auto known = co_await std::move(ask);
  if (!known) co_return problem_of(known.error());

  const auto attempt = attempt_from(address, email.empty() ? typed : email, *known);
  if (auto refusal = throttle_refusal(api, attempt)) co_return std::move(*refusal);
  auto check = check_password(api, account->password_hash, std::move(password));
  const auto right = co_await std::move(check);
  if (!right) {
    api.sign_in.throttle.withdrawn(attempt);
    co_return problem_of(right.error());
  }
  if (!*right) co_return wrong_password();
  api.sign_in.throttle.succeeded(attempt);

  auto token = random_token();
  PeopleChange intent = BeginSession{account->user.id, {sha256(token), address}};
  intent.audit = AuditEntry{{}, account->user.email, "user.sign_in", to_text(account->user.id), address};
  auto begin = change_people(api, std::move(intent));
  auto begun = co_await std::move(begin);
  // Taken out of their last organization meanwhile.
  if (!begun && begun.error().code == ErrorCode::kNotFound) co_return wrong_password();
  if (!begun) co_return problem_of(begun.error());
  auto answered = changed_session_answer(api, 200, std::move(*begun->session), std::move(token));
  co_return co_await std::move(answered);
}

Awaitable<HttpResponse> logout(ApiContext& api, ApiCall call) {
  BodyReader body(call.request, true);
  bool everywhere = false;
  if (body.object) everywhere = body.object->take_bool("everywhere").value_or(false);
  body.finish();
  if (body.refusal) co_return std::move(*body.refusal);
  const auto user = call.caller.session->user.id;
  PeopleChange intent = EndSession{call.caller.token};
  if (everywhere) intent = EndSessions{user};
  intent.audit = audit_of(api, call, "user.sign_out", to_text(user));
  auto end = change_people(api, std::move(intent));
  const auto ended = co_await std::move(end);
  if (!ended && ended.error().code != ErrorCode::kNotFound) co_return problem_of(ended.error());
  auto response = no_content();
  response.headers.emplace_back("set-cookie", set_session_cookie(api.options.site, {}));
  co_return response;
}

Awaitable<HttpResponse> change_password(ApiContext& api, ApiCall call) {
  BodyReader body(call.request);
  std::string current;
  std::string next;
  if (body.object) {
    current = take_required_text(body, "current_password");
    next = take_new_password(body, "new_password");
  }
  body.finish();
  if (body.refusal) co_return std::move(*body.refusal);

  const auto& user = call.caller.session->user;
  // What others do to the account does not keep out who is signed in to it.
  const auto attempt = attempt_from(client_address(api.options.site, call.request), user.email, true);
  if (auto refusal = throttle_refusal(api, attempt)) co_return std::move(*refusal);
  auto find = api.people.find_account(api.loop, user.email);
  const auto account = co_await std::move(find);
  auto check = check_password(api, account ? account->password_hash : std::string(), std::move(current));
  const auto right = co_await std::move(check);
  if (!account || !right) {
    api.sign_in.throttle.withdrawn(attempt);
    co_return problem_of(account ? right.error() : account.error());
  }
  if (!*right) co_return invalid_input({{"current_password", "is not your password"}});
  api.sign_in.throttle.succeeded(attempt);

  auto hashing = completion_of<Result<std::string>>(
      [&](auto done) { api.sign_in.hasher.hash(api.loop, std::move(next), std::move(done)); });
  auto hash = co_await std::move(hashing);
  if (!hash) co_return problem_of(hash.error());
  PeopleChange intent = SetPassword{user.id, std::move(*hash), call.caller.token};
  intent.audit = audit_of(api, call, "user.password", to_text(user.id));
  auto set = change_people(api, std::move(intent));
  const auto done = co_await std::move(set);
  if (!done) co_return problem_of(done.error());
  auto answered = changed_session_answer(api, 200, *call.caller.session);
  co_return co_await std::move(answered);
}

Awaitable<HttpResponse> switch_organization(ApiContext& api, ApiCall call) {
  BodyReader body(call.request);
  std::string text;
  if (body.object) text = take_required_text(body, "organization_id");
  body.finish();
  if (body.refusal) co_return std::move(*body.refusal);
  const auto id = parse_id<OrganizationId>(text);
  if (!id) co_return not_found();
  PeopleChange intent = SwitchOrganization{call.caller.token, *id};
  auto asked = change_people(api, std::move(intent));
  auto switched = co_await std::move(asked);
  if (!switched) co_return problem_of(switched.error());
  auto answered = changed_session_answer(api, 200, std::move(*switched->session));
  co_return co_await std::move(answered);
}

}  // namespace

void add_session_routes(Router& router) {
  router.add("GET", "/api/auth/me", Access::kKnown, Takes::kNothing, me);
  router.add("POST", "/api/auth/login", Access::kOpen, Takes::kBody, login);
  router.add("POST", "/api/auth/logout", Access::kPerson, Takes::kBody, logout);
  router.add("POST", "/api/auth/password", Access::kPerson, Takes::kBody, change_password);
  router.add("POST", "/api/auth/organization", Access::kPerson, Takes::kBody, switch_organization);
}

}  // namespace eventrelay
