// Organizations, who belongs to them as what, and the settings of the installation.
#include "storage/people_rules.h"
#include "storage/postgres_people.h"

namespace eventrelay {

std::size_t PeopleSession::read_role(OrganizationId organization, UserId user) {
  PgParams params;
  params.add(organization.value).add(user.value).add_int(static_cast<int>(Role::kOwner));
  return add(
      "SELECT m.role, EXISTS (SELECT FROM memberships o WHERE o.organization_id = $1 AND o.user_id <> $2"
      " AND o.role = $3) FROM memberships m WHERE m.organization_id = $1 AND m.user_id = $2",
      std::move(params));
}

void PeopleSession::join(OrganizationId organization, UserId user, Role role) {
  PgParams params;
  params.add(organization.value).add(user.value).add_int(static_cast<int>(role)).add(unix_ms(time()));
  add("INSERT INTO memberships (organization_id, user_id, role, joined_ms) VALUES ($1, $2, $3, $4)", std::move(params));
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const CreateOrganization& change) {
  begin();
  PgParams who;
  who.add(change.owner.value);
  const std::size_t exists = add("SELECT EXISTS (SELECT FROM users WHERE id = $1)", std::move(who));
  const std::size_t organizations = read_organizations(change.owner);
  const Rows rows = co_await run();
  if (rows[exists].integer(0, 0) == 0) co_return no_such("user");
  if (rows[organizations].integer(0, 0) >= std::int64_t{kOrganizationsOfUserMax}) co_return too_many_organizations();
  const OrganizationId id{next_id()};
  PgParams params;
  params.add(id.value).add_text(change.name);
  add("INSERT INTO organizations (id, name) VALUES ($1, $2)", std::move(params));
  join(id, change.owner, Role::kOwner);
  note_made(to_text(id), id);
  co_await commit();
  PeopleResult result;
  result.id = id.value;
  co_return result;
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const RenameOrganization& change) {
  begin();
  PgParams params;
  params.add(change.organization.value).add_text(change.name);
  const std::size_t renamed = add("UPDATE organizations SET name = $2 WHERE id = $1", std::move(params));
  const Rows rows = co_await run();
  if (rows[renamed].affected() == 0) co_return no_such("organization");
  co_await commit();
  co_return PeopleResult{};
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const SetRole& change) {
  begin();
  const std::size_t found = read_role(change.organization, change.user);
  const Rows rows = co_await run();
  const PgRows& row = rows[found];
  if (row.empty()) co_return no_such("member");
  if (auto fault = role_fault(change.by, static_cast<Role>(row.integer(0, 0)), change.role, row.integer(0, 1) != 0))
    co_return *std::move(fault);
  PgParams params;
  params.add(change.organization.value).add(change.user.value).add_int(static_cast<int>(change.role));
  add("UPDATE memberships SET role = $3 WHERE organization_id = $1 AND user_id = $2", std::move(params));
  const std::size_t left = add(select_member(change.organization, change.user));
  const Rows changed = co_await commit();
  PeopleResult result;
  result.member = selected_member(changed[left]);
  co_return result;
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const RemoveMember& change) {
  begin();
  const std::size_t found = read_role(change.organization, change.user);
  PgParams others;
  others.add(change.organization.value).add(change.user.value);
  const std::size_t next =
      add("SELECT organization_id FROM memberships WHERE user_id = $2 AND organization_id <> $1"
          " ORDER BY joined_ms, organization_id LIMIT 1",
          std::move(others));
  const Rows rows = co_await run();
  const PgRows& row = rows[found];
  if (row.empty()) co_return no_such("member");
  if (auto fault = role_fault(change.by, static_cast<Role>(row.integer(0, 0)), std::nullopt, row.integer(0, 1) != 0))
    co_return *std::move(fault);
  PgParams which;
  which.add(change.organization.value).add(change.user.value);
  add("DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2", which);
  add("DELETE FROM invitations WHERE organization_id = $1 AND email = (SELECT email FROM users WHERE id = $2)", which);
  if (rows[next].empty()) {
    PgParams user;
    user.add(change.user.value);
    add("DELETE FROM sessions WHERE user_id = $1", user);
    add("DELETE FROM users WHERE id = $1", std::move(user));
  } else {
    which.add(rows[next].integer(0, 0));
    add("UPDATE sessions SET organization_id = $3 WHERE organization_id = $1 AND user_id = $2", std::move(which));
  }
  co_await commit();
  co_return PeopleResult{};
}

// ---- Settings ----------------------------------------------------------------------------------------------------

Awaitable<Result<PeopleResult>> PeopleSession::apply(const UpdateSettings& change) {
  begin();
  PgParams params;
  params.add_text(kRetentionDaysSetting);
  if (const auto days = change.settings.retention_days) {
    params.add(std::int64_t{*days});
    add("INSERT INTO settings VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        std::move(params));
  } else {
    add("DELETE FROM settings WHERE name = $1", std::move(params));
  }
  co_await commit();
  co_return PeopleResult{};
}

}  // namespace eventrelay
