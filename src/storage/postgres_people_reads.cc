// Reads of people, sessions, invitations, the audit log and settings.
#include "storage/list_rules.h"
#include "storage/people_rules.h"
#include "storage/postgres_people.h"
#include "storage/postgres_read.h"

namespace eventrelay {

namespace {

User user_from_row(const PgRows& rows, int row) {
  return {UserId{rows.integer(row, 0)}, std::string(rows.text(row, 1)), std::string(rows.text(row, 2))};
}

constexpr const char* kPgSelectMember =
    "SELECT u.id, u.email, u.name, m.role, m.joined_ms FROM memberships m JOIN users u ON u.id = m.user_id";

Member member_from_row(const PgRows& rows, int row, int /*column*/) {
  return {user_from_row(rows, row), static_cast<Role>(rows.integer(row, 3)), from_unix_ms(rows.integer(row, 4))};
}

Invitation invitation_from_row(const PgRows& rows, int row, int /*column*/) {
  return {InvitationId{rows.integer(row, 0)}, OrganizationId{rows.integer(row, 1)}, std::string(rows.text(row, 2)),
          static_cast<Role>(rows.integer(row, 3)), from_unix_ms(rows.integer(row, 4))};
}

AuditRow audit_from_row(const PgRows& rows, int row, int /*column*/) {
  return {AuditId{rows.integer(row, 0)},
          {OrganizationId{rows.integer(row, 1)}, std::string(rows.text(row, 2)), std::string(rows.text(row, 3)),
           std::string(rows.text(row, 4)), std::string(rows.text(row, 5))}};
}

}  // namespace

PgStatement select_session(const Sha256& token, WallTime at) {
  PgStatement statement{
      "SELECT u.id, u.email, u.name, o.id, o.name, m.role, s.began_ms, s.seen_ms FROM sessions s"
      " JOIN users u ON u.id = s.user_id JOIN organizations o ON o.id = s.organization_id"
      " JOIN memberships m ON m.organization_id = s.organization_id AND m.user_id = s.user_id"
      " WHERE s.token = $1 AND s.expires_ms > $2",
      {}};
  statement.params.add_bytes(as_bytes(token)).add(unix_ms(at));
  return statement;
}

std::optional<Session> selected_session(const PgRows& rows) {
  if (rows.empty()) return std::nullopt;
  return Session{
      user_from_row(rows, 0),
      {OrganizationId{rows.integer(0, 3)}, std::string(rows.text(0, 4)), static_cast<Role>(rows.integer(0, 5))},
      from_unix_ms(rows.integer(0, 6)),
      from_unix_ms(rows.integer(0, 7))};
}

PgStatement select_member(OrganizationId org, UserId user) {
  static const std::string kSelect = std::string(kPgSelectMember) + " WHERE m.organization_id = $1 AND m.user_id = $2";
  PgStatement statement{kSelect.c_str(), {}};
  statement.params.add(org.value).add(user.value);
  return statement;
}

std::optional<Member> selected_member(const PgRows& rows) {
  if (rows.empty()) return std::nullopt;
  return member_from_row(rows, 0, 0);
}

namespace postgres_queries {

Awaitable<Result<Account>> find_account(PgRead read, std::string email) {
  PgStatement statement{"SELECT u.id, u.email, u.name, u.password_hash FROM users u WHERE u.email = $1", {}};
  statement.params.add_text(email);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return no_such("account");
  co_return Account{user_from_row(*rows, 0), std::string(rows->text(0, 3))};
}

Awaitable<Result<Session>> find_session(PgRead read, Sha256 token, WallTime now) {
  PgStatement statement = select_session(token, now);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  auto session = selected_session(*rows);
  if (!session) co_return no_such("session");
  co_return std::move(*session);
}

Awaitable<Result<bool>> knows_address(PgRead read, UserId user, std::string address) {
  PgStatement statement{"SELECT EXISTS (SELECT FROM sessions WHERE user_id = $1 AND address = $2)", {}};
  statement.params.add(user.value).add_text(address);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  co_return rows->integer(0, 0) != 0;
}

/// Alive is who has renewed its lease lately; who only looks has no need to have seen it stand still.
Awaitable<Result<std::vector<WorkerShare>>> list_workers(PgRead read) {
  PgStatement statement{
      "SELECT p.name, count(t.n) FROM processes p LEFT JOIN partitions t ON t.owner = p.id WHERE p.is_worker"
      " AND NOT p.fenced AND p.seen_at > clock_timestamp() - interval '10 seconds' GROUP BY p.id ORDER BY p.name, p.id",
      {}};
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  std::vector<WorkerShare> workers;
  workers.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    workers.push_back({std::string(rows->text(row, 0)), static_cast<std::size_t>(rows->integer(row, 1))});
  co_return workers;
}

Awaitable<Result<std::vector<OrganizationRole>>> list_organizations(PgRead read, UserId user) {
  PgStatement statement{
      "SELECT o.id, o.name, m.role FROM memberships m JOIN organizations o ON o.id = m.organization_id"
      " WHERE m.user_id = $1 ORDER BY m.joined_ms, o.id LIMIT $2",
      {}};
  statement.params.add(user.value).add(std::int64_t{kOrganizationsOfUserMax});
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  std::vector<OrganizationRole> organizations;
  organizations.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row)
    organizations.push_back({OrganizationId{rows->integer(row, 0)}, std::string(rows->text(row, 1)),
                             static_cast<Role>(rows->integer(row, 2))});
  co_return organizations;
}

Awaitable<Result<Organization>> get_organization(PgRead read, OrganizationId id) {
  PgStatement statement{"SELECT id, name FROM organizations WHERE id = $1", {}};
  statement.params.add(id.value);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return no_such("organization");
  co_return Organization{OrganizationId{rows->integer(0, 0)}, std::string(rows->text(0, 1))};
}

Awaitable<Result<Page<Member>>> list_members(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect =
      std::string(kPgSelectMember) +
      " WHERE m.organization_id = $1 AND m.user_id < $2 ORDER BY m.user_id DESC LIMIT $3";
  return read_page<Member>(read, page_statement(kSelect, org, page), page.limit, member_from_row);
}

Awaitable<Result<Member>> get_member(PgRead read, OrganizationId org, UserId user) {
  PgStatement statement = select_member(org, user);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  auto member = selected_member(*rows);
  if (!member) co_return no_such("member");
  co_return std::move(*member);
}

Awaitable<Result<Page<Invitation>>> list_invitations(PgRead read, OrganizationId org, PageRequest page, WallTime now) {
  static const std::string kSelect =
      "SELECT id, organization_id, email, role, expires_ms FROM invitations WHERE organization_id = $1 AND id < $2"
      " AND email <> '' AND expires_ms > $4 ORDER BY id DESC LIMIT $3";
  PgStatement statement = page_statement(kSelect, org, page);
  statement.params.add(unix_ms(now));
  return read_page<Invitation>(read, std::move(statement), page.limit, invitation_from_row);
}

Awaitable<Result<Invitation>> find_invitation(PgRead read, Sha256 token, WallTime now) {
  PgStatement statement{
      "SELECT id, organization_id, email, role, expires_ms FROM invitations WHERE token = $1 AND expires_ms > $2", {}};
  statement.params.add_bytes(as_bytes(token)).add(unix_ms(now));
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  if (rows->empty()) co_return no_such("invitation");
  co_return invitation_from_row(*rows, 0, 0);
}

Awaitable<Result<Page<AuditRow>>> list_audit(PgRead read, OrganizationId org, PageRequest page) {
  static const std::string kSelect =
      "SELECT id, organization_id, actor, action, target, address FROM audit WHERE organization_id = $1 AND id < $2"
      " ORDER BY id DESC LIMIT $3";
  return read_page<AuditRow>(read, page_statement(kSelect, org, page), page.limit, audit_from_row);
}

Awaitable<Result<Settings>> read_settings(PgRead read) {
  PgStatement statement{"SELECT value FROM settings WHERE name = $1", {}};
  statement.params.add_text(kRetentionDaysSetting);
  auto rows = co_await read_rows(read, std::move(statement));
  if (!rows) co_return rows.error();
  Settings settings;
  if (!rows->empty()) settings.retention_days = static_cast<int>(rows->integer(0, 0));
  co_return settings;
}

}  // namespace postgres_queries
}  // namespace eventrelay
