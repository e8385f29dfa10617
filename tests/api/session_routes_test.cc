#include <nlohmann/json.hpp>

#include "tests/api/api_fixture.h"

namespace eventrelay {
namespace {

using nlohmann::json;

constexpr std::string_view kPassword = "correct horse battery";

class SessionRoutesTest : public ApiTest {
 protected:
  SessionRoutesTest() {
    Account account;
    account.user = {UserId{7}, "ada@example.com", "Ada"};
    account.password_hash = *loop.wait<Result<std::string>>(
        [&](auto done) { sign_in.hasher.hash(loop.loop(), std::string(kPassword), std::move(done)); });
    people.accounts.emplace(account.user.email, account);
  }

  static HttpRequest posted(std::string_view target, std::string body) {
    return {"POST", target, {{"content-type", "application/json"}}, std::move(body), "127.0.0.1"};
  }
  static HttpRequest login(std::string_view email, std::string_view password) {
    return posted("/api/auth/login", json{{"email", email}, {"password", password}}.dump());
  }
  /// As ask(), for what hashes first: then the change that it asks for is answered.
  HttpResponse ask_and_answer(HttpRequest asked, PeopleResult result) {
    std::optional<HttpResponse> response;
    boost::asio::co_spawn(loop.context(), api.handle(std::move(asked)),
                          [&](const std::exception_ptr&, HttpResponse got) { response = std::move(got); });
    loop.run_until([&] { return response || !people.changes.empty(); });
    if (!response) {
      intents.push_back(people.changes.front());
      people.changes.answer(std::move(result));
    }
    loop.run_until([&] { return response.has_value(); });
    return std::move(*response);
  }
  static PeopleResult begun() {
    PeopleResult result;
    result.session =
        Session{{UserId{7}, "ada@example.com", "Ada"}, {kFirstOrganization, "First", Role::kOwner}, {}, {}};
    return result;
  }
  static std::string header(const HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }
  Sha256 invite(std::string_view token, std::string email) {
    const auto hash = sha256(token);
    people.invitations[hash] = {InvitationId{9}, kFirstOrganization, std::move(email), Role::kDeveloper, {}};
    return hash;
  }

  std::vector<PeopleChange> intents;
};

TEST_F(SessionRoutesTest, signing_in_begins_a_session_whose_token_only_the_cookie_has) {
  const auto response = ask_and_answer(login("Ada@Example.com", kPassword), begun());
  ASSERT_EQ(response.status, 200) << response.body;
  const auto cookie = header(response, "set-cookie");
  ASSERT_TRUE(cookie.starts_with("eventrelay=")) << cookie;
  const auto token = cookie.substr(11, cookie.find(';') - 11);
  const auto& intent = std::get<BeginSession>(intents.at(0));
  EXPECT_EQ(intent.user, UserId{7});
  EXPECT_EQ(intent.session.token, sha256(token));
  EXPECT_EQ(intent.session.address, "127.0.0.1");
  EXPECT_EQ(intents[0].audit->actor, "ada@example.com");
  EXPECT_EQ(intents[0].audit->action, "user.sign_in");
  EXPECT_EQ(response.body.find(token), std::string::npos);
  const auto body = json::parse(response.body);
  EXPECT_EQ(body["user"]["email"], "ada@example.com");
  EXPECT_EQ(body["role"], "owner");
  EXPECT_EQ(body["organizations"].size(), 1u) << "told although nothing can be read";
}

TEST_F(SessionRoutesTest, a_wrong_password_and_an_unknown_account_look_alike) {
  const auto wrong = ask(login("ada@example.com", "wrong horse battery"));
  const auto unknown = ask(login("bob@example.com", "wrong horse battery"));
  const auto none = ask(login("not an address", "wrong horse battery"));
  EXPECT_EQ(wrong.status, 401);
  for (const auto& other : {unknown, none}) {
    EXPECT_EQ(other.status, 401);
    EXPECT_EQ(other.body, wrong.body);
    EXPECT_EQ(other.headers, wrong.headers);
  }
}

TEST_F(SessionRoutesTest, tries_past_the_fifth_wait_before_anything_is_hashed) {
  for (const char* email : {"ada@example.com", "nobody@example.com"}) {
    for (int i = 0; i < kTriesOfPair; ++i) EXPECT_EQ(ask(login(email, "wrong horse battery")).status, 401);
    for (const auto password : {std::string_view("wrong horse battery"), kPassword}) {
      const auto response = ask(login(email, password));
      EXPECT_EQ(response.status, 429) << email;
      EXPECT_EQ(header(response, "retry-after"), "1");
    }
  }
}

TEST_F(SessionRoutesTest, a_page_of_another_site_cannot_sign_anybody_in) {
  auto request = login("ada@example.com", kPassword);
  request.headers.emplace_back("origin", "https://evil.example");
  EXPECT_EQ(ask(std::move(request)).status, 403);
  auto untyped = login("ada@example.com", kPassword);
  untyped.headers.clear();
  EXPECT_EQ(ask(std::move(untyped)).status, 415);
  auto form = login("ada@example.com", kPassword);
  form.headers = {{"content-type", "text/plain"}};
  EXPECT_EQ(ask(std::move(form)).status, 415);
}

TEST_F(SessionRoutesTest, a_cookie_does_nothing_for_a_page_of_another_site_but_a_key_does) {
  const auto cookie = put_person("owner@example.com", Role::kOwner);
  auto request = with_cookie("POST", "/api/webhooks", cookie, "{}");
  request.headers.emplace_back("sec-fetch-site", "cross-site");
  EXPECT_EQ(ask(std::move(request)).status, 403);
  auto with_key = ApiTest::request("POST", "/api/webhooks", "{}");
  with_key.headers.emplace_back("sec-fetch-site", "cross-site");
  EXPECT_EQ(ask(std::move(with_key)).status, 422);
  auto read = with_cookie("GET", "/api/auth/me", cookie);
  read.headers.emplace_back("origin", "https://evil.example");
  EXPECT_NE(ask(std::move(read)).status, 403);
}

TEST_F(SessionRoutesTest, signing_out_ends_the_session_and_the_cookie) {
  const auto cookie = put_person("ada@example.com", Role::kOwner);
  auto response = ask_and_answer(with_cookie("POST", "/api/auth/logout", cookie), {});
  EXPECT_EQ(response.status, 204);
  EXPECT_NE(header(response, "set-cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(std::get<EndSession>(intents.at(0)).token, sha256(cookie.substr(11)));
  response = ask_and_answer(with_cookie("POST", "/api/auth/logout", cookie, R"({"everywhere":true})"), {});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(std::get<EndSessions>(intents.at(1)).user, UserId{last_id});
  EXPECT_EQ(intents[1].audit->action, "user.sign_out");
}

TEST_F(SessionRoutesTest, a_new_password_needs_the_old_one) {
  const auto cookie = put_person("ada@example.com", Role::kViewer);
  const auto change = [&](std::string_view current, std::string_view next) {
    return with_cookie("POST", "/api/auth/password", cookie,
                       json{{"current_password", current}, {"new_password", next}}.dump());
  };
  EXPECT_EQ(ask(change(kPassword, "too short")).status, 422);
  const auto wrong = ask(change("wrong horse battery", "a new password, longer"));
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(json::parse(wrong.body)["errors"][0]["path"], "current_password");
  const auto changed = ask_and_answer(change(kPassword, "a new password, longer"), {});
  EXPECT_EQ(changed.status, 200) << "it is done, whatever can be read afterwards";
  const auto& intent = std::get<SetPassword>(intents.at(0));
  EXPECT_EQ(intent.session, sha256(cookie.substr(11))) << "the one that stays";
  EXPECT_TRUE(intent.password_hash.starts_with("$argon2id$"));
}

TEST_F(SessionRoutesTest, what_is_done_is_answered_as_done_though_nothing_can_be_read) {
  const auto cookie = put_person("ada@example.com", Role::kViewer);
  EXPECT_EQ(ask(with_cookie("GET", "/api/auth/me", cookie)).status, 503);
  const std::string body = R"({"organization_id":")" + to_text(kFirstOrganization) + "\"}";
  const auto switched = ask_and_answer(with_cookie("POST", "/api/auth/organization", cookie, body), begun());
  ASSERT_EQ(switched.status, 200) << switched.body;
  EXPECT_EQ(json::parse(switched.body)["organizations"].size(), 1u);
}

TEST_F(SessionRoutesTest, a_session_is_marked_as_used_now_and_then) {
  const auto cookie = put_person("ada@example.com", Role::kViewer);
  ask(with_cookie("GET", "/api/users", cookie));
  EXPECT_TRUE(people.changes.empty());
  people.sessions.at(sha256(cookie.substr(11))).seen_at -= kSessionTouchEvery;
  ask(with_cookie("GET", "/api/users", cookie));
  ASSERT_EQ(people.changes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<TouchSession>(people.changes.front()));
}

TEST_F(SessionRoutesTest, an_unknown_link_is_gone_and_tries_at_it_are_counted) {
  const auto accept = [] {
    return posted("/api/auth/accept", R"({"token":"t","name":"Bob","password":"correct horse battery"})");
  };
  for (int i = 0; i < kTriesOfPair; ++i) EXPECT_EQ(ask(accept()).status, 410);
  EXPECT_EQ(ask(accept()).status, 429);
}

TEST_F(SessionRoutesTest, an_invited_stranger_makes_an_account_by_the_address_that_was_invited) {
  const auto token = invite("t", "bob@example.com");
  const auto accept = [](const json& more) {
    json body{{"token", "t"}, {"name", "Bob"}, {"password", kPassword}};
    body.update(more);
    return posted("/api/auth/accept", body.dump());
  };
  EXPECT_EQ(ask(accept({{"email", "eve@example.com"}})).status, 422);
  EXPECT_EQ(ask(accept({{"password", "short"}})).status, 422);
  const auto response = ask_and_answer(accept(json::object()), begun());
  EXPECT_EQ(response.status, 201) << response.body;
  EXPECT_NE(header(response, "set-cookie"), "");
  const auto& intent = std::get<AcceptInvitation>(intents.at(0));
  EXPECT_EQ(intent.token, token);
  EXPECT_EQ(intent.email, "bob@example.com");
  EXPECT_EQ(intent.user, UserId{});
  EXPECT_EQ(intents[0].audit->action, "user.join");
}

TEST_F(SessionRoutesTest, a_first_link_needs_an_address) {
  invite("t", "");
  const std::string body = R"({"token":"t","name":"Bob","password":"correct horse battery")";
  const auto refused = ask(posted("/api/auth/accept", body + "}"));
  EXPECT_EQ(json::parse(refused.body)["errors"][0]["path"], "email");
  ask_and_answer(posted("/api/auth/accept", body + R"(,"email":"Bob@Example.com"})"), begun());
  EXPECT_EQ(std::get<AcceptInvitation>(intents.at(0)).email, "bob@example.com");
}

TEST_F(SessionRoutesTest, somebody_with_an_account_accepts_by_being_signed_in) {
  invite("t", "ada@example.com");
  const auto ada = put_person("ada@example.com", Role::kViewer);
  const auto id = UserId{last_id};
  const auto response = ask_and_answer(with_cookie("POST", "/api/auth/accept", ada, R"({"token":"t"})"), begun());
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(std::get<AcceptInvitation>(intents.at(0)).user, id);
  const auto eve = put_person("eve@example.com", Role::kViewer);
  EXPECT_EQ(ask(with_cookie("POST", "/api/auth/accept", eve, R"({"token":"t"})")).status, 409);
}

TEST_F(SessionRoutesTest, an_invitation_gives_a_link_with_the_token_in_its_fragment) {
  const auto cookie = put_person("admin@example.com", Role::kAdmin);
  PeopleResult made;
  made.id = 9;
  const auto response = ask_and_answer(
      with_cookie("POST", "/api/invitations", cookie, R"({"email":"Bob@Example.com","role":"viewer"})"), made);
  ASSERT_EQ(response.status, 201) << response.body;
  const auto url = json::parse(response.body)["url"].get<std::string>();
  const std::string begin = "http://127.0.0.1:8080/accept#token=";
  ASSERT_TRUE(url.starts_with(begin)) << url;
  const auto& intent = std::get<CreateInvitation>(intents.at(0));
  EXPECT_EQ(intent.token, sha256(url.substr(begin.size())));
  EXPECT_EQ(intent.email, "bob@example.com");
  EXPECT_EQ(intent.by, Role::kAdmin);
}

class NoSignInTest : public SessionRoutesTest {
 protected:
  static ApiOptions in_the_clear() {
    ApiOptions options;
    options.site.url = "http://0.0.0.0:8080";
    return options;
  }
  HttpResponse ask_there(HttpRequest asked) { return loop.wait(there.handle(std::move(asked))); }
  Api there{ports, in_the_clear()};
};

TEST_F(NoSignInTest, nobody_is_signed_in_where_passwords_would_cross_a_network_in_the_clear) {
  EXPECT_EQ(ask_there(login("ada@example.com", kPassword)).status, 403);
  EXPECT_EQ(ask_there(posted("/api/auth/accept", R"({"token":"t"})")).status, 403);
  const auto cookie = put_person("ada@example.com", Role::kOwner);
  EXPECT_EQ(ask_there(with_cookie("GET", "/api/auth/me", cookie)).status, 401);
  EXPECT_EQ(ask_there(request("GET", "/api/auth/me")).status, 200) << "keys work";
}

}  // namespace
}  // namespace eventrelay
