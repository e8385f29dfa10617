#include "api/session_answer.h"

namespace eventrelay {
namespace {

HttpResponse answer_of(int status, const Session& session, const std::vector<OrganizationRole>& organizations) {
  const auto& user = session.user;
  const auto& here = session.organization;
  JsonWriter json;
  json.open('{').key("user").open('{').field("id", to_text(user.id)).field("email", user.email);
  json.field("name", user.name).close('}').key("organization").open('{').field("id", to_text(here.id));
  json.field("name", here.name).close('}').field("role", to_text(here.role)).key("organizations").open('[');
  for (const auto& one : organizations) {
    json.open('{').field("id", to_text(one.id)).field("name", one.name).field("role", to_text(one.role)).close('}');
  }
  json.close(']').close('}');
  auto response = json_response(status, std::move(json));
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

}  // namespace

Awaitable<HttpResponse> session_answer(ApiContext& api, Session session) {
  auto read = api.people.list_organizations(api.loop, session.user.id);
  const auto organizations = co_await std::move(read);
  co_return organizations ? answer_of(200, session, *organizations) : problem_of(organizations.error());
}

Awaitable<HttpResponse> changed_session_answer(ApiContext& api, int status, Session session, std::string token) {
  auto read = api.people.list_organizations(api.loop, session.user.id);
  auto organizations = co_await std::move(read);
  if (!organizations) organizations = std::vector<OrganizationRole>{session.organization};
  auto response = answer_of(status, session, *organizations);
  if (!token.empty()) response.headers.emplace_back("set-cookie", set_session_cookie(api.options.site, token));
  co_return response;
}

std::optional<HttpResponse> throttle_refusal(ApiContext& api, const Throttle::Attempt& attempt) {
  const auto wait = api.sign_in.throttle.begin(attempt, api.loop.now());
  if (wait == milliseconds{0}) return std::nullopt;
  const auto seconds = std::to_string(std::chrono::ceil<std::chrono::seconds>(wait).count());
  auto response = problem(429, "too_many_attempts", "Too many attempts: try again in " + seconds + " s.");
  response.headers.emplace_back("retry-after", seconds);
  return response;
}

Throttle::Attempt attempt_from(const std::string& address, std::string account, bool trusted) {
  return {std::move(account), IpAddress::parse(address).value_or(IpAddress{}), trusted};
}

}  // namespace eventrelay
