// Reads of people, sessions, invitations, the audit log and settings.
#include "storage/list_rules.h"
#include "storage/people_rules.h"
#include "storage/sqlite_people.h"
#include "storage/sqlite_rows.h"

namespace eventrelay::sqlite_queries {

namespace {

User user_from_row(const SqliteStatement& row) {
  return {UserId{row.integer(0)}, std::string(row.text(1)), std::string(row.text(2))};
}

constexpr const char* kMemberColumns = "u.id, u.email, u.name, m.role, m.joined_ms";

Member member_from_row(const SqliteStatement& row) {
  return {user_from_row(row), static_cast<Role>(row.integer(3)), from_unix_ms(row.integer(4))};
}

constexpr const char* kInvitationColumns = "id, organization_id, email, role, expires_ms";

Invitation invitation_from_row(const SqliteStatement& row) {
  return {InvitationId{row.integer(0)}, OrganizationId{row.integer(1)}, std::string(row.text(2)),
          static_cast<Role>(row.integer(3)), from_unix_ms(row.integer(4))};
}

AuditRow audit_from_row(const SqliteStatement& row) {
  return {AuditId{row.integer(0)},
          {OrganizationId{row.integer(1)}, std::string(row.text(2)), std::string(row.text(3)), std::string(row.text(4)),
           std::string(row.text(5))}};
}

}  // namespace

Result<Account> find_account(SqliteDb& db, const std::string& email) {
  auto row = db.use("SELECT id, email, name, password_hash FROM users WHERE email = ?1");
  row.bind(email);
  if (!row.step()) return no_such("account");
  return Account{user_from_row(row), std::string(row.text(3))};
}

Result<Session> find_session(SqliteDb& db, const Sha256& token, WallTime now) {
  auto row = db.use(
      "SELECT u.id, u.email, u.name, o.id, o.name, m.role, s.began_ms, s.seen_ms FROM sessions s"
      " JOIN users u ON u.id = s.user_id JOIN organizations o ON o.id = s.organization_id"
      " JOIN memberships m ON m.organization_id = s.organization_id AND m.user_id = s.user_id"
      " WHERE s.token = ?1 AND s.expires_ms > ?2");
  row.bind_blob(as_bytes(token)).bind(unix_ms(now));
  if (!row.step()) return no_such("session");
  return Session{user_from_row(row),
                 {OrganizationId{row.integer(3)}, std::string(row.text(4)), static_cast<Role>(row.integer(5))},
                 from_unix_ms(row.integer(6)),
                 from_unix_ms(row.integer(7))};
}

bool knows_address(SqliteDb& db, UserId user, const std::string& address) {
  auto row = db.use("SELECT 1 FROM sessions WHERE user_id = ?1 AND address = ?2 LIMIT 1");
  row.bind(user.value).bind(address);
  return row.step();
}

std::vector<OrganizationRole> list_organizations(SqliteDb& db, UserId user) {
  auto rows = db.use(
      "SELECT o.id, o.name, m.role FROM memberships m JOIN organizations o ON o.id = m.organization_id"
      " WHERE m.user_id = ?1 ORDER BY m.joined_ms, o.id LIMIT ?2");
  rows.bind(user.value).bind(std::int64_t{kOrganizationsOfUserMax});
  std::vector<OrganizationRole> organizations;
  while (rows.step())
    organizations.push_back(
        {OrganizationId{rows.integer(0)}, std::string(rows.text(1)), static_cast<Role>(rows.integer(2))});
  return organizations;
}

Result<Organization> get_organization(SqliteDb& db, OrganizationId id) {
  auto row = db.use("SELECT id, name FROM organizations WHERE id = ?1");
  row.bind(id.value);
  if (!row.step()) return no_such("organization");
  return Organization{OrganizationId{row.integer(0)}, std::string(row.text(1))};
}

Page<Member> list_members(SqliteDb& db, OrganizationId org, PageRequest request) {
  static const std::string kSelect =
      std::string("SELECT ") + kMemberColumns +
      " FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization_id = ?1 AND m.user_id < ?2"
      " ORDER BY m.user_id DESC LIMIT ?3";
  auto rows = db.use_text(kSelect);
  rows.bind(org.value).bind(below(request)).bind(static_cast<std::int64_t>(request.limit) + 1);
  return read_page<Member>(rows, request.limit, member_from_row, [](const Member& one) { return one.user.id.value; });
}

Result<Member> get_member(SqliteDb& db, OrganizationId org, UserId user) {
  static const std::string kSelect =
      std::string("SELECT ") + kMemberColumns +
      " FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization_id = ?1 AND m.user_id = ?2";
  auto row = db.use_text(kSelect);
  row.bind(org.value).bind(user.value);
  if (!row.step()) return no_such("member");
  return member_from_row(row);
}

Page<Invitation> list_invitations(SqliteDb& db, OrganizationId org, PageRequest request, WallTime now) {
  static const std::string kSelect =
      std::string("SELECT ") + kInvitationColumns +
      " FROM invitations WHERE organization_id = ?1 AND id < ?2 AND email <> '' AND expires_ms > ?3"
      " ORDER BY id DESC LIMIT ?4";
  auto rows = db.use_text(kSelect);
  rows.bind(org.value).bind(below(request)).bind(unix_ms(now)).bind(static_cast<std::int64_t>(request.limit) + 1);
  return read_page<Invitation>(rows, request.limit, invitation_from_row,
                               [](const Invitation& one) { return one.id.value; });
}

Result<Invitation> find_invitation(SqliteDb& db, const Sha256& token, WallTime now) {
  static const std::string kSelect =
      std::string("SELECT ") + kInvitationColumns + " FROM invitations WHERE token = ?1 AND expires_ms > ?2";
  auto row = db.use_text(kSelect);
  row.bind_blob(as_bytes(token)).bind(unix_ms(now));
  if (!row.step()) return no_such("invitation");
  return invitation_from_row(row);
}

Page<AuditRow> list_audit(SqliteDb& db, OrganizationId org, PageRequest request) {
  auto rows = db.use(
      "SELECT id, organization_id, actor, action, target, address FROM audit WHERE organization_id = ?1 AND id < ?2"
      " ORDER BY id DESC LIMIT ?3");
  rows.bind(org.value).bind(below(request)).bind(static_cast<std::int64_t>(request.limit) + 1);
  return read_page<AuditRow>(rows, request.limit, audit_from_row, [](const AuditRow& one) { return one.id.value; });
}

Settings read_settings(SqliteDb& db) {
  auto row = db.use("SELECT value FROM settings WHERE name = ?1");
  row.bind(kRetentionDaysSetting);
  Settings settings;
  if (row.step()) settings.retention_days = static_cast<int>(row.integer(0));
  return settings;
}

bool has_accounts(SqliteDb& db) {
  auto row = db.use("SELECT 1 FROM users LIMIT 1");
  return row.step();
}

}  // namespace eventrelay::sqlite_queries
