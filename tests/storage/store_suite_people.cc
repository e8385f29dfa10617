// Accounts, organizations and roles, sessions, invitations.
#include "tests/storage/store_suite.h"

namespace eventrelay {
namespace {

constexpr auto kDayOfPeople = std::chrono::days(1);

std::string email_of(const std::string& name) {
  return name + "@example.com";
}

}  // namespace

UserId StoreSuite::make_owner() {
  EXPECT_TRUE(change_people(MakeFirstLink{token("first link")}));
  AcceptInvitation accept{token("first link"), {}, email_of("ada"), "Ada", "hash of ada", {token("ada"), "10.0.0.1"}};
  return UserId{change_people(accept).value().id};
}

UserId StoreSuite::make_member(const std::string& name, Role role, OrganizationId org) {
  EXPECT_TRUE(change_people(CreateInvitation{org, email_of(name), role, Role::kOwner, token("for " + name)}));
  AcceptInvitation accept{token("for " + name), {}, "", name, "hash of " + name, {token(name), "10.0.0.2"}};
  return UserId{change_people(accept).value().id};
}

OrganizationId StoreSuite::make_organization(UserId owner, std::string name) {
  harness->advance(milliseconds(1));
  return OrganizationId{change_people(CreateOrganization{owner, std::move(name)}).value().id};
}

std::optional<Session> StoreSuite::session_of(std::string_view token_name) {
  auto found = wait(people().find_session(loop(), token(token_name)));
  if (!found) {
    EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
    return std::nullopt;
  }
  return std::move(*found);
}

std::optional<Role> StoreSuite::role_of(UserId user, OrganizationId org) {
  const auto members = all_pages<Member>([&](PageRequest page) { return people().list_members(loop(), org, page); }, 2);
  for (const Member& member : members)
    if (member.user.id == user) return member.role;
  return std::nullopt;
}

std::vector<Invitation> StoreSuite::invitations(OrganizationId org) {
  return all_pages<Invitation>([&](PageRequest page) { return people().list_invitations(loop(), org, page); }, 2);
}

// ---- Accounts ----------------------------------------------------------------------------------------------------

TEST_P(StoreSuite, the_first_link_makes_the_owner_of_the_first_organization_once) {
  ASSERT_TRUE(change_people(MakeFirstLink{token("one")}));
  ASSERT_TRUE(change_people(MakeFirstLink{token("two")}));
  EXPECT_EQ(code_of(change_people(MakeFirstLink{token("two")})), ErrorCode::kConflict);
  EXPECT_FALSE(wait(people().find_invitation(loop(), token("one")))) << "a later one ends it";
  EXPECT_EQ(wait(people().find_invitation(loop(), token("two")))->email, "");
  EXPECT_TRUE(invitations().empty()) << "it is no invitation that people see";

  const AcceptInvitation accept{token("two"), {}, "ada@example.com", "Ada", "secret", {token("ada"), "10.0.0.1"}};
  const auto accepted = change_people(accept);
  ASSERT_TRUE(accepted);
  ASSERT_TRUE(accepted->session);
  EXPECT_EQ(accepted->session->user.id.value, accepted->id);
  const auto session = session_of("ada");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->user.email, "ada@example.com");
  EXPECT_EQ(session->user.name, "Ada");
  EXPECT_EQ(session->organization.id, kFirstOrganization);
  EXPECT_EQ(session->organization.name, "default");
  EXPECT_EQ(session->organization.role, Role::kOwner);
  EXPECT_EQ(session->began_at, harness->now());
  const auto account = wait(people().find_account(loop(), "ada@example.com"));
  ASSERT_TRUE(account);
  EXPECT_EQ(account->user.id, session->user.id);
  EXPECT_EQ(account->password_hash, "secret");

  for (const char* link : {"one", "two"}) {
    AcceptInvitation late{token(link), {}, "eve@example.com", "Eve", "x", {token("eve"), ""}};
    EXPECT_EQ(code_of(change_people(late)), ErrorCode::kNotFound) << link;
  }
  EXPECT_EQ(code_of(change_people(MakeFirstLink{token("three")})), ErrorCode::kConflict);
  EXPECT_EQ(code_of(wait(people().find_account(loop(), "eve@example.com"))), ErrorCode::kNotFound);
  EXPECT_FALSE(session_of("eve"));
}

TEST_P(StoreSuite, an_invitation_takes_in_whom_it_names_once) {
  make_owner();
  const auto made =
      change_people(CreateInvitation{kOrg, "bob@example.com", Role::kDeveloper, Role::kAdmin, token("link")});
  ASSERT_TRUE(made);
  ASSERT_EQ(invitations().size(), 1u);
  const Invitation open = invitations()[0];
  EXPECT_EQ(open.id.value, made->id);
  EXPECT_EQ(open.email, "bob@example.com");
  EXPECT_EQ(open.role, Role::kDeveloper);
  EXPECT_EQ(open.organization, kOrg);
  EXPECT_EQ(open.expires_at, harness->now() + kInvitationLife);

  AcceptInvitation accept{token("link"), {}, "other@example.com", "Bob", "x", {token("bob"), ""}};
  const auto accepted = change_people(accept);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->session->user.email, "bob@example.com") << "not what who accepts says";
  EXPECT_EQ(accepted->session->organization.role, Role::kDeveloper);
  EXPECT_EQ(role_of(UserId{accepted->id}), Role::kDeveloper);
  EXPECT_TRUE(invitations().empty());
  accept.session.token = token("again");
  EXPECT_EQ(code_of(change_people(accept)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(wait(people().find_invitation(loop(), token("link")))), ErrorCode::kNotFound);
}

TEST_P(StoreSuite, an_invitation_ends_after_seven_days_or_when_it_is_withdrawn) {
  const UserId ada = make_owner();
  const OrganizationId other = make_organization(ada, "other");
  const auto invite = [&](const char* name) {
    return InvitationId{
        change_people(CreateInvitation{kOrg, "bob@example.com", Role::kViewer, Role::kOwner, token(name)}).value().id};
  };
  const InvitationId withdrawn = invite("withdrawn");
  const InvitationId old = invite("old");
  EXPECT_EQ(code_of(change_people(DeleteInvitation{other, withdrawn})), ErrorCode::kNotFound);
  EXPECT_TRUE(change_people(DeleteInvitation{kOrg, withdrawn}));
  EXPECT_EQ(code_of(change_people(DeleteInvitation{kOrg, withdrawn})), ErrorCode::kNotFound);
  harness->advance(kInvitationLife - milliseconds(1));
  EXPECT_EQ(invitations().size(), 1u);
  harness->advance(milliseconds(1));
  EXPECT_TRUE(invitations().empty());
  EXPECT_EQ(code_of(change_people(DeleteInvitation{kOrg, old})), ErrorCode::kNotFound);
  for (const char* name : {"withdrawn", "old"}) {
    AcceptInvitation accept{token(name), {}, "", "Bob", "x", {token("bob"), ""}};
    EXPECT_EQ(code_of(change_people(accept)), ErrorCode::kNotFound) << name;
  }
}

TEST_P(StoreSuite, who_has_an_account_is_taken_in_with_it) {
  const UserId ada = make_owner();
  const UserId bob = make_member("bob", Role::kViewer);
  const UserId eve = make_member("eve", Role::kViewer);
  const OrganizationId other = make_organization(ada, "other");
  const CreateInvitation invite{other, "bob@example.com", Role::kAdmin, Role::kOwner, token("link")};
  ASSERT_TRUE(change_people(invite));
  AcceptInvitation accept{token("link"), {}, "", "Bob", "x", {token("bob there"), ""}};
  EXPECT_EQ(code_of(change_people(accept)), ErrorCode::kConflict) << "there is an account";
  accept.user = eve;
  EXPECT_EQ(code_of(change_people(accept)), ErrorCode::kNotFound) << "it is not hers";
  accept.user = bob;
  const auto accepted = change_people(accept);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->id, bob.value);
  EXPECT_EQ(session_of("bob there")->organization.id, other);
  EXPECT_EQ(session_of("bob")->organization.id, kOrg);
  const auto all = *wait(people().list_organizations(loop(), bob));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].id, kOrg);
  EXPECT_EQ(all[1].name, "other");
  EXPECT_EQ(all[1].role, Role::kAdmin);

  CreateInvitation again = invite;
  again.token = accept.token = token("again");
  ASSERT_TRUE(change_people(again));
  EXPECT_EQ(code_of(change_people(accept)), ErrorCode::kConflict) << "he is a member";
  EXPECT_EQ(role_of(bob, other), Role::kAdmin);
}

// ---- Sessions ----------------------------------------------------------------------------------------------------

TEST_P(StoreSuite, a_session_lasts_seven_days_from_its_last_use_and_thirty_in_all) {
  make_owner();
  for (int day = 0; day < 29; day += 5) {
    ASSERT_TRUE(session_of("ada")) << day;
    ASSERT_TRUE(change_people(TouchSession{token("ada")}));
    EXPECT_EQ(session_of("ada")->seen_at, harness->now());
    harness->advance(5 * kDayOfPeople);
  }
  EXPECT_FALSE(session_of("ada")) << "thirty days are over";

  const UserId ada = wait(people().find_account(loop(), "ada@example.com"))->user.id;
  ASSERT_TRUE(change_people(BeginSession{ada, {token("second"), "10.0.0.3"}}));
  harness->advance(kSessionIdleMax - milliseconds(1));
  EXPECT_TRUE(session_of("second"));
  harness->advance(milliseconds(1));
  EXPECT_FALSE(session_of("second"));
  EXPECT_TRUE(change_people(TouchSession{token("second")}));
  EXPECT_FALSE(session_of("second")) << "what has ended does not begin again";
  EXPECT_EQ(code_of(change_people(SwitchOrganization{token("second"), kOrg})), ErrorCode::kNotFound);
  EXPECT_TRUE(*wait(people().knows_address(loop(), ada, "10.0.0.3")));
  EXPECT_FALSE(*wait(people().knows_address(loop(), ada, "10.0.0.4")));
  harness->advance(kAddressKnown - milliseconds(1));
  keep_house();
  EXPECT_TRUE(*wait(people().knows_address(loop(), ada, "10.0.0.3")));
  harness->advance(milliseconds(1));
  keep_house();
  EXPECT_FALSE(*wait(people().knows_address(loop(), ada, "10.0.0.3"))) << "the housekeeping has taken it away";
}

TEST_P(StoreSuite, an_address_stays_known_however_the_session_there_has_ended) {
  const UserId ada = make_owner();
  const UserId bob = make_member("bob", Role::kViewer);
  const auto begin = [&](const char* name) { ASSERT_TRUE(change_people(BeginSession{ada, {token(name), name}})); };
  begin("one");
  begin("other");
  begin("all");
  ASSERT_TRUE(change_people(EndSession{token("one")}));
  ASSERT_TRUE(change_people(SetPassword{ada, "new hash", token("all")}));
  ASSERT_TRUE(change_people(EndSessions{ada}));
  for (const char* name : {"one", "other", "all"}) {
    EXPECT_TRUE(*wait(people().knows_address(loop(), ada, name))) << name;
    EXPECT_FALSE(*wait(people().knows_address(loop(), bob, name))) << name;
    EXPECT_TRUE(change_people(TouchSession{token(name)}));
    EXPECT_FALSE(session_of(name)) << "it does not come back";
    EXPECT_EQ(code_of(change_people(EndSession{token(name)})), ErrorCode::kNotFound);
  }
  keep_house();
  EXPECT_TRUE(*wait(people().knows_address(loop(), ada, "one")));
}

TEST_P(StoreSuite, sessions_end_one_or_all) {
  const UserId ada = make_owner();
  make_member("bob", Role::kViewer);
  const auto begin = [&](const char* name) { ASSERT_TRUE(change_people(BeginSession{ada, {token(name), ""}})); };
  begin("two");
  begin("three");
  EXPECT_TRUE(change_people(EndSession{token("two")}));
  EXPECT_EQ(code_of(change_people(EndSession{token("two")})), ErrorCode::kNotFound);
  EXPECT_FALSE(session_of("two"));
  EXPECT_TRUE(session_of("three"));
  EXPECT_TRUE(change_people(SetPassword{ada, "new hash", token("three")}));
  EXPECT_EQ(wait(people().find_account(loop(), "ada@example.com"))->password_hash, "new hash");
  EXPECT_FALSE(session_of("ada"));
  EXPECT_TRUE(session_of("three"));
  begin("four");
  EXPECT_TRUE(change_people(EndSessions{ada}));
  EXPECT_FALSE(session_of("three"));
  EXPECT_FALSE(session_of("four"));
  EXPECT_TRUE(session_of("bob")) << "somebody else's";
  EXPECT_EQ(code_of(change_people(SetPassword{UserId{7}, "x", {}})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change_people(BeginSession{UserId{7}, {token("x"), ""}})), ErrorCode::kNotFound);
}

TEST_P(StoreSuite, a_session_begins_where_the_last_one_was) {
  const UserId ada = make_owner();
  const OrganizationId other = make_organization(ada, "other");
  EXPECT_EQ(change_people(BeginSession{ada, {token("a"), ""}})->session->organization.id, kOrg);
  harness->advance(milliseconds(1));
  const auto switched = change_people(SwitchOrganization{token("a"), other});
  ASSERT_TRUE(switched);
  EXPECT_EQ(switched->session->organization.name, "other");
  EXPECT_EQ(session_of("a")->organization.id, other);
  EXPECT_EQ(session_of("ada")->organization.id, kOrg) << "the other session stays where it is";
  ASSERT_TRUE(change_people(TouchSession{token("a")}));
  ASSERT_TRUE(change_people(EndSession{token("a")}));
  EXPECT_EQ(change_people(BeginSession{ada, {token("b"), ""}})->session->organization.id, other) << "though it ended";
  const UserId bob = make_member("bob", Role::kViewer);
  EXPECT_EQ(code_of(change_people(SwitchOrganization{token("bob"), other})), ErrorCode::kNotFound);
  EXPECT_EQ(session_of("bob")->organization.id, kOrg);
  EXPECT_EQ(role_of(bob, other), std::nullopt);
}

TEST_P(StoreSuite, a_user_has_a_hundred_sessions_at_most) {
  const UserId ada = make_owner();
  for (std::size_t i = 0; i < kSessionsOfUserMax; ++i) {
    harness->advance(milliseconds(1));
    if (i == 50) change_people(TouchSession{token("ada")}).value();
    ASSERT_TRUE(change_people(BeginSession{ada, {token(std::to_string(i)), ""}}));
  }
  EXPECT_FALSE(session_of("0")) << "the one that was used least recently";
  EXPECT_TRUE(session_of("1"));
  EXPECT_TRUE(session_of("ada"));
  EXPECT_TRUE(session_of("99"));
  ASSERT_TRUE(change_people(EndSession{token("99")}));
  ASSERT_TRUE(change_people(BeginSession{ada, {token("100"), ""}}));
  EXPECT_TRUE(session_of("1")) << "what has ended goes first";
}

// ---- Roles -------------------------------------------------------------------------------------------------------

TEST_P(StoreSuite, the_last_owner_stays) {
  const UserId ada = make_owner();
  const UserId bob = make_member("bob", Role::kAdmin);
  EXPECT_EQ(code_of(change_people(SetRole{kOrg, ada, Role::kAdmin, Role::kOwner})), ErrorCode::kConflict);
  EXPECT_EQ(code_of(change_people(RemoveMember{kOrg, ada, Role::kOwner})), ErrorCode::kConflict);
  const auto raised = change_people(SetRole{kOrg, bob, Role::kOwner, Role::kOwner});
  ASSERT_TRUE(raised);
  ASSERT_TRUE(raised->member);
  EXPECT_EQ(raised->member->role, Role::kOwner);
  EXPECT_EQ(raised->member->user.email, "bob@example.com");
  EXPECT_EQ(wait(people().get_member(loop(), kOrg, bob))->role, Role::kOwner);
  EXPECT_EQ(code_of(wait(people().get_member(loop(), kOtherOrg, bob))), ErrorCode::kNotFound);
  EXPECT_EQ(session_of("bob")->organization.role, Role::kOwner) << "at once";
  EXPECT_TRUE(change_people(SetRole{kOrg, ada, Role::kViewer, Role::kOwner}));
  EXPECT_EQ(code_of(change_people(RemoveMember{kOrg, bob, Role::kOwner})), ErrorCode::kConflict);
  EXPECT_TRUE(change_people(SetRole{kOrg, bob, Role::kOwner, Role::kOwner})) << "who stays one is no loss";
}

TEST_P(StoreSuite, owners_are_the_affair_of_owners) {
  const UserId ada = make_owner();
  const UserId bob = make_member("bob", Role::kOwner);
  const UserId eve = make_member("eve", Role::kViewer);
  for (const Role by : {Role::kViewer, Role::kAdmin}) {
    EXPECT_EQ(code_of(change_people(SetRole{kOrg, bob, Role::kViewer, by})), ErrorCode::kForbidden);
    EXPECT_EQ(code_of(change_people(SetRole{kOrg, eve, Role::kOwner, by})), ErrorCode::kForbidden);
    EXPECT_EQ(code_of(change_people(RemoveMember{kOrg, bob, by})), ErrorCode::kForbidden);
    EXPECT_EQ(code_of(change_people(CreateInvitation{kOrg, "z@x", Role::kOwner, by, token("z")})),
              ErrorCode::kForbidden);
  }
  EXPECT_EQ(role_of(bob), Role::kOwner);
  EXPECT_EQ(role_of(ada), Role::kOwner);
  EXPECT_TRUE(invitations().empty());
  EXPECT_TRUE(change_people(SetRole{kOrg, eve, Role::kAdmin, Role::kAdmin}));
  EXPECT_EQ(role_of(eve), Role::kAdmin);
}

TEST_P(StoreSuite, who_is_taken_out_is_out_at_once) {
  const UserId ada = make_owner();
  const UserId bob = make_member("bob", Role::kDeveloper);
  const OrganizationId other = make_organization(ada, "other");
  EXPECT_EQ(code_of(change_people(RemoveMember{other, bob, Role::kOwner})), ErrorCode::kNotFound);
  EXPECT_TRUE(change_people(RemoveMember{kOrg, bob, Role::kAdmin}));
  EXPECT_FALSE(session_of("bob"));
  EXPECT_EQ(role_of(bob), std::nullopt);
  EXPECT_EQ(code_of(change_people(RemoveMember{kOrg, bob, Role::kAdmin})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change_people(SetRole{kOrg, bob, Role::kAdmin, Role::kOwner})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change_people(BeginSession{bob, {token("b"), ""}})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(wait(people().find_account(loop(), "bob@example.com"))), ErrorCode::kNotFound);

  ASSERT_TRUE(change_people(CreateInvitation{kOrg, "eve@example.com", Role::kOwner, Role::kOwner, token("eve in")}));
  AcceptInvitation accept{token("eve in"), {}, "", "Eve", "x", {token("eve"), ""}};
  ASSERT_TRUE(change_people(accept));
  EXPECT_TRUE(change_people(RemoveMember{kOrg, ada, Role::kOwner}));
  ASSERT_TRUE(session_of("ada")) << "who belongs somewhere else goes on there";
  EXPECT_EQ(session_of("ada")->organization.id, other);
}

TEST_P(StoreSuite, who_was_taken_out_comes_back_by_a_new_invitation_alone) {
  const UserId ada = make_owner();
  const OrganizationId other = make_organization(ada, "other");
  const auto invite = [&](const char* name, OrganizationId org) {
    ASSERT_TRUE(change_people(CreateInvitation{org, "bob@example.com", Role::kViewer, Role::kOwner, token(name)}));
  };
  const auto accept = [&](const char* name) {
    return change_people(AcceptInvitation{token(name), {}, "", "Bob", "x", {token(name), ""}});
  };
  invite("first", kOrg);
  invite("second", kOrg);
  invite("elsewhere", other);
  const UserId bob{accept("first").value().id};
  ASSERT_TRUE(change_people(RemoveMember{kOrg, bob, Role::kAdmin}));
  EXPECT_EQ(code_of(accept("second")), ErrorCode::kNotFound) << "it was from before";
  ASSERT_TRUE(accept("elsewhere")) << "another organization's";
  invite("again", kOrg);
  const UserId there{wait(people().find_account(loop(), "bob@example.com")).value().user.id};
  EXPECT_NE(there, bob);
  ASSERT_TRUE(change_people(AcceptInvitation{token("again"), there, "", "", "", {token("again"), ""}}));
  EXPECT_EQ(role_of(there), Role::kViewer);
  ASSERT_TRUE(change_people(RemoveMember{other, there, Role::kOwner}));
  EXPECT_TRUE(wait(people().find_account(loop(), "bob@example.com"))) << "they belong somewhere";
  EXPECT_EQ(session_of("elsewhere")->organization.id, kOrg);
}

TEST_P(StoreSuite, an_organization_that_is_made_has_its_maker_alone) {
  const UserId ada = make_owner();
  const UserId bob = make_member("bob", Role::kViewer);
  const auto made = change_people(CreateOrganization{bob, "Bob's"});
  ASSERT_TRUE(made);
  const OrganizationId org{made->id};
  EXPECT_NE(org, kOrg);
  EXPECT_EQ(role_of(bob, org), Role::kOwner);
  EXPECT_EQ(role_of(ada, org), std::nullopt);
  EXPECT_EQ(wait(people().get_organization(loop(), org))->name, "Bob's");
  EXPECT_TRUE(change_people(RenameOrganization{org, "Bob & Co"}));
  EXPECT_EQ(wait(people().get_organization(loop(), org))->name, "Bob & Co");
  EXPECT_EQ(wait(people().get_organization(loop(), kOrg))->name, "default");
  EXPECT_EQ(code_of(change_people(RenameOrganization{OrganizationId{7}, "x"})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change_people(CreateOrganization{UserId{7}, "x"})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(change_people(CreateInvitation{OrganizationId{7}, "z@x", Role::kViewer, Role::kOwner, token("z")})),
            ErrorCode::kNotFound);
  EXPECT_EQ(code_of(wait(people().get_organization(loop(), OrganizationId{7}))), ErrorCode::kNotFound);

  // It takes events and delivers them as the first one does.
  const WebhookPtr webhook = make_webhook(spec_for("order.created"), org);
  IngestIntent event = event_of("order.created");
  event.organization = org;
  EXPECT_EQ(ingest(std::move(event))->events[0].deliveries, 1u);
  EXPECT_EQ(report(org).pending, 1);
  EXPECT_EQ(report().pending, 0);
  harness->reopen();
  EXPECT_EQ(role_of(bob, org), Role::kOwner);
  EXPECT_TRUE(wait(queries().get_webhook(loop(), org, webhook->id)));
  EXPECT_FALSE(wait(queries().get_webhook(loop(), kOrg, webhook->id)));
}

TEST_P(StoreSuite, nobody_belongs_to_more_organizations_than_can_be_listed) {
  const UserId ada = make_owner();
  const UserId bob = make_member("bob", Role::kViewer);
  for (std::size_t i = 1; i < kOrganizationsOfUserMax; ++i) make_organization(bob, "another");
  EXPECT_EQ(code_of(change_people(CreateOrganization{bob, "one more"})), ErrorCode::kConflict);
  const OrganizationId other = make_organization(ada, "other");
  ASSERT_TRUE(change_people(CreateInvitation{other, "bob@example.com", Role::kViewer, Role::kOwner, token("link")}));
  AcceptInvitation accept{token("link"), bob, "", "", "", {token("b"), ""}};
  EXPECT_EQ(code_of(change_people(accept)), ErrorCode::kConflict);
  EXPECT_EQ(wait(people().list_organizations(loop(), bob))->size(), kOrganizationsOfUserMax);
}

TEST_P(StoreSuite, people_and_their_sessions_outlive_a_restart) {
  make_owner();
  make_member("bob", Role::kDeveloper);
  ASSERT_TRUE(change_people(CreateInvitation{kOrg, "eve@example.com", Role::kViewer, Role::kOwner, token("eve in")}));
  harness->reopen();
  EXPECT_EQ(session_of("bob")->organization.role, Role::kDeveloper);
  EXPECT_EQ(wait(people().find_account(loop(), "ada@example.com"))->password_hash, "hash of ada");
  EXPECT_EQ(invitations().size(), 1u);
  EXPECT_EQ(code_of(change_people(MakeFirstLink{token("late")})), ErrorCode::kConflict);
}

}  // namespace eventrelay
