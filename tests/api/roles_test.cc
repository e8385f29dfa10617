#include <nlohmann/json.hpp>

#include "base/embedded.h"
#include "tests/api/api_fixture.h"

namespace eventrelay {
namespace {

using nlohmann::json;

/// What a route asks for at least.
enum class Least { kNothing, kAnybody, kPerson, kPublish, kViewer, kDeveloper, kAdmin, kOwner };

struct Row {
  std::string_view method;
  std::string_view path;
  Least least;
  std::string_view body = "";
};

/// Every route, with a body where that decides.
constexpr Row kRoutes[] = {
    {"POST", "/api/events", Least::kPublish},
    {"GET", "/api/events", Least::kViewer},
    {"POST", "/api/events/batch", Least::kPublish},
    {"GET", "/api/events/{id}", Least::kViewer},
    {"POST", "/api/events/{id}/replay", Least::kDeveloper},
    {"GET", "/api/webhooks", Least::kViewer},
    {"POST", "/api/webhooks", Least::kDeveloper},
    {"GET", "/api/webhooks/{id}", Least::kViewer},
    {"PATCH", "/api/webhooks/{id}", Least::kDeveloper},
    {"DELETE", "/api/webhooks/{id}", Least::kDeveloper},
    {"GET", "/api/webhooks/{id}/secret", Least::kDeveloper},
    {"POST", "/api/webhooks/{id}/rotate-secret", Least::kDeveloper},
    {"POST", "/api/webhooks/{id}/test", Least::kDeveloper},
    {"GET", "/api/receiver/{id}", Least::kViewer},
    {"POST", "/api/receiver/{id}", Least::kDeveloper},
    {"GET", "/api/deliveries", Least::kViewer},
    {"GET", "/api/deliveries/{id}", Least::kViewer},
    {"POST", "/api/deliveries/{id}/retry", Least::kDeveloper},
    {"POST", "/api/deliveries/{id}/cancel", Least::kDeveloper},
    {"GET", "/api/dlq", Least::kViewer},
    {"DELETE", "/api/dlq/{id}", Least::kDeveloper},
    {"POST", "/api/dlq/{id}/replay", Least::kDeveloper},
    {"POST", "/api/dlq/replay", Least::kDeveloper},
    {"POST", "/api/dlq/replay", Least::kDeveloper, R"({"dry_run":1})"},
    {"POST", "/api/dlq/replay", Least::kDeveloper, R"({"dry_run":true,"unknown":1})"},
    {"POST", "/api/dlq/replay", Least::kViewer, R"({"dry_run":true})"},
    {"POST", "/api/dlq/purge", Least::kDeveloper},
    {"POST", "/api/dlq/purge", Least::kViewer, R"({"dry_run":true})"},
    {"GET", "/api/jobs", Least::kViewer},
    {"GET", "/api/jobs/{id}", Least::kViewer},
    {"POST", "/api/jobs/{id}/cancel", Least::kDeveloper},
    {"GET", "/api/keys", Least::kAdmin},
    {"POST", "/api/keys", Least::kAdmin},
    {"DELETE", "/api/keys/{id}", Least::kAdmin},
    {"GET", "/api/metrics", Least::kViewer},
    {"GET", "/api/metrics/webhooks", Least::kViewer},
    {"GET", "/api/stream", Least::kViewer},
    {"GET", "/api/auth/me", Least::kAnybody},
    {"POST", "/api/auth/login", Least::kNothing},
    {"POST", "/api/auth/accept", Least::kNothing},
    {"POST", "/api/auth/logout", Least::kPerson},
    {"POST", "/api/auth/password", Least::kPerson},
    {"POST", "/api/auth/organization", Least::kPerson},
    {"GET", "/api/users", Least::kViewer},
    {"PATCH", "/api/users/{id}", Least::kAdmin},
    {"PATCH", "/api/users/{id}", Least::kAdmin, R"({"role":"admin"})"},
    {"PATCH", "/api/users/{id}", Least::kOwner, R"({"role":"owner"})"},
    {"DELETE", "/api/users/{id}", Least::kAdmin},
    {"GET", "/api/invitations", Least::kAdmin},
    {"POST", "/api/invitations", Least::kAdmin, R"({"email":"a@example.com","role":"admin"})"},
    {"POST", "/api/invitations", Least::kOwner, R"({"email":"a@example.com","role":"owner"})"},
    {"POST", "/api/invitations", Least::kOwner, R"({"role":"owner"})"},
    {"DELETE", "/api/invitations/{id}", Least::kAdmin},
    {"POST", "/api/organizations", Least::kPerson},
    {"PATCH", "/api/organizations/{id}", Least::kOwner},
    {"GET", "/api/audit", Least::kAdmin},
    {"GET", "/api/settings", Least::kAdmin},
    {"PATCH", "/api/settings", Least::kAdmin},
};

/// Who asks, and what routes of which kinds let them in.
struct Asker {
  std::string name;
  std::string_view key;
  std::string_view cookie;
  std::set<Least> may;
};

class RolesTest : public ApiTest {
 protected:
  RolesTest() {
    put_key("publish-key-0123456789", Scope::kPublish);
    put_key("read-key-0123456789", Scope::kRead);
    using enum Least;
    const std::set<Least> person{kNothing, kAnybody, kPerson};
    const auto with = [](std::set<Least> some, const std::set<Least>& more) {
      some.insert(more.begin(), more.end());
      return some;
    };
    const auto viewer = with(person, {kViewer});
    const auto developer = with(viewer, {kPublish, kDeveloper});
    const auto admin = with(developer, {kAdmin});
    askers = {{"nobody", "", "", {kNothing}},
              {"a stranger", "unknown-key-0123456789", "", {kNothing}},
              {"an old cookie", "", "eventrelay=unknown", {kNothing}},
              {"a publish key", "publish-key-0123456789", "", {kNothing, kAnybody, kPublish}},
              {"a read key", "read-key-0123456789", "", {kNothing, kAnybody, kViewer}},
              {"an admin key", kAdminKey, "", {kNothing, kAnybody, kPublish, kViewer, kDeveloper, kAdmin}},
              {"a viewer", "", put_person("viewer@example.com", Role::kViewer), viewer},
              {"a developer", "", put_person("developer@example.com", Role::kDeveloper), developer},
              {"an admin", "", put_person("admin@example.com", Role::kAdmin), admin},
              {"an owner", "", put_person("owner@example.com", Role::kOwner), with(admin, {kOwner})}};
  }

  int status_of(const Row& row, const Asker& asker) {
    std::string path(row.path);
    if (const auto id = path.find("{id}"); id != std::string::npos) path.replace(id, 4, "none");
    HttpRequest asked{row.method, path, {{"content-type", "application/json"}}, std::string(row.body), "127.0.0.1"};
    if (!asker.key.empty()) asked.headers.emplace_back("x-api-key", asker.key);
    if (!asker.cookie.empty()) asked.headers.emplace_back("cookie", asker.cookie);
    return ask(std::move(asked),
               [this] {
                 if (!store.changes.empty()) store.changes.fail(ErrorCode::kUnavailable);
                 if (!people.changes.empty()) people.changes.fail(ErrorCode::kUnavailable);
               })
        .status;
  }

  std::vector<Asker> askers;
};

TEST_F(RolesTest, each_route_lets_in_whom_it_should_and_nobody_else) {
  for (const auto& row : kRoutes) {
    for (const auto& asker : askers) {
      const int status = status_of(row, asker);
      const bool is_let_in = status != 401 && status != 403;
      EXPECT_EQ(is_let_in, asker.may.contains(row.least))
          << asker.name << ": " << row.method << " " << row.path << " " << row.body << " -> " << status;
      const bool is_known = asker.may.contains(Least::kAnybody);
      if (!is_let_in) {
        EXPECT_EQ(status, is_known ? 403 : 401) << asker.name << ": " << row.method << " " << row.path;
      }
    }
  }
}

TEST_F(RolesTest, no_route_of_the_description_is_left_out) {
  const auto description = json::parse(api_description().front().text);
  for (const auto& [path, operations] : description["paths"].items()) {
    if (!path.starts_with("/api/")) continue;
    for (const std::string method : {"get", "post", "put", "patch", "delete"}) {
      if (!operations.contains(method)) continue;
      const bool is_there = std::any_of(std::begin(kRoutes), std::end(kRoutes), [&](const Row& row) {
        std::string lower(row.method);
        std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return static_cast<char>(c | 0x20); });
        return lower == method && row.path == path;
      });
      EXPECT_TRUE(is_there) << method << " " << path;
    }
  }
}

TEST_F(RolesTest, everybody_may_leave) {
  const auto cookie = put_person("leaver@example.com", Role::kViewer);
  const auto self = to_text(UserId{last_id});
  const auto response =
      ask(with_cookie("DELETE", "/api/users/" + self, cookie), [&] { people.changes.answer(PeopleResult{}); });
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(ask(with_cookie("DELETE", "/api/users/" + to_text(UserId{1}), cookie)).status, 403);
}

TEST_F(RolesTest, who_is_not_there_is_told_before_what_is_wrong_with_the_body) {
  const auto admin = put_person("admin@example.com", Role::kAdmin);
  people.members[UserId{8}] = {{UserId{8}, "bob@example.com", "Bob"}, Role::kViewer, {}};
  people.members[UserId{9}] = {{UserId{9}, "eve@example.com", "Eve"}, Role::kOwner, {}};
  const auto status = [&](std::int64_t id, std::string_view cookie) {
    return ask(with_cookie("PATCH", "/api/users/" + to_text(UserId{id}), cookie, R"({"role":"king"})")).status;
  };
  EXPECT_EQ(status(7, admin), 404);
  EXPECT_EQ(status(8, admin), 422);
  EXPECT_EQ(status(9, admin), 403) << "an owner";
  EXPECT_EQ(status(9, put_person("owner@example.com", Role::kOwner)), 422);
}

TEST_F(RolesTest, settings_are_for_the_first_organization) {
  auto cookie = put_person("elsewhere@example.com", Role::kOwner);
  people.sessions.at(sha256(cookie.substr(cookie.find('=') + 1))).organization.id = OrganizationId{77};
  EXPECT_EQ(ask(with_cookie("PATCH", "/api/settings", cookie, R"({"retention_days":1})")).status, 403);
  EXPECT_NE(ask(with_cookie("GET", "/api/settings", cookie)).status, 403);
}

}  // namespace
}  // namespace eventrelay
