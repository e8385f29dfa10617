// A link is accepted: an invitation, or the first one. It makes an account, or takes who is signed in into the
// organization; either way a session begins there.
#include <algorithm>

#include "api/people_body.h"
#include "api/session_answer.h"
#include "base/crypto.h"

namespace eventrelay {
namespace {

HttpResponse gone() {
  return problem(410, "gone", "This link has been used, has expired, or was never one.");
}

struct AcceptBody {
  std::string token;
  std::string name;
  std::string password;
  std::string email;
  bool makes_account = false;  ///< a password is in it
  std::optional<HttpResponse> refusal;
  /// What an account lacks; who has one needs none of it.
  std::vector<FieldError> account_faults;
};

AcceptBody read_accept(const HttpRequest& request) {
  AcceptBody result;
  BodyReader body(request);
  if (body.object) {
    result.token = take_required_text(body, "token");
    const auto faults_of_token = body.faults.size();
    result.makes_account = body.object->has("password");
    result.name = take_name(body, "name");
    result.password = take_new_password(body, "password");
    if (body.object->has("email")) result.email = take_email(body, "email");
    const auto begin = body.faults.begin() + static_cast<std::ptrdiff_t>(faults_of_token);
    result.account_faults.assign(begin, body.faults.end());
    body.faults.erase(begin, body.faults.end());
  }
  body.finish();
  result.refusal = std::move(body.refusal);
  return result;
}

/// invitation: a first link has no e-mail, and needs one; an invitation's own may be repeated.
std::vector<FieldError> faults_of_account(const AcceptBody& body, const Invitation& invitation) {
  auto faults = body.account_faults;
  const bool email_is_wrong =
      std::any_of(faults.begin(), faults.end(), [](const auto& f) { return f.path == "email"; });
  if (email_is_wrong) return faults;
  if (invitation.email.empty() && body.email.empty()) faults.push_back({"email", "is missing"});
  if (!invitation.email.empty() && !body.email.empty() && body.email != invitation.email) {
    faults.push_back({"email", "is not the address that was invited"});
  }
  return faults;
}

/// The intent without its token and session, or why there is none.
struct Acceptance {
  AcceptInvitation accept;
  std::string actor;
  std::optional<HttpResponse> refusal;
};

Awaitable<Acceptance> prepare(ApiContext& api, AcceptBody body, Invitation invitation, Caller caller) {
  Acceptance result;
  const auto* session = caller.session.get();
  const bool is_invited = session && (invitation.email.empty() || invitation.email == session->user.email);
  if (is_invited) {
    result.accept.user = session->user.id;
    result.actor = session->user.email;
    co_return result;
  }
  if (session && !body.makes_account) {
    result.refusal = problem(409, "other_address", "The invitation is for another e-mail address than yours.");
    co_return result;
  }
  if (const auto faults = faults_of_account(body, invitation); !faults.empty()) {
    result.refusal = invalid_input(faults);
    co_return result;
  }
  auto hashing = completion_of<Result<std::string>>(
      [&](auto done) { api.sign_in.hasher.hash(api.loop, std::move(body.password), std::move(done)); });
  auto hash = co_await std::move(hashing);
  if (!hash) {
    result.refusal = problem_of(hash.error());
    co_return result;
  }
  result.accept.email = invitation.email.empty() ? body.email : invitation.email;
  result.accept.name = std::move(body.name);
  result.accept.password_hash = std::move(*hash);
  result.actor = result.accept.email;
  co_return result;
}

Awaitable<HttpResponse> accept(ApiContext& api, ApiCall call) {
  if (auto refusal = sign_in_refusal(api.options.site)) co_return std::move(*refusal);
  auto body = read_accept(call.request);
  if (body.refusal) co_return std::move(*body.refusal);
  auto find_caller = find_session_caller(api, call.request);
  auto caller = co_await std::move(find_caller);
  if (!caller) co_return problem_of(caller.error());

  const auto address = client_address(api.options.site, call.request);
  const auto link = sha256(body.token);
  const auto attempt = attempt_from(address, "link " + body.token);
  if (auto refusal = throttle_refusal(api, attempt)) co_return std::move(*refusal);
  auto find = api.people.find_invitation(api.loop, link);
  auto invitation = co_await std::move(find);
  if (!invitation && invitation.error().code == ErrorCode::kNotFound) co_return gone();
  if (!invitation) {
    api.sign_in.throttle.withdrawn(attempt);
    co_return problem_of(invitation.error());
  }
  auto preparing = prepare(api, std::move(body), std::move(*invitation), std::move(*caller));
  auto prepared = co_await std::move(preparing);
  if (prepared.refusal) {
    api.sign_in.throttle.withdrawn(attempt);
    co_return std::move(*prepared.refusal);
  }
  auto token = random_token();
  prepared.accept.token = link;
  prepared.accept.session = {sha256(token), address};
  const auto user = prepared.accept.user;
  PeopleChange intent = std::move(prepared.accept);
  intent.audit = AuditEntry{{}, prepared.actor, "user.join", user ? to_text(user) : std::string(), address};
  auto join = change_people(api, std::move(intent));
  auto joined = co_await std::move(join);
  if (!joined && joined.error().code == ErrorCode::kNotFound) co_return gone();  // somebody else was first
  if (!joined) co_return problem_of(joined.error());
  api.sign_in.throttle.succeeded(attempt);
  auto answered = changed_session_answer(api, 201, std::move(*joined->session), std::move(token));
  co_return co_await std::move(answered);
}

}  // namespace

void add_accept_route(Router& router) {
  router.add("POST", "/api/auth/accept", Access::kOpen, Takes::kBody, accept);
}

}  // namespace eventrelay
