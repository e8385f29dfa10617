// Changes of people: one thread writes, so each finds what the one before it left.
#include "storage/sqlite_people.h"

#include "storage/people_rules.h"

namespace eventrelay {

Result<PeopleResult> SqlitePeople::apply(const PeopleChange& change) {
  return std::visit([this](const auto& one) { return apply_one(one); }, change);
}

void SqlitePeople::write_audit(AuditEntry entry) {
  const AuditEntry whole = completed(std::move(entry), where_, made_);
  db_.use("INSERT INTO audit (id, organization_id, actor, action, target, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(next_id())
      .bind(whole.organization.value)
      .bind(whole.actor)
      .bind(whole.action)
      .bind(whole.target)
      .bind(whole.address)
      .run();
}

Result<PeopleResult> SqlitePeople::apply_one(const WriteAudit& /*change*/) {
  return PeopleResult{};
}

bool SqlitePeople::expire() {
  const std::int64_t most{kJobSliceRows};
  db_.use(
         "DELETE FROM sessions WHERE token IN"
         " (SELECT token FROM sessions WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2)")
      .bind(unix_ms(now_ - kAddressKnown))
      .bind(most)
      .run();
  const bool more = db_.changes() == most;
  db_.use(
         "DELETE FROM invitations WHERE id IN"
         " (SELECT id FROM invitations WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2)")
      .bind(unix_ms(now_))
      .bind(most)
      .run();
  return more || db_.changes() == most;
}

// ---- Invitations -------------------------------------------------------------------------------------------------

Result<PeopleResult> SqlitePeople::invite(OrganizationId organization, std::string_view email, Role role,
                                          const Sha256& token) {
  {
    auto same = db_.use("SELECT 1 FROM invitations WHERE token = ?1");
    same.bind_blob(as_bytes(token));
    if (same.step()) return known_token();
  }
  const InvitationId id{next_id()};
  db_.use(
         "INSERT INTO invitations (id, organization_id, email, role, token, expires_ms)"
         " VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(id.value)
      .bind(organization.value)
      .bind(email)
      .bind(static_cast<std::int64_t>(role))
      .bind_blob(as_bytes(token))
      .bind(unix_ms(now_ + kInvitationLife))
      .run();
  made_ = to_text(id);
  return PeopleResult{.id = id.value};
}

Result<PeopleResult> SqlitePeople::apply_one(const MakeFirstLink& change) {
  if (sqlite_queries::has_accounts(db_)) return conflict("Somebody has an account already");
  auto made = invite(kFirstOrganization, "", Role::kOwner, change.token);
  if (!made) return made;
  db_.use("DELETE FROM invitations WHERE organization_id = ?1 AND email = '' AND id <> ?2")
      .bind(kFirstOrganization.value)
      .bind(made->id)
      .run();
  return made;
}

Result<PeopleResult> SqlitePeople::apply_one(const CreateInvitation& change) {
  if (!may_set_role(change.by, std::nullopt, change.role)) return owners_alone();
  if (!sqlite_queries::get_organization(db_, change.organization)) return no_such("organization");
  return invite(change.organization, change.email, change.role, change.token);
}

Result<PeopleResult> SqlitePeople::apply_one(const DeleteInvitation& change) {
  db_.use("DELETE FROM invitations WHERE id = ?1 AND organization_id = ?2 AND email <> '' AND expires_ms > ?3")
      .bind(change.id.value)
      .bind(change.organization.value)
      .bind(unix_ms(now_))
      .run();
  if (db_.changes() == 0) return no_such("invitation");
  return PeopleResult{};
}

Result<PeopleResult> SqlitePeople::apply_one(const AcceptInvitation& change) {
  const auto invitation = sqlite_queries::find_invitation(db_, change.token, now_);
  if (!invitation) return invitation.error();
  const bool is_first = invitation->email.empty();
  if (is_first && sqlite_queries::has_accounts(db_)) return no_such("invitation");
  UserId user = change.user;
  if (user) {
    if (auto fault = fault_of_joining(*invitation, user)) return *std::move(fault);
  } else {
    auto account = make_account(change, is_first ? change.email : invitation->email);
    if (!account) return account.error();
    user = *account;
  }
  if (is_first) {
    db_.use("DELETE FROM invitations WHERE organization_id = ?1 AND email = ''").bind(kFirstOrganization.value).run();
  } else {
    db_.use("DELETE FROM invitations WHERE id = ?1").bind(invitation->id.value).run();
  }
  join(invitation->organization, user, invitation->role);
  return begin_session(user, invitation->organization, change.session);
}

std::optional<Error> SqlitePeople::fault_of_joining(const Invitation& invitation, UserId user) {
  const auto account = sqlite_queries::find_account(db_, invitation.email);
  if (!account || account->user.id != user) return no_such("invitation");
  if (role_of(invitation.organization, user)) return is_a_member();
  if (!has_room(user)) return too_many_organizations();
  return std::nullopt;
}

Result<UserId> SqlitePeople::make_account(const AcceptInvitation& change, const std::string& email) {
  if (sqlite_queries::find_account(db_, email)) return has_an_account();
  const UserId id{next_id()};
  db_.use("INSERT INTO users (id, email, name, password_hash) VALUES (?1, ?2, ?3, ?4)")
      .bind(id.value)
      .bind(email)
      .bind(change.name)
      .bind(change.password_hash)
      .run();
  return id;
}

// ---- Sessions ----------------------------------------------------------------------------------------------------

PeopleResult SqlitePeople::begin_session(UserId user, OrganizationId organization, const NewSession& session) {
  db_.use("INSERT OR REPLACE INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)")
      .bind_blob(as_bytes(session.token))
      .bind(user.value)
      .bind(organization.value)
      .bind(session.address)
      .bind(unix_ms(now_))
      .bind(unix_ms(session_expiry(now_, now_)))
      .run();
  db_.use(
         "DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE user_id = ?1 AND token <> ?2"
         " ORDER BY expires_ms > ?4 DESC, seen_ms DESC LIMIT -1 OFFSET ?3)")
      .bind(user.value)
      .bind_blob(as_bytes(session.token))
      .bind(std::int64_t{kSessionsOfUserMax} - 1)
      .bind(unix_ms(now_))
      .run();
  where_ = organization;
  made_ = to_text(user);
  return PeopleResult{.id = user.value, .session = *sqlite_queries::find_session(db_, session.token, now_)};
}

Result<PeopleResult> SqlitePeople::apply_one(const BeginSession& change) {
  OrganizationId organization;
  {
    auto row = db_.use(
        "SELECT m.organization_id FROM memberships m LEFT JOIN sessions s ON s.user_id = m.user_id"
        " AND s.organization_id = m.organization_id WHERE m.user_id = ?1"
        " ORDER BY s.seen_ms DESC NULLS LAST, m.joined_ms, m.organization_id LIMIT 1");
    row.bind(change.user.value);
    if (!row.step()) return no_such("member");
    organization = OrganizationId{row.integer(0)};
  }
  return begin_session(change.user, organization, change.session);
}

Result<PeopleResult> SqlitePeople::apply_one(const TouchSession& change) {
  const auto session = sqlite_queries::find_session(db_, change.token, now_);
  if (!session) return PeopleResult{};
  db_.use("UPDATE sessions SET seen_ms = ?2, expires_ms = ?3 WHERE token = ?1")
      .bind_blob(as_bytes(change.token))
      .bind(unix_ms(now_))
      .bind(unix_ms(session_expiry(session->began_at, now_)))
      .run();
  return PeopleResult{};
}

// What has ended stays for its address, under a name that is the hash of no token.

Result<PeopleResult> SqlitePeople::apply_one(const EndSession& change) {
  db_.use("UPDATE sessions SET token = randomblob(32), expires_ms = min(expires_ms, ?2) WHERE token = ?1")
      .bind_blob(as_bytes(change.token))
      .bind(unix_ms(now_))
      .run();
  if (db_.changes() == 0) return no_such("session");
  return PeopleResult{};
}

void SqlitePeople::end_sessions(UserId user, const Sha256& but) {
  db_.use(
         "UPDATE sessions SET token = randomblob(32), expires_ms = min(expires_ms, ?3)"
         " WHERE user_id = ?1 AND token <> ?2")
      .bind(user.value)
      .bind_blob(as_bytes(but))
      .bind(unix_ms(now_))
      .run();
}

Result<PeopleResult> SqlitePeople::apply_one(const EndSessions& change) {
  end_sessions(change.user);
  return PeopleResult{};
}

Result<PeopleResult> SqlitePeople::apply_one(const SetPassword& change) {
  db_.use("UPDATE users SET password_hash = ?2 WHERE id = ?1").bind(change.user.value).bind(change.password_hash).run();
  if (db_.changes() == 0) return no_such("user");
  end_sessions(change.user, change.session);
  return PeopleResult{};
}

Result<PeopleResult> SqlitePeople::apply_one(const SwitchOrganization& change) {
  const auto session = sqlite_queries::find_session(db_, change.session, now_);
  if (!session || !role_of(change.organization, session->user.id)) return no_such("organization");
  db_.use("UPDATE sessions SET organization_id = ?2 WHERE token = ?1")
      .bind_blob(as_bytes(change.session))
      .bind(change.organization.value)
      .run();
  return PeopleResult{.session = *sqlite_queries::find_session(db_, change.session, now_)};
}

// ---- Organizations -----------------------------------------------------------------------------------------------

void SqlitePeople::join(OrganizationId organization, UserId user, Role role) {
  db_.use("INSERT INTO memberships (organization_id, user_id, role, joined_ms) VALUES (?1, ?2, ?3, ?4)")
      .bind(organization.value)
      .bind(user.value)
      .bind(static_cast<std::int64_t>(role))
      .bind(unix_ms(now_))
      .run();
}

std::optional<Role> SqlitePeople::role_of(OrganizationId organization, UserId user) {
  auto row = db_.use("SELECT role FROM memberships WHERE organization_id = ?1 AND user_id = ?2");
  row.bind(organization.value).bind(user.value);
  return row.step() ? std::optional(static_cast<Role>(row.integer(0))) : std::nullopt;
}

bool SqlitePeople::has_other_owner(OrganizationId organization, UserId user) {
  auto row = db_.use("SELECT 1 FROM memberships WHERE organization_id = ?1 AND user_id <> ?2 AND role = ?3 LIMIT 1");
  row.bind(organization.value).bind(user.value).bind(static_cast<std::int64_t>(Role::kOwner));
  return row.step();
}

bool SqlitePeople::has_room(UserId user) {
  return sqlite_queries::list_organizations(db_, user).size() < kOrganizationsOfUserMax;
}

Result<PeopleResult> SqlitePeople::apply_one(const CreateOrganization& change) {
  {
    auto user = db_.use("SELECT 1 FROM users WHERE id = ?1");
    user.bind(change.owner.value);
    if (!user.step()) return no_such("user");
  }
  if (!has_room(change.owner)) return too_many_organizations();
  const OrganizationId id{next_id()};
  db_.use("INSERT INTO organizations (id, name) VALUES (?1, ?2)").bind(id.value).bind(change.name).run();
  join(id, change.owner, Role::kOwner);
  where_ = id;
  made_ = to_text(id);
  return PeopleResult{.id = id.value};
}

Result<PeopleResult> SqlitePeople::apply_one(const RenameOrganization& change) {
  db_.use("UPDATE organizations SET name = ?2 WHERE id = ?1").bind(change.organization.value).bind(change.name).run();
  if (db_.changes() == 0) return no_such("organization");
  return PeopleResult{};
}

Result<PeopleResult> SqlitePeople::apply_one(const SetRole& change) {
  const auto role = role_of(change.organization, change.user);
  if (!role) return no_such("member");
  const bool other_owner = has_other_owner(change.organization, change.user);
  if (auto fault = role_fault(change.by, *role, change.role, other_owner)) return *std::move(fault);
  db_.use("UPDATE memberships SET role = ?3 WHERE organization_id = ?1 AND user_id = ?2")
      .bind(change.organization.value)
      .bind(change.user.value)
      .bind(static_cast<std::int64_t>(change.role))
      .run();
  return PeopleResult{.member = *sqlite_queries::get_member(db_, change.organization, change.user)};
}

Result<PeopleResult> SqlitePeople::apply_one(const RemoveMember& change) {
  const auto role = role_of(change.organization, change.user);
  if (!role) return no_such("member");
  const bool other_owner = has_other_owner(change.organization, change.user);
  if (auto fault = role_fault(change.by, *role, std::nullopt, other_owner)) return *std::move(fault);
  db_.use("DELETE FROM memberships WHERE organization_id = ?1 AND user_id = ?2")
      .bind(change.organization.value)
      .bind(change.user.value)
      .run();
  db_.use("DELETE FROM invitations WHERE organization_id = ?1 AND email = (SELECT email FROM users WHERE id = ?2)")
      .bind(change.organization.value)
      .bind(change.user.value)
      .run();
  const auto left = sqlite_queries::list_organizations(db_, change.user);
  if (left.empty()) {
    db_.use("DELETE FROM sessions WHERE user_id = ?1").bind(change.user.value).run();
    db_.use("DELETE FROM users WHERE id = ?1").bind(change.user.value).run();
  } else {
    db_.use("UPDATE sessions SET organization_id = ?3 WHERE user_id = ?2 AND organization_id = ?1")
        .bind(change.organization.value)
        .bind(change.user.value)
        .bind(left.front().id.value)
        .run();
  }
  return PeopleResult{};
}

// ---- Settings ----------------------------------------------------------------------------------------------------

Result<PeopleResult> SqlitePeople::apply_one(const UpdateSettings& change) {
  if (const auto days = change.settings.retention_days) {
    db_.use("INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")
        .bind(kRetentionDaysSetting)
        .bind(std::int64_t{*days})
        .run();
  } else {
    db_.use("DELETE FROM settings WHERE name = ?1").bind(kRetentionDaysSetting).run();
  }
  return PeopleResult{};
}

}  // namespace eventrelay
