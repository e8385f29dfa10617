// The audit log, which has what was done and nothing else; the installation's settings.
#include "tests/storage/store_suite.h"

namespace eventrelay {
namespace {

using Lines = std::vector<std::string>;

template <class What>
Change audited(What what, AuditEntry entry) {
  Change change = std::move(what);
  change.audit = std::move(entry);
  return change;
}

template <class What>
PeopleChange audited_people(What what, AuditEntry entry) {
  PeopleChange change = std::move(what);
  change.audit = std::move(entry);
  return change;
}

}  // namespace

AuditEntry StoreSuite::entry(std::string action, std::string target, OrganizationId org) {
  return {org, "ada@example.com", std::move(action), std::move(target), "10.0.0.1"};
}

Lines StoreSuite::audit(OrganizationId org, std::size_t limit) {
  const auto rows =
      all_pages<AuditRow>([&](PageRequest page) { return people().list_audit(loop(), org, page); }, limit);
  Lines lines;
  for (const AuditRow& row : rows) {
    EXPECT_EQ(row.entry.organization, org);
    lines.push_back(row.entry.action + " " + row.entry.target);
  }
  return lines;
}

TEST_P(StoreSuite, a_change_of_any_kind_has_its_audit_row) {
  const auto created = change(
      audited(CreateWebhook{kOrg, spec_for("order.created"), Secret{std::string(32, 's')}}, entry("webhook.create")));
  ASSERT_TRUE(created);
  const WebhookPtr webhook = created->webhook;
  const std::string hook = to_text(webhook->id);
  EXPECT_EQ(audit(), Lines{"webhook.create " + hook}) << "it names what was made";
  WebhookPatch patch;
  patch.description = "x";
  ASSERT_TRUE(change(audited(UpdateWebhook{kOrg, webhook->id, patch}, entry("webhook.update", hook))));
  ASSERT_TRUE(change(
      audited(RotateSecret{kOrg, webhook->id, Secret{std::string(32, 't')}}, entry("webhook.rotate_secret", hook))));
  const IngestedEvent event = send();
  const DeliveryId first = delivery_of(event);
  const std::string name = to_text(first);
  ASSERT_TRUE(change(audited(RetryDelivery{kOrg, first}, entry("delivery.retry", name))));
  ASSERT_TRUE(change(audited(CancelDelivery{kOrg, first}, entry("delivery.cancel", name))));
  ASSERT_TRUE(change(audited(ReplayEvent{kOrg, event.id, {}}, entry("event.replay", to_text(event.id)))));
  const DeliveryId dead = make_dead(webhook);
  ASSERT_TRUE(change(audited(ReplayDead{kOrg, dead}, entry("delivery.replay", to_text(dead)))));
  const DeliveryId other = make_dead(webhook);
  ASSERT_TRUE(change(audited(PurgeDead{kOrg, other}, entry("delivery.purge", to_text(other)))));
  const auto job = change(audited(CreateJob{kOrg, JobKind::kPurgeDead, {}, 0}, entry("dlq.purge")));
  ASSERT_TRUE(job);
  const JobId job_id{job->id};
  ASSERT_TRUE(change(audited(CancelJob{kOrg, job_id}, entry("job.cancel", to_text(job_id)))));
  ApiKey key;
  key.organization = kOrg;
  key.hash = sha256("key");
  const auto made = change(audited(CreateApiKey{key}, entry("key.create")));
  ASSERT_TRUE(made);
  const ApiKeyId key_id{made->id};
  ASSERT_TRUE(change(audited(DeleteApiKey{kOrg, key_id}, entry("key.delete", to_text(key_id)))));
  ASSERT_TRUE(change(audited(DeleteWebhook{kOrg, webhook->id}, entry("webhook.delete", hook))));
  EXPECT_EQ(audit(), (Lines{"webhook.delete " + hook, "key.delete " + to_text(key_id), "key.create " + to_text(key_id),
                            "job.cancel " + to_text(job_id), "dlq.purge " + to_text(job_id),
                            "delivery.purge " + to_text(other), "delivery.replay " + to_text(dead),
                            "event.replay " + to_text(event.id), "delivery.cancel " + name, "delivery.retry " + name,
                            "webhook.rotate_secret " + hook, "webhook.update " + hook, "webhook.create " + hook}));
  const auto page = wait(people().list_audit(loop(), kOrg, {0, 1}));
  ASSERT_EQ(page->rows.size(), 1u);
  EXPECT_EQ(page->rows[0].entry.actor, "ada@example.com");
  EXPECT_EQ(page->rows[0].entry.address, "10.0.0.1");
  EXPECT_EQ(time_of_id(page->rows[0].id.value), harness->now());
  EXPECT_EQ(audit(kOrg, 3), audit()) << "pages repeat and leave out nothing";
  harness->reopen();
  EXPECT_EQ(audit().size(), 13u);
}

TEST_P(StoreSuite, what_was_refused_is_not_in_the_audit) {
  const UserId ada = make_owner();
  const WebhookPtr webhook = make_webhook();
  UpdateWebhook update{kOrg, webhook->id, {}};
  update.patch.url = "not a URL";
  EXPECT_FALSE(change(audited(update, entry("webhook.update", "x"))));
  EXPECT_FALSE(change(audited(DeleteWebhook{kOtherOrg, webhook->id}, entry("webhook.delete", "x"))));
  EXPECT_FALSE(change(audited(ReplayDead{kOrg, DeliveryId{5}}, entry("delivery.replay", "x"))));
  EXPECT_FALSE(change(audited(CreateJob{kOrg, JobKind::kCancelPending, {}, 0}, entry("dlq.purge"))));
  EXPECT_FALSE(
      change_people(audited_people(SetRole{kOrg, ada, Role::kViewer, Role::kOwner}, entry("user.role", to_text(ada)))));
  EXPECT_FALSE(change_people(audited_people(MakeFirstLink{token("x")}, entry("invitation.create"))));
  EXPECT_FALSE(change_people(audited_people(EndSession{token("x")}, entry("user.sign_out", to_text(ada)))));
  const AcceptInvitation accept{token("none"), {}, "eve@example.com", "Eve", "x", {token("eve"), ""}};
  EXPECT_FALSE(change_people(audited_people(accept, entry("user.join"))));
  EXPECT_EQ(audit(), Lines{});
}

TEST_P(StoreSuite, a_replay_to_nobody_is_in_the_audit_too) {
  const IngestedEvent event = send("nobody.listens");
  ASSERT_TRUE(change(audited(ReplayEvent{kOrg, event.id, {}}, entry("event.replay", to_text(event.id)))));
  EXPECT_EQ(audit(), Lines{"event.replay " + to_text(event.id)});
}

TEST_P(StoreSuite, what_people_do_with_people_is_in_the_audit_where_it_was_done) {
  const UserId ada = make_owner();
  const std::string ada_id = to_text(ada);
  const CreateInvitation invite{kOrg, "bob@example.com", Role::kViewer, Role::kOwner, token("link")};
  const auto invited = change_people(audited_people(invite, entry("invitation.create")));
  ASSERT_TRUE(invited);
  const AcceptInvitation accept{token("link"), {}, "", "Bob", "x", {token("bob"), "10.0.0.2"}};
  const auto joined = change_people(audited_people(accept, entry("user.join", "", {})));
  ASSERT_TRUE(joined);
  ASSERT_TRUE(
      change_people(audited_people(BeginSession{ada, {token("two"), "10.0.0.1"}}, entry("user.sign_in", "", {}))));
  const auto made =
      change_people(audited_people(CreateOrganization{ada, "other"}, entry("organization.create", "", {})));
  ASSERT_TRUE(made);
  const OrganizationId other{made->id};
  ASSERT_TRUE(change_people(audited_people(SwitchOrganization{token("two"), other}, entry("x", "y", other))));
  ASSERT_TRUE(change_people(audited_people(TouchSession{token("two")}, entry("x", "z", other))));
  ASSERT_TRUE(change_people(audited_people(WriteAudit{}, entry("webhook.reveal_secret", "whk_1"))));
  ASSERT_TRUE(change_people(audited_people(UpdateSettings{}, entry("settings.update"))));
  EXPECT_EQ(audit(), (Lines{"settings.update ", "webhook.reveal_secret whk_1", "user.sign_in " + ada_id,
                            "user.join " + to_text(UserId{joined->id}),
                            "invitation.create " + to_text(InvitationId{invited->id})}));
  EXPECT_EQ(audit(other), (Lines{"x z", "x y", "organization.create " + to_text(other)}));
}

TEST_P(StoreSuite, a_test_event_is_in_the_audit_once_it_is_taken_in) {
  const WebhookPtr webhook = make_webhook("other.type");
  const auto test_event = [&](WebhookId target) {
    IngestIntent intent = event_of("webhook.test");
    intent.events[0].targets = {target};
    intent.targets_fixed = true;
    intent.audit = std::make_shared<const AuditEntry>(entry("webhook.test", to_text(target)));
    return intent;
  };
  EXPECT_FALSE(ingest(test_event(WebhookId{5})));
  EXPECT_EQ(audit(), Lines{});
  ASSERT_TRUE(ingest(test_event(webhook->id)));
  EXPECT_EQ(audit(), Lines{"webhook.test " + to_text(webhook->id)});
  IngestIntent repeated = test_event(webhook->id);
  repeated.key = IdempotencyClaim{"events", "k", sha256("body")};
  ASSERT_TRUE(ingest(repeated));
  ASSERT_TRUE(ingest(repeated)->duplicate);
  EXPECT_EQ(audit().size(), 2u);
}

// ---- Settings ----------------------------------------------------------------------------------------------------

TEST_P(StoreSuite, the_retention_that_people_set_is_in_force_whatever_the_start_said) {
  EXPECT_EQ(wait(people().read_settings(loop()))->retention_days, std::nullopt);
  const auto set = [&](std::optional<int> days) { ASSERT_TRUE(change_people(UpdateSettings{{days}})); };
  const auto past_its_partition = std::chrono::days(60);  // which may have been made for keeping everything
  const IngestedEvent first = send("nobody.listens");
  harness->advance(past_its_partition);
  keep_house();
  EXPECT_TRUE(has_event(first.id));
  set(7);
  EXPECT_EQ(wait(people().read_settings(loop()))->retention_days, 7);
  keep_house();
  EXPECT_FALSE(has_event(first.id)) << "with the next round, a minute later";

  harness->retention_days = 7;
  harness->reopen();
  const IngestedEvent second = send("nobody.listens");
  set(0);
  harness->advance(past_its_partition);
  keep_house();
  EXPECT_TRUE(has_event(second.id)) << "everything is kept";
  set(std::nullopt);
  keep_house();
  EXPECT_FALSE(has_event(second.id)) << "as the process was started";
}

}  // namespace eventrelay
