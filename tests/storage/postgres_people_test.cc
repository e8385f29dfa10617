// People on several processes at once: of changes that exclude each other one comes first.
#include <gtest/gtest.h>

#include "storage/postgres_blocking.h"
#include "tests/storage/postgres_process.h"
#include "tests/support/postgres_server.h"

namespace eventrelay::test {
namespace {

struct PostgresPeopleTest : testing::Test {
  PostgresServer& server = PostgresServer::shared();
  std::string url = server.make_database();
  Process one{url};
  Process two{url};
  TestLoop& loop = one.loop;

  using Answer = std::shared_ptr<std::optional<Result<PeopleResult>>>;

  static Sha256 token(std::string_view name) { return sha256(name); }
  Answer start(Process& process, PeopleChange change) {
    auto answer = std::make_shared<std::optional<Result<PeopleResult>>>();
    process.store->change_people(loop.loop(), std::move(change),
                                 [answer](Result<PeopleResult> result) { answer->emplace(std::move(result)); });
    return answer;
  }
  Result<PeopleResult> end(const Answer& answer) {
    loop.run_until([&] { return answer->has_value(); });
    return **answer;
  }
  Result<PeopleResult> change(PeopleChange change) { return end(start(one, std::move(change))); }
  /// All under way at once, on both processes in turn; how many were done.
  int race(const std::vector<PeopleChange>& changes) {
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < changes.size(); ++i) answers.push_back(start(i % 2 == 0 ? one : two, changes[i]));
    int done = 0;
    for (const Answer& answer : answers) {
      const auto result = end(answer);
      if (result) ++done;
      if (result) continue;
      EXPECT_TRUE(result.error().code == ErrorCode::kNotFound || result.error().code == ErrorCode::kConflict)
          << result.error().message;
    }
    return done;
  }

  static AcceptInvitation accept(std::string_view link, std::string_view session, std::string email = "") {
    return {token(link), {}, std::move(email), "Somebody", "hash", {token(session), "10.0.0.1"}};
  }
  void invite(std::string_view link, std::string email, Role role = Role::kViewer) {
    ASSERT_TRUE(change(CreateInvitation{kOrg, std::move(email), role, Role::kOwner, token(link)}));
  }
  UserId make_owner() {
    EXPECT_TRUE(change(MakeFirstLink{token("first")}));
    return UserId{change(accept("first", "ada", "ada@example.com")).value().id};
  }
  UserId make_member(std::string_view name, Role role) {
    const std::string link = std::string(name) + " in";
    invite(link, std::string(name) + "@example.com", role);
    return UserId{change(accept(link, name)).value().id};
  }
  std::size_t members() {
    return loop.wait(two.store->list_members(loop.loop(), kOrg, {0, kPageMax})).value().rows.size();
  }
  bool has_session(std::string_view name) {
    return loop.wait(two.store->find_session(loop.loop(), token(name))).has_value();
  }
};

TEST_F(PostgresPeopleTest, of_four_who_accept_at_once_one_wins) {
  make_owner();
  for (int round = 0; round < 10; ++round) {
    const std::string link = "link " + std::to_string(round);
    invite(link, std::to_string(round) + "@example.com");
    std::vector<PeopleChange> changes;
    for (int i = 0; i < 4; ++i) changes.emplace_back(accept(link, link + std::to_string(i)));
    EXPECT_EQ(race(changes), 1);
    int sessions = 0;
    for (int i = 0; i < 4; ++i) sessions += has_session(link + std::to_string(i)) ? 1 : 0;
    EXPECT_EQ(sessions, 1);
  }
  EXPECT_EQ(members(), 11u);
}

TEST_F(PostgresPeopleTest, of_many_who_use_the_first_link_one_makes_the_first_account) {
  ASSERT_TRUE(end(start(one, MakeFirstLink{token("first")})));
  std::vector<PeopleChange> changes;
  for (int i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i);
    changes.emplace_back(accept("first", "session " + name, name + "@example.com"));
  }
  EXPECT_EQ(race(changes), 1);
  EXPECT_EQ(members(), 1u);
}

TEST_F(PostgresPeopleTest, two_invitations_of_one_address_make_one_account) {
  make_owner();
  invite("a", "bob@example.com");
  invite("b", "bob@example.com");
  EXPECT_EQ(race({accept("a", "bob a"), accept("b", "bob b")}), 1);
  EXPECT_EQ(members(), 2u);
}

TEST_F(PostgresPeopleTest, of_two_owners_who_leave_at_once_one_stays) {
  const UserId ada = make_owner();
  for (int round = 0; round < 5; ++round) {
    const UserId bob = make_member("bob" + std::to_string(round), Role::kOwner);
    ASSERT_TRUE(change(SetRole{kOrg, ada, Role::kOwner, Role::kOwner}));
    EXPECT_EQ(race({SetRole{kOrg, ada, Role::kViewer, Role::kOwner}, RemoveMember{kOrg, bob, Role::kOwner}}), 1);
    ASSERT_EQ(server.sql(url, "SELECT count(*) FROM eventrelay.memberships WHERE role = 3"), "1");
    // Ada is the owner of the next round.
    if (loop.wait(two.store->find_session(loop.loop(), token("ada")))->organization.role == Role::kOwner) continue;
    ASSERT_TRUE(change(SetRole{kOrg, ada, Role::kOwner, Role::kOwner}));
    ASSERT_TRUE(change(RemoveMember{kOrg, bob, Role::kOwner}));
  }
}

TEST_F(PostgresPeopleTest, who_is_taken_out_while_they_sign_in_is_out) {
  make_owner();
  for (int round = 0; round < 10; ++round) {
    const std::string name = "bob" + std::to_string(round);
    const UserId bob = make_member(name, Role::kViewer);
    const Answer in = start(two, BeginSession{bob, {token(name + " again"), ""}});
    const Answer out = start(one, RemoveMember{kOrg, bob, Role::kOwner});
    ASSERT_TRUE(end(out));
    end(in);
    EXPECT_FALSE(has_session(name));
    EXPECT_FALSE(has_session(name + " again"));
  }
  EXPECT_EQ(server.sql(url, "SELECT count(*) FROM eventrelay.sessions"), "1");
}

TEST_F(PostgresPeopleTest, an_organization_made_while_processes_run_works_on_all_of_them) {
  const OrganizationId org{change(CreateOrganization{make_owner(), "other"}).value().id};
  CreateWebhook create{org, {}, Secret{std::string(32, 's')}};
  create.spec.url = "https://example.com/";
  create.spec.event_types = {"*"};
  IngestIntent event = Process::event();
  event.organization = org;
  event.catalog_version = 0;
  ASSERT_TRUE(two.send(event)) << "nobody has made anything in it yet";
  const auto webhook = one.change(create);
  ASSERT_TRUE(webhook);
  // The other process has not heard of it yet: its first match is out of date, and what it would have written is not
  // there.
  event.audit = std::make_shared<const AuditEntry>(AuditEntry{org, "ada@example.com", "webhook.test", "x", "10.0.0.1"});
  const auto sent = two.send(event);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->events[0].deliveries, 1u);
  const auto log = loop.wait(one.store->list_audit(loop.loop(), org, {0, 10}));
  ASSERT_TRUE(log);
  EXPECT_EQ(log->rows.size(), 1u);
  two.loop.run_until([&] { return !two.hand_over.take().webhooks.empty(); });
}

TEST_F(PostgresPeopleTest, who_holds_the_lock_keeps_changes_waiting_and_no_reads) {
  make_owner();
  PgBlocking holder(url, "test");
  holder.run("SELECT pg_advisory_lock(7305, 6)");
  const Answer waiting = start(one, CreateInvitation{kOrg, "bob@example.com", Role::kViewer, Role::kOwner, token("b")});
  EXPECT_TRUE(has_session("ada"));
  ASSERT_TRUE(change(TouchSession{token("ada")})) << "a session's use needs no lock";
  const auto refused = end(waiting);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  holder.run("SELECT pg_advisory_unlock(7305, 6)");
  invite("b", "bob@example.com");
  EXPECT_EQ(one.send()->events.size(), 1u) << "nothing holds the ids' lock";
}

}  // namespace
}  // namespace eventrelay::test
